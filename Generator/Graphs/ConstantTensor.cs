namespace Cameo.Generator.Graphs;

/// <summary>
/// A tensor whose value is known when the model is built: small ones with their bytes, large ones as an expression over the model's weights
/// that the packing task evaluates, so that their bytes never enter the compiler.
/// </summary>
internal abstract record ConstantTensor(TensorType Type);

/// <summary>A constant with its elements at hand: dense, row-major, little-endian, <see cref="ElementTypes.Bytes"/> each.</summary>
internal sealed record InlineConstant(TensorType Type, byte[] Data) : ConstantTensor(Type)
{
    public long Count => Data.Length / Type.ElementType.Bytes();

    public bool Equals(InlineConstant? other) => other is not null && Type == other.Type && Data.AsSpan().SequenceEqual(other.Data);

    public override int GetHashCode() => Type.GetHashCode() ^ Data.Length;
}

/// <summary>A constant that lies among the model's weights.</summary>
internal sealed record WeightConstant(TensorType Type, WeightExpression Expression) : ConstantTensor(Type);

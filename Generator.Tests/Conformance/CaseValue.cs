using Cameo.Sessions;

namespace Cameo.Tests.Conformance;

/// <summary>A value as ONNX knows it.</summary>
internal abstract record CaseValue
{
    /// <summary>What an optional holds, itself for any other value; null for an empty optional.</summary>
    public virtual CaseValue? Content => this;
}

/// <summary>A tensor. Elements of less than a byte take a whole one; those of a string tensor stand apart.</summary>
internal sealed record TensorValue(ElementType ElementType, long[] Shape, byte[] Bytes, IReadOnlyList<byte[]>? Strings = null) : CaseValue
{
    public override string ToString() => $"{ElementType}[{string.Join(", ", Shape)}]";
}

/// <summary>A sequence of tensors.</summary>
internal sealed record SequenceValue(IReadOnlyList<CaseValue> Elements) : CaseValue
{
    public override string ToString() => $"a sequence of {Elements.Count}";
}

/// <summary>A value that may be absent.</summary>
internal sealed record OptionalValue(CaseValue? Value) : CaseValue
{
    public override CaseValue? Content => Value?.Content;

    public override string ToString() => Value is null ? "nothing" : $"optional {Value}";
}

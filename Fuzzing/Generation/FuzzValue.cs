using Cameo.Benchmarks.Peers;
using Cameo.Fuzzing.Models;
using Cameo.Sessions;

namespace Cameo.Fuzzing.Generation;

/// <summary>A value of a graph that is being made, with what it is in the first run.</summary>
internal sealed class FuzzValue(string name, OnnxRuntimeTensor tensor, bool isConstant)
{
    private double[]? _numbers;

    public string Name { get; } = name;

    public OnnxRuntimeTensor Tensor { get; } = tensor;

    public bool IsConstant { get; } = isConstant;

    public bool IsRead { get; set; }

    /// <summary>Whether nothing is to be made of it.</summary>
    public bool IsFinal { get; set; }

    public ElementType Type => (ElementType)Tensor.ElementType;

    public long[] Shape => Tensor.Shape;

    public int Rank => Shape.Length;

    public long Count => Elements.Count(Shape);

    public bool IsFloat => Elements.IsFloat(Type);

    public bool IsInteger => Elements.IsInteger(Type);

    public bool IsBoolean => Type == ElementType.Boolean;

    public double[] Numbers => _numbers ??= Elements.Numbers(Tensor);

    public double Low => Numbers.Length == 0 ? 0 : Numbers.Min();

    public double High => Numbers.Length == 0 ? 0 : Numbers.Max();

    public bool IsFinite => Numbers.All(double.IsFinite);
}

namespace Cameo.Generator.Graphs;

/// <summary>Element type and shape of a tensor value.</summary>
internal sealed record TensorType(ElementType ElementType, Shape Shape)
{
    public int Rank => Shape.Rank;

    public override string ToString() => $"{ElementType.OnnxName()}{Shape}";
}

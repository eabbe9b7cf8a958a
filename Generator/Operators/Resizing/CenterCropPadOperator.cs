using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>CenterCropPad: https://onnx.ai/onnx/operators/onnx__CenterCropPad.html. Every axis is cut or padded with zeros to a size that the second input gives, the same on both sides
/// (the end has one more where that is odd). Sizes may be elements of inputs of the run.</summary>
internal sealed class CenterCropPadOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new CenterCropPadOperator()];

    public override string Type => "CenterCropPad";

    public override IReadOnlyList<int> Versions => [18];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Movable.Require(node, 0);
        IReadOnlyList<Dimension> asked = context.RequiredElements(node, 1, "the shape");
        int[] axes = Axes(node);
        if (asked.Count != axes.Length || axes.Distinct().Count() != axes.Length)
        {
            throw new ModelException(node, $"there are {asked.Count} sizes for {axes.Length} axes");
        }

        Dimension[] sizes = [.. node.Input(0).Shape];
        for (int index = 0; index < axes.Length; index++)
        {
            sizes[axes[index]] = asked[index].Value < 0 ? throw new ModelException(node, $"the shape has the size {asked[index]}") : SymbolicMath.Maximum(asked[index], Dimension.Zero, context.Symbols);
        }

        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, new Shape(sizes)));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        Shape from = node.Input(0).Shape, to = node.Output.Shape;
        SymbolTable symbols = context.Graph.Symbols;
        Dimension[] starts = [.. from.Select((size, axis) => Half(size - to[axis], symbols))];
        Dimension[] ends = [.. from.Select((size, axis) => starts[axis] + SymbolicMath.Minimum(size, to[axis], symbols))];
        Dimension[] before = [.. from.Select((size, axis) => Half(to[axis] - size, symbols))];
        Dimension[] after = [.. from.Select((size, axis) => SymbolicMath.Maximum(to[axis] - size, Dimension.Zero, symbols) - before[axis])];
        Value part = context.Add("Slice", node.Input(0), context.Sizes(starts), context.Sizes(ends));
        context.Replace(node.Output, context.Add("Pad", part, context.Sizes([.. before, .. after])));
        return true;
    }

    /// <summary>The smaller half of what there is too much, else 0.</summary>
    private static Dimension Half(Dimension excess, SymbolTable symbols) => Dimension.FloorDivide(SymbolicMath.Maximum(excess, Dimension.Zero, symbols), 2);

    private static int[] Axes(Node node)
    {
        int rank = node.Input(0).Shape.Rank;
        return node.IntegersAttribute("axes") is { } axes ? [.. axes.Select(axis => ShapeMath.Axis(node, axis, rank))] : [.. Enumerable.Range(0, rank)];
    }
}

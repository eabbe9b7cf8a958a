using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// DepthToSpace, SpaceToDepth: https://onnx.ai/onnx/operators/onnx__DepthToSpace.html. Blocks of pixels become channels and back: a reshape, a transpose and a reshape. Modes DCR and
/// CRD of DepthToSpace from version 11 on.
/// </summary>
internal sealed class DepthOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new DepthOperators("DepthToSpace"), new DepthOperators("SpaceToDepth")];

    private DepthOperators(string type) => Type = type;

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [1, 11, 13];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Movable.Require(node, 0);
        Shape from = node.Input(0).Shape;
        long block = node.IntegerAttribute("blocksize", 0);
        if (from.Rank != 4 || block < 1)
        {
            throw new ModelException(node, $"blocks of {block} of {from}: expected are 4 axes and blocks of at least 1");
        }

        (Dimension channels, Dimension height, Dimension width) = Type == "DepthToSpace"
            ? (Divide(node, from[1], block * block), from[2] * block, from[3] * block)
            : (from[1] * (block * block), Divide(node, from[2], block), Divide(node, from[3], block));
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, new Shape([from[0], channels, height, width])));
        _ = Mode(node);
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        Value x = node.Input(0);
        Shape from = x.Shape;
        Shape to = node.Output.Shape;
        Dimension block = node.IntegerAttribute("blocksize", 1);
        var formula = new Formula(context);
        (Dimension[] split, int[] order) = Type == "SpaceToDepth" ? ([from[0], from[1], to[2], block, to[3], block], [0, 3, 5, 1, 2, 4])
            : Mode(node) == "DCR" ? (new[] { from[0], block, block, to[1], from[2], from[3] }, new[] { 0, 3, 4, 1, 5, 2 })
            : ([from[0], to[1], block, block, from[2], from[3]], [0, 1, 4, 2, 5, 3]);
        Value parts = formula.Transpose(context.Reshape(x, split), order);
        context.Replace(node.Output, context.Reshape(parts, [.. to]));
        return true;
    }

    private static string Mode(Node node) => node.StringAttribute("mode", "DCR") is "DCR" or "CRD" ? node.StringAttribute("mode", "DCR")
        : throw new ModelException(node, $"attribute 'mode' is '{node.StringAttribute("mode", "")}'");

    private static Dimension Divide(Node node, Dimension size, long by) =>
        size.Value is { } known && known % by != 0 ? throw new ModelException(node, $"{size} does not divide into blocks of {by}") : Dimension.FloorDivide(size, by);
}

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// OneHot and EyeLike: https://onnx.ai/onnx/operators/onnx__OneHot.html, https://onnx.ai/onnx/operators/onnx__EyeLike.html. Comparisons of positions, which fuse with their neighbours.
/// OneHot's indices are integers, or floating-point numbers that are integral; negative ones count from the end and those out of range are nowhere hot.
/// </summary>
internal sealed class OneHotOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new OneHotOperators("OneHot", [9, 11]), new OneHotOperators("EyeLike", [9, 22])];

    private OneHotOperators(string type, int[] versions)
    {
        Type = type;
        Versions = versions;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    public override void Infer(Node node, InferenceContext context)
    {
        Value x = node.Input(0);
        if (Type == "EyeLike")
        {
            var type = (ElementType)node.IntegerAttribute("dtype", (long)x.ElementType);
            context.SetType(node.Output, x.Shape.Rank == 2 ? new TensorType(type, x.Shape) : throw new ModelException(node, $"{x.Type} is no matrix"));
            return;
        }

        ElementTypeSet.Numeric.Require(node, 0);
        Dimension depth = DataDepth(node, context) ?? (context.RequiredElements(node, 1, "the depth") is [var element] ? element : throw new ModelException(node, $"the depth is {node.Input(1).Type} and not one number"));
        context.RequireSizes(node, [depth]);
        List<Dimension> sizes = [.. x.Shape];
        sizes.Insert(Axis(node), depth);
        context.SetType(node.Output, node.Input(2).Shape is { Rank: 1 } values && values[0].Value == 2
            ? new TensorType(node.Input(2).ElementType, new Shape(sizes))
            : throw new ModelException(node, $"the values are {node.Input(2).Type} and not two"));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        if (Type == "EyeLike")
        {
            Value columns = Positions(context, node.Output.Shape[1]);
            Value rows = context.Add("Unsqueeze", Positions(context, node.Output.Shape[0]), context.Integers(1));
            Value diagonal = context.Add("Equal", context.Add("Sub", columns, rows), context.Literal(node.IntegerAttribute("k", 0), ElementType.Int64));
            context.Replace(node.Output, formula.Cast(diagonal, node.Output.ElementType));
            return true;
        }

        int axis = Axis(node);
        Dimension depth = node.Output.Shape[axis];
        if (DataSizes.Find(node, "depth") is { } told && depth.AsSymbol() == told)
        {
            // From here on it is this node that tells the depth.
            (string, object)[] sizes = [.. node.Attributes.Values.Where(attribute => attribute.Name.StartsWith(DataSizes.Prefix, StringComparison.Ordinal)).Select(attribute => (attribute.Name, attribute.Value))];
            context.Add("cameo.AsSizes", sizes, formula.Cast(node.Input(1), ElementType.Int64));
        }

        Value indices = formula.Cast(node.Input(0), ElementType.Int64);
        Value negative = context.Add("Less", indices, context.Literal(0, ElementType.Int64));
        Value places = context.Add("Unsqueeze", formula.Where(negative, context.Add("Add", indices, context.Sizes([depth])), indices), context.Integers(axis));
        Value positions = Positions(context, depth);
        int behind = node.Output.Shape.Rank - 1 - axis;
        if (behind > 0)
        {
            positions = context.Add("Unsqueeze", positions, context.Integers([.. Enumerable.Range(1, behind).Select(index => (long)index)]));
        }

        Value off = context.Add("Gather", node.Input(2), context.Literal(0, ElementType.Int64));
        Value on = context.Add("Gather", node.Input(2), context.Literal(1, ElementType.Int64));
        context.Replace(node.Output, formula.Where(context.Add("Equal", places, positions), on, off));
        return true;
    }

    /// <summary>The depth where it is another number than an integer, which a kernel reads.</summary>
    private static Dimension? DataDepth(Node node, InferenceContext context)
    {
        Value depth = node.Input(1);
        if (depth.ElementType is ElementType.Int32 or ElementType.Int64 || depth.Shape.ElementCount.Value != 1)
        {
            return null;
        }

        ElementTypeSet.Numeric.Require(node, 1);
        return ConstantElements.TryReadScalar(depth.Constant) is { } known ? Dimension.Of((long)known) : context.DataSize(node, "depth");
    }

    private static int Axis(Node node) => ShapeMath.Axis(node, node.IntegerAttribute("axis", -1), node.Input(0).Shape.Rank + 1);

    private static Value Positions(ExpansionContext context, Dimension count) =>
        context.Add("Range", context.Literal(0, ElementType.Int64), context.Add("Squeeze", context.Sizes([count])), context.Literal(1, ElementType.Int64));
}

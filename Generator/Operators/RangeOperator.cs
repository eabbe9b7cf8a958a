using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Range: https://onnx.ai/onnx/operators/onnx__Range.html. Start, limit and delta must be known at build time: integers as expressions over the model's
/// dimensions (delta a number), floating-point numbers as constants.
/// </summary>
internal sealed class RangeOperator : Operator
{
    /// <summary>Longer ranges are computed when the model runs, so that generated code stays small.</summary>
    private const int MaximumKnownElements = 1024;

    public static readonly IReadOnlyList<Operator> All = [new RangeOperator()];

    public override string Type => "Range";

    public override IReadOnlyList<int> Versions => [11, 27];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Numeric.Require(node, 0);
        ElementTypeSet.RequireEqual(node, 0, 1);
        ElementTypeSet.RequireEqual(node, 0, 2);
        if (node.Input(0).ElementType.IsFloat())
        {
            InferFloats(node, context);
            return;
        }

        Dimension start = Single(node, 0, "start", context);
        Dimension limit = Single(node, 1, "limit", context);
        long delta = Single(node, 2, "delta", context).Value ?? throw ModelException.Unsupported(node, "delta depends on the model's dimensions");
        if (delta == 0)
        {
            throw new ModelException(node, "delta is 0");
        }

        Dimension distance = delta > 0 ? limit - start : start - limit;
        Dimension count = SymbolicMath.Maximum(Dimension.CeilingDivide(distance, Math.Abs(delta)), Dimension.Zero, context.Symbols);
        var type = new TensorType(node.Input(0).ElementType, new Shape([count]));
        if (count.Value is <= MaximumKnownElements)
        {
            context.SetElements(node.Output, type, [.. Enumerable.Range(0, (int)count.Constant).Select(index => start + index * delta)]);
        }
        else
        {
            context.SetType(node.Output, type);
        }
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View output = context.Write(node.Output);
        string type = KernelText.TypeName(node, node.Output.ElementType);
        context.Add(new Kernel("range", node, [], [output], writer =>
        {
            string start = node.Output.ElementType.IsFloat() ? KernelText.Number(ReadConstant(node, 0), node.Output.ElementType) : writer.Size(node.Input(0).Elements![0]);
            string delta = node.Output.ElementType.IsFloat() ? KernelText.Number(ReadConstant(node, 2), node.Output.ElementType) : writer.Size(node.Input(2).Elements![0]);
            writer.Line($"Ranges.Fill(({type}*)({writer.Pointer(output)}), ({type})({start}), ({type})({delta}), {writer.Size(node.Output.Shape[0])});");
        }));
    }

    private static void InferFloats(Node node, InferenceContext context)
    {
        double start = ReadConstant(node, 0);
        double limit = ReadConstant(node, 1);
        double delta = ReadConstant(node, 2);
        double count = Math.Max(0, Math.Ceiling((limit - start) / delta));
        if (delta == 0 || double.IsNaN(count) || count > int.MaxValue)
        {
            throw new ModelException(node, $"a range from {start} to {limit} by {delta} has no length");
        }

        var type = new TensorType(node.Input(0).ElementType, Shape.Of((long)count));
        if (count <= MaximumKnownElements)
        {
            context.SetConstant(node.Output, Folding.FromElements([.. Enumerable.Range(0, (int)count).Select(index => ElementEvaluator.Round(type.ElementType, start + index * delta, 0))], type));
        }
        else
        {
            context.SetType(node.Output, type);
        }
    }

    private static double ReadConstant(Node node, int input) => ConstantElements.TryReadScalar(node.Input(input).Constant)
        ?? throw ModelException.Unsupported(node, $"the bounds of a range of floating-point numbers must be constants; input {input} ('{node.Input(input).Name}') is not");

    private static Dimension Single(Node node, int input, string what, InferenceContext context) =>
        context.RequiredElements(node, input, what) is [var element] ? element : throw new ModelException(node, $"{what} must be a scalar");
}

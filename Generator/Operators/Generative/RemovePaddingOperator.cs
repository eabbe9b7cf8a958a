using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// RemovePadding of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.RemovePadding. The inverse of RestorePadding: of an input [rows, positions,
/// size] the tokens of each row before its padding, one after the other; the places of all tokens, those of padding behind the others; cumulative counts; the largest count. How many tokens there are
/// is a size of the run. float32, float16, bfloat16.
/// </summary>
internal sealed class RemovePaddingOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new RemovePaddingOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "RemovePadding";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        Value x = node.Input(0), counts = node.Input(1);
        if (x.ElementType is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16) || x.Shape.Rank != 3)
        {
            throw new ModelException(node, $"an input {x.Type}; needed are float32 or 16-bit numbers [rows, positions, size]");
        }

        if (counts.ElementType != ElementType.Int32 || counts.Shape.Rank != 1 || (counts.Shape[0] - x.Shape[0]).Value is not (null or 0))
        {
            throw new ModelException(node, $"counts of tokens {counts.Type} must be int32 [{x.Shape[0]}]");
        }

        Dimension tokens = context.DataSize(node, "tokens", x.Shape[0] * x.Shape[1]);
        context.SetType(node.Output, new TensorType(x.ElementType, new Shape([tokens, x.Shape[2]])));
        Shape[] others = [new([x.Shape[0], x.Shape[1]]), new([x.Shape[0] + 1]), Shape.Of(1)];
        for (int output = 1; output < node.Outputs.Count; output++)
        {
            if (node.Outputs[output] is { } value)
            {
                context.SetType(value, new TensorType(ElementType.Int32, others[output - 1]));
            }
        }
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View input = context.ReadContiguous(node.Input(0));
        View counts = context.ReadContiguous(node.Input(1));
        (Dimension rows, Dimension positions, Dimension size) = (input.Shape[0], input.Shape[1], input.Shape[2]);
        context.Add(new Kernel("count", node, [counts], [], writer => writer.SetSize(
            DataSizes.Of(node, "tokens"), $"TokenPadding.Count({writer.Pointer(counts)}, {writer.Size(rows)}, {writer.Size(positions)}, {KernelText.Name(node)})"))
        {
            Sizes = DataSizes.Names(node),
        });
        View output = context.Write(node.Output);
        View?[] others = [.. Enumerable.Range(1, 3).Select(index => node.OptionalOutput(index) is { } value ? context.Write(value) : null)];
        context.Add(new Kernel("remove padding", node, [counts, input], [output, .. others.OfType<View>()], writer =>
        {
            string Optional(View? view) => view is null ? "null" : writer.Pointer(view);
            writer.Line($"TokenPadding.Remove({KernelText.Bytes(writer, input)}, {writer.Pointer(counts)}, {writer.Size(rows)}, {writer.Size(positions)}, {writer.Size(size * input.ElementType.Bytes())}, "
                + $"{KernelText.Bytes(writer, output)}, {Optional(others[0])}, {Optional(others[1])}, {Optional(others[2])});");
        })
        {
            Summary = $"tokens of {input.Shape} without padding",
        });
    }
}

using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// StringSplit: https://onnx.ai/onnx/operators/onnx__StringSplit.html (version 20). Splits strings at a delimiter, or at white space where it is empty, at most <c>maxsplit</c> times; a last
/// axis as long as the most pieces of a string holds them, padded with empty strings.
/// </summary>
internal sealed class StringSplitOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new StringSplitOperator()];

    public override string Type => "StringSplit";

    public override IReadOnlyList<int> Versions => [20];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Texts.Require(node, 0);
        Shape shape = node.Input(0).Shape;
        Dimension? largest = Splits(node) is var splits and < long.MaxValue ? splits + 1 : null;
        Dimension pieces = context.DataSize(node, "pieces", largest);
        if (node.Outputs[0] is { } output)
        {
            context.SetType(output, new TensorType(ElementType.String, new Shape([.. shape, pieces])));
        }

        if (node.Outputs.Count > 1 && node.Outputs[1] is { } lengths)
        {
            context.SetType(lengths, new TensorType(ElementType.Int64, shape));
        }
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        View lengths = node.Outputs.Count > 1 && node.Outputs[1] is { } counts ? context.Write(counts) : context.Scratch(node, ElementType.Int64, from.Shape);
        string splits = KernelText.Integer(Splits(node));
        TextHelpers.AddSplitting(node, context, from, lengths, DataSizes.Of(node, "pieces"),
            writer => $"TextSplitting.Run(Texts, {writer.Pointer(from)}, {writer.Size(from.Shape.ElementCount)}, {CSharpText.Literal(node.StringAttribute("delimiter", ""))}, {splits}, {writer.Pointer(lengths)})",
            "0, -1, -1");
    }

    private static long Splits(Node node) => node.IntegerAttribute("maxsplit", -1) is >= 0 and var splits ? splits : long.MaxValue;
}

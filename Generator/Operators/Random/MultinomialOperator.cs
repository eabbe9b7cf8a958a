using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Multinomial: https://onnx.ai/onnx/operators/onnx__Multinomial.html. Draws <c>sample_size</c> classes, with replacement, by unnormalised logarithmic probabilities [batch, classes]; int32
/// (the default) or int64 results.
/// </summary>
internal sealed class MultinomialOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new MultinomialOperator()];

    public override string Type => "Multinomial";

    public override IReadOnlyList<int> Versions => [7, 22];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        Shape shape = node.Input(0).Shape;
        long samples = node.IntegerAttribute("sample_size", 1);
        var type = (ElementType)node.IntegerAttribute("dtype", (long)ElementType.Int32);
        if (shape.Rank != 2 || samples < 1 || type is not (ElementType.Int32 or ElementType.Int64))
        {
            throw new ModelException(node, $"{samples} samples of {node.Input(0).Type} as {type.OnnxName()}: the input must be [batch, classes], the result int32 or int64");
        }

        context.SetType(node.Output, new TensorType(type, new Shape([shape[0], samples])));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        if (SearchText.Widen(node.Input(0), context) is not { } wide)
        {
            return false;
        }

        context.Replace(node.Output, context.AddCopy(node, wide).Output);
        return true;
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        View to = context.Write(node.Output);
        string seed = RandomOperator.KeyText(node);
        context.Add(new Kernel("random", node, [from], [to], writer => writer.Line(
            $"RandomNumbers.Multinomial(Workers, {writer.Pointer(from)}, {writer.Size(from.Shape[0])}, {writer.Size(from.Shape[1])}, {writer.Size(to.Shape[1])}, {seed}, {writer.Pointer(to)}, {KernelText.Name(node)});"))
        {
            // What is drawn anew in every run must not be computed once at load.
            UpdatesState = !node.HasAttribute("seed"),
            Summary = $"{to.Shape[1]} of {from.Shape}",
        });
    }
}

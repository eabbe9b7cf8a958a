using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>StringConcat: https://onnx.ai/onnx/operators/onnx__StringConcat.html (version 20). Joins the elements of two tensors of strings, which are broadcast.</summary>
internal sealed class StringConcatOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new StringConcatOperator()];

    public override string Type => "StringConcat";

    public override IReadOnlyList<int> Versions => [20];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Texts.Require(node, 0);
        ElementTypeSet.Texts.Require(node, 1);
        context.SetType(node.Output, new TensorType(ElementType.String, ShapeMath.Broadcast(node, node.Input(0).Shape, node.Input(1).Shape, context)));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View left = context.Read(node.Input(0)).Broadcast(node.Output.Shape);
        View right = context.Read(node.Input(1)).Broadcast(node.Output.Shape);
        View to = context.Write(node.Output);
        context.Add(new Kernel("text", node, [left, right], [to], writer => writer.Line(
            $"TextConcatenation.Run(Texts, {KernelText.Sizes(writer, to.Shape)}, {writer.Pointer(left)}, {KernelText.Sizes(writer, left.Strides)}, " +
            $"{writer.Pointer(right)}, {KernelText.Sizes(writer, right.Strides)}, {writer.Pointer(to)});"))
        {
            NeedsSession = true,
        });
    }
}

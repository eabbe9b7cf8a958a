using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>BitCast: https://onnx.ai/onnx/operators/onnx__BitCast.html. The same bits as elements of another type of the same size.</summary>
internal sealed class BitCastOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new BitCastOperator()];

    public override string Type => "BitCast";

    public override IReadOnlyList<int> Versions => [26];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Movable.Require(node, 0);
        var target = (ElementType)node.IntegerAttribute("to", 0);
        ElementType source = node.Input(0).ElementType;
        if (!Enum.IsDefined(typeof(ElementType), target) || target.Bits() != source.Bits() || (target == ElementType.String) != (source == ElementType.String))
        {
            throw new ModelException(node, $"elements of type {source.OnnxName()} have {source.Bits()} bits and cannot become type {(int)target} bit by bit");
        }

        context.SetType(node.Output, new TensorType(target, node.Input(0).Shape));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        View to = context.Write(node.Output);
        Dimension bytes = Dimension.CeilingDivide(node.Output.Shape.ElementCount * node.Output.ElementType.Bits(), 8);
        context.Add(new Kernel("copy", node, [from], [to], writer =>
            writer.Line($"System.Buffer.MemoryCopy({writer.Pointer(from)}, {writer.Pointer(to)}, {writer.Size(bytes)}, {writer.Size(bytes)});")));
    }
}

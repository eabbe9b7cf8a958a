using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// com.microsoft's MurmurHash3: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MurmurHash3. The 32-bit hash of the bytes of each
/// element, of a string's UTF-8: uint32, or int32 where <c>positive</c> is 0.
/// </summary>
internal sealed class MurmurHash3Operator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new MurmurHash3Operator()];

    private static readonly ElementTypeSet Types = new("32- and 64-bit numbers or strings", type =>
        type is ElementType.Int32 or ElementType.UInt32 or ElementType.Int64 or ElementType.UInt64 or ElementType.Float32 or ElementType.Float64 or ElementType.String);

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "MurmurHash3";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        Types.Require(node, 0);
        context.SetType(node.Output, new TensorType(node.IntegerAttribute("positive", 1) != 0 ? ElementType.UInt32 : ElementType.Int32, node.Input(0).Shape));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        View to = context.Write(node.Output);
        uint seed = unchecked((uint)node.IntegerAttribute("seed", 0));
        bool isText = from.ElementType == ElementType.String;
        context.Add(new Kernel("hash", node, [from], [to], writer =>
        {
            string count = writer.Size(from.Shape.ElementCount);
            string input = isText ? $"Texts(Texts, {writer.Pointer(from)}, {count}" : $"Elements({KernelText.Bytes(writer, from)}, {count}, {from.ElementType.Bytes()}";
            writer.Line($"MurmurHash.{input}, {seed}U, (uint*)({writer.Pointer(to)}));");
        })
        {
            NeedsSession = isText,
        });
    }
}

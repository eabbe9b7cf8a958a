using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Operators of com.microsoft that are known and cannot be compiled, each with its reason: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md.
/// </summary>
internal sealed class RefusedContribOperators(string type, string reason) : Operator
{
    private const string ForeignBinary = "the node holds a binary for another runtime's device, of which nothing says what it computes; compile the model that it was made from";
    private const string BlockFormat = "nothing specifies how bytes of block floating point lie, and ONNX Runtime has no kernel that would show it";

    public static readonly IReadOnlyList<Operator> All =
    [
        new RefusedContribOperators("EPContext", ForeignBinary),
        new RefusedContribOperators("Snpe", ForeignBinary),
        new RefusedContribOperators("QuantizeBFP", BlockFormat),
        new RefusedContribOperators("DequantizeBFP", BlockFormat),
        new RefusedContribOperators("QOrderedAttention", "it rounds scores and weights to int8 between the steps as its GPU kernels do, which nothing specifies; dequantise the weights and use Attention"),
        new RefusedContribOperators("QOrderedLongformerAttention", "attention on int8 in layouts of GPU matrix libraries; dequantise the weights and use LongformerAttention"),
    ];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => type;

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context) => throw ModelException.Unsupported(node, reason);
}

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// QAttention and QEmbedLayerNormalization of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. They are Attention and
/// EmbedLayerNormalization of the same domain on 8-bit integers with scales and zero points, and become them on DequantizeLinear.
/// </summary>
internal sealed class QuantizedContribOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new QuantizedContribOperators("QAttention"), new QuantizedContribOperators("QEmbedLayerNormalization")];

    private QuantizedContribOperators(string type)
    {
        Type = type;
    }

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [1];

    private bool IsAttention => Type == "QAttention";

    public override void Infer(Node node, InferenceContext context)
    {
        if (!IsAttention)
        {
            EmbedLayerNormalizationOperator.InferOutputs(node, node.Input(8).ElementType, context);
            return;
        }

        Shape input = node.Input(0).Shape;
        long heads = node.IntegerAttribute("num_heads", 0);
        if (input.Rank != 3 || node.Input(1).Shape.Rank != 2 || node.Input(1).Shape[1].Value is not { } all || heads <= 0 || all % (3 * heads) != 0)
        {
            throw new ModelException(node, $"an input of shape {input} and weights of shape {node.Input(1).Shape} do not fit {heads} heads of queries, keys and values");
        }

        ElementType type = node.Input(3).ElementType;
        context.SetType(node.Output, new TensorType(type, new Shape([input[0], input[1], all / 3])));
        if (node.OptionalOutput(1) is { } present)
        {
            Dimension past = node.OptionalInput(8)?.Shape[3] ?? Dimension.Zero;
            context.SetType(present, new TensorType(type, new Shape([2, input[0], heads, past + input[1], all / 3 / heads])));
        }
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        Value?[] inputs = IsAttention
            ? [Dequantized(node, 0, 3, 6, context), Dequantized(node, 1, 4, 7, context), node.OptionalInput(2), node.OptionalInput(5), node.OptionalInput(8)]
            : [
                node.Input(0), node.OptionalInput(1),
                .. Enumerable.Range(2, 5).Select(table => node.OptionalInput(table) is null ? null : Dequantized(node, table, table + 6, table + 11, context)),
                node.OptionalInput(7),
            ];
        string type = $"{Domain}.{(IsAttention ? "Attention" : "EmbedLayerNormalization")}";
        context.AddWithOutputs(type, [.. node.Attributes.Values.Select(attribute => (attribute.Name, attribute.Value))], inputs, node.OptionalOutput(1) is null ? 1 : 2, out Node wide);
        for (int output = 0; output < wide.Outputs.Count; output++)
        {
            context.Replace(node.OptionalOutput(output), wide.Outputs[output]!);
        }

        return true;
    }

    /// <summary>An input with its scale and zero point, which are one number, or one a column.</summary>
    private static Value Dequantized(Node node, int input, int scale, int zeroPoint, ExpansionContext context)
    {
        Value value = node.Input(input);
        bool isScalar = node.Input(scale).Shape.ElementCount.Value == 1;
        return context.Add(
            "DequantizeLinear",
            isScalar ? [] : [("axis", (long)(value.Shape.Rank - 1))],
            value, Parameter(node.Input(scale)), node.OptionalInput(zeroPoint) is { } zero ? Parameter(zero) : null);

        Value Parameter(Value parameter) => isScalar && parameter.Shape.Rank > 0 ? context.Add("Reshape", parameter, context.Integers()) : parameter;
    }
}

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// FusedConv (a convolution, plus Z where there is one, then an activation) and FusedGemm (a Gemm, then an activation) of com.microsoft, which ONNX Runtime's optimiser writes:
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. They become what they were made of, and fuse again.
/// </summary>
internal sealed class FusedContractionOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new FusedContractionOperators("FusedConv"), new FusedContractionOperators("FusedGemm")];

    private static readonly string[] Own = ["activation", "activation_params", "activation_alpha", "activation_beta", "activation_gamma"];

    private FusedContractionOperators(string type) => Type = type;

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        FusedActivation.Require(node);
        ElementTypeSet.Floating.Require(node, 0);
        ElementTypeSet.RequireEqual(node, 0, 1);
        Shape shape = Type == "FusedConv"
            ? ConvOperator.ResultShape(node, node.Input(0).Shape, node.Input(1).Shape, context)
            : GemmOperator.ResultShape(node, context);
        if (Type == "FusedConv" && node.OptionalInput(3) is { } sum && !ShapeMath.BroadcastsTo(node, sum.Shape, shape, context))
        {
            throw new ModelException(node, $"Z of shape {sum.Shape} does not broadcast to {shape}");
        }

        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, shape));
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        (string, object)[] attributes = [.. node.Attributes.Values.Where(attribute => !Own.Contains(attribute.Name)).Select(attribute => (attribute.Name, attribute.Value))];
        Value result = context.Add(Type.Substring("Fused".Length), attributes, [.. node.Inputs.Take(3)]);
        if (node.OptionalInput(3) is { } sum)
        {
            result = context.Add("Add", result, sum);
        }

        float?[] parameters = node.FloatsAttribute("activation_params") is { } list
            ? [.. list.Select(value => (float?)value)]
            : [Optional(node, "activation_alpha"), Optional(node, "activation_beta"), Optional(node, "activation_gamma")];
        context.Replace(node.Output, FusedActivation.Apply(node, context, result, parameters));
        return true;
    }

    private static float? Optional(Node node, string name) => node.HasAttribute(name) ? node.FloatAttribute(name, 0) : null;
}

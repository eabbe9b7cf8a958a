using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Operators that are another name for one of ONNX's own in one of its versions: of com.microsoft Trilu, ExpandDims (Unsqueeze), Pad, GatherND, GridSample, SampleOp (Identity)
/// (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md), and DynamicSlice, an experimental operator of ONNX 1.0 (Slice of opset 10).
/// </summary>
internal sealed class AliasOperator(string domain, string type, string standardType, int standardVersion) : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new AliasOperator(PointwiseFunction.MicrosoftDomain, "Trilu", "Trilu", 14),
        new AliasOperator(PointwiseFunction.MicrosoftDomain, "ExpandDims", "Unsqueeze", 13),
        new AliasOperator(PointwiseFunction.MicrosoftDomain, "Pad", "Pad", 19),
        new AliasOperator(PointwiseFunction.MicrosoftDomain, "GatherND", "GatherND", 12),
        new AliasOperator(PointwiseFunction.MicrosoftDomain, "GridSample", "GridSample", 16),
        new AliasOperator(PointwiseFunction.MicrosoftDomain, "SampleOp", "Identity", 13),
        new AliasOperator("", "DynamicSlice", "Slice", 10),
    ];

    public override string Domain => domain;

    public override string Type => type;

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        // Messages name the operator that the model has, too.
        var standard = new Node($"{node.Name} ({node.OperatorName})", "", standardType, standardVersion);
        try
        {
            foreach (Value? input in node.Inputs)
            {
                standard.AddInput(input);
            }

            foreach (AttributeValue attribute in node.Attributes.Values)
            {
                standard.SetAttribute(attribute.Name, attribute.Value);
            }

            var result = new Value(node.Output.Name);
            standard.AddOutput(result);
            OperatorRegistry.Find(standard)!.Infer(standard, context);
            node.Output.Type = result.Type;
            node.Output.Constant = result.Constant;
            node.Output.Elements = result.Elements;
        }
        finally
        {
            standard.Detach();
        }
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        context.Replace(node.Output, context.AddAs(standardType, standardVersion, node).Output);
        return true;
    }
}

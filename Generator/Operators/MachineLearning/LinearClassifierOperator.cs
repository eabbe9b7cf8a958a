using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// LinearClassifier: https://onnx.ai/onnx/operators/onnx_aionnxml_LinearClassifier.html (version 1): a matrix product, the label of the largest sum, and a transform. One sum decides between
/// two classes (or 0 and 1 where the model has no labels); its scores are 1 - s and s, or the logistic of -s and s.
/// </summary>
internal sealed class LinearClassifierOperator : MachineLearningOperator
{
    public override string Type => "LinearClassifier";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        RequireRows(node);
        _ = Transform(node);
        ClassLabels labels = ClassLabels.Read(node, "classlabels_ints", isRequired: false);
        float[] coefficients = node.FloatsAttribute("coefficients") ?? [];
        long sums = Sums(node, labels);
        if (sums < 1 || sums > MaximumScores || coefficients.Length == 0 || coefficients.Length % sums != 0)
        {
            throw new ModelException(node, $"{coefficients.Length} coefficients are not those of {sums} classes");
        }

        if (sums == 1 ? labels.Count is not (0 or 2) : labels.Count != sums)
        {
            throw new ModelException(node, $"there are {labels.Count} class labels for {sums} intercepts");
        }

        RequireFeatures(node, context, coefficients.Length / sums);
        Dimension rows = Rows(node.Input(0).Shape);
        if (node.OptionalOutput(0) is { } chosen)
        {
            context.SetType(chosen, new TensorType(labels.ElementType, new Shape([rows])));
        }

        if (node.OptionalOutput(1) is { } scores)
        {
            context.SetType(scores, new TensorType(ElementType.Float32, new Shape([rows, sums == 1 && labels.Count == 2 ? 2 : sums])));
        }
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        ClassLabels labels = ClassLabels.Read(node, "classlabels_ints", isRequired: false);
        long sums = Sums(node, labels);
        Value scores = LinearModelOperators.Product(node, context, node.FloatsAttribute("coefficients")!, sums, node.FloatsAttribute("intercepts"));
        (string, object)[] attributes =
        [
            ("post_transform", node.StringAttribute("post_transform", "NONE")),
            .. labels.ToAttributes("classlabels_ints"),
        ];
        context.AddWithOutputs("cameo.LinearClasses", attributes, [scores], 2, out Node added);
        context.Replace(node.OptionalOutput(0), added.Outputs[0]!);
        context.Replace(node.OptionalOutput(1), added.Outputs[1]!);
        return true;
    }

    /// <summary>How many sums a row has: one an intercept, or where there are none one a class.</summary>
    private static long Sums(Node node, ClassLabels labels) => node.FloatsAttribute("intercepts") is { Length: > 0 } intercepts ? intercepts.Length
        : Features(node.Input(0).Shape).Value is { } features and > 0 ? (node.FloatsAttribute("coefficients")?.Length ?? 0) / features
        : Math.Max(labels.Count, 1);
}

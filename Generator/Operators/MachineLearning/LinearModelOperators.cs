using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// LinearRegressor: https://onnx.ai/onnx/operators/onnx_aionnxml_LinearRegressor.html (version 1): a matrix product, and a transform of the results. Coefficients of targets follow each
/// other. float32 results, whatever the input. One target alone is transformed by PROBIT only, as ONNX Runtime has it.
/// </summary>
internal sealed class LinearModelOperators : MachineLearningOperator
{
    public static readonly IReadOnlyList<Operator> All = [new LinearModelOperators(), new LinearClassifierOperator(), new LinearScoresOperator("LinearScores"), new LinearScoresOperator("LinearClasses")];

    private LinearModelOperators()
    {
    }

    public override string Type => "LinearRegressor";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        RequireRows(node);
        _ = Transform(node);
        long targets = node.IntegerAttribute("targets", 1);
        float[] coefficients = node.FloatsAttribute("coefficients") ?? [];
        int intercepts = node.FloatsAttribute("intercepts")?.Length ?? 0;
        if (targets < 1 || targets > MaximumScores || coefficients.Length == 0 || coefficients.Length % targets != 0)
        {
            throw new ModelException(node, $"{coefficients.Length} coefficients are not those of {targets} targets");
        }

        if (intercepts != 0 && intercepts != targets)
        {
            throw new ModelException(node, $"there are {intercepts} intercepts for {targets} targets");
        }

        RequireFeatures(node, context, coefficients.Length / targets);
        context.SetType(node.Output, new TensorType(ElementType.Float32, new Shape([Rows(node.Input(0).Shape), targets])));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        float[] coefficients = node.FloatsAttribute("coefficients")!;
        long targets = node.Output.Shape[1].Constant;
        Value scores = Product(node, context, coefficients, targets, node.FloatsAttribute("intercepts"));
        string transform = Transform(node);
        bool transformed = targets > 1 ? transform != "ScoreTransform.None" : transform == "ScoreTransform.Probit";
        context.Replace(node.Output, transformed
            ? context.Add("cameo.LinearScores", [("post_transform", node.StringAttribute("post_transform", "NONE"))], scores)
            : scores);
        return true;
    }

    /// <summary>The sums of a linear model, [rows, targets].</summary>
    internal static Value Product(Node node, ExpansionContext context, float[] coefficients, long targets, float[]? intercepts)
    {
        Value x = Matrix(node.Input(0), context, ElementType.Float32);
        int features = (int)(coefficients.Length / targets);
        var columns = new float[coefficients.Length];
        for (int index = 0; index < columns.Length; index++)
        {
            columns[(index % features * (int)targets) + (index / features)] = coefficients[index];
        }

        Value sums = context.Add("MatMul", x, Floats(context, "coefficients", columns, features, targets));
        return intercepts is { Length: > 0 } ? context.Add("Add", sums, Floats(context, "intercepts", intercepts)) : sums;
    }
}

using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// ZipMap (version 1): https://onnx.ai/onnx/operators/onnx_aionnxml_ZipMap.html. Kernels make no maps: what ZipMap makes of a matrix of scores, a map of labels to scores for each row, stays
/// the matrix, and an information says which column has which label.
/// </summary>
internal sealed class ZipMapOperator : MachineLearningOperator
{
    public static readonly IReadOnlyList<Operator> All = [new ZipMapOperator()];

    /// <summary>Labels that the information lists.</summary>
    private const int ListedLabels = 20;

    public override string Type => "ZipMap";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        Value x = node.Input(0);
        string[] labels = Labels(node);
        if (x.ElementType != ElementType.Float32 || x.Shape.Rank is not (1 or 2))
        {
            throw new ModelException(node, $"input 0 is {x.Type}; expected are float32 scores [rows, {labels.Length}]");
        }

        RequireFeatures(node, context, labels.Length);
        context.SetType(node.Output, new TensorType(ElementType.Float32, new Shape([Rows(x.Shape), labels.Length])));
        string listed = string.Join(", ", labels.Take(ListedLabels)) + (labels.Length > ListedLabels ? ", …" : "");
        context.Diagnostics.Add(new DiagnosticInfo(
            DiagnosticIds.OutputForm,
            DiagnosticLevel.Info,
            $"{node} makes maps of labels to scores, which are given as a tensor of scores [rows, {labels.Length}] whose columns are those of {listed}. Converters leave the node out where they are told to (zipmap=False).",
            node.Line));
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        context.Replace(node.Output, context.Add("Identity", Matrix(node.Input(0), context, ElementType.Float32)));
        return true;
    }

    private static string[] Labels(Node node)
    {
        long[] integers = node.IntegersAttribute("classlabels_int64s") ?? [];
        string[] strings = node.StringsAttribute("classlabels_strings") ?? [];
        return (integers.Length == 0) == (strings.Length == 0)
            ? throw new ModelException(node, $"labels are either 'classlabels_int64s', of which there are {integers.Length}, or 'classlabels_strings', of which there are {strings.Length}")
            : integers.Length > 0 ? [.. integers.Select(static label => KernelText.Integer(label))] : [.. strings.Select(static label => $"'{label}'")];
    }
}

using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// OneHotEncoder: https://onnx.ai/onnx/operators/onnx_aionnxml_OneHotEncoder.html (version 1). Elements that are no integers lose their fraction; of a category that is there twice the last
/// place counts. Where unknown categories are not allowed (<c>zeros</c> is 0), a run that has one fails.
/// </summary>
internal sealed class OneHotEncoderOperator : MachineLearningOperator
{
    public override string Type => "OneHotEncoder";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        Value x = node.Input(0);
        if (x.ElementType != ElementType.String)
        {
            RequireNumbers(node);
        }

        context.SetType(node.Output, new TensorType(ElementType.Float32, new Shape([.. x.Shape, Categories(node, context.Graph.Texts).Length])));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View x = context.ReadContiguous(node.Input(0));
        View results = context.Write(node.Output);
        long[] categories = Categories(node, context.Graph.Texts);
        (long Key, long Place)[] ordered =
            [.. categories.Select(static (key, place) => (key, (long)place)).GroupBy(static entry => entry.key).Select(static group => group.Last()).OrderBy(static entry => entry.key)];
        View keys = LabelOperators.Weight(context, $"{node.Name}/categories", ConstantElements.FromIntegers([.. ordered.Select(static entry => entry.Key)]));
        View places = LabelOperators.Weight(context, $"{node.Name}/places", ConstantElements.FromIntegers([.. ordered.Select(static entry => entry.Place)]));
        string allowUnknown = KernelText.Boolean(node.IntegerAttribute("zeros", 1) != 0);
        context.Add(new Kernel("labels", node, [x, keys, places], [results], writer => writer.Line(
            $"LabelLookup.OneHot({writer.Pointer(x)}, {writer.Size(x.Shape.ElementCount)}, {writer.Pointer(keys)}, {writer.Pointer(places)}, {ordered.Length}, {categories.Length}, {allowUnknown}, {writer.Pointer(results)}, {KernelText.Name(node)});"))
        {
            Summary = $"{categories.Length} categories",
        });
    }

    /// <summary>The categories; handles of strings.</summary>
    private static long[] Categories(Node node, TextTable texts)
    {
        long[] integers = node.IntegersAttribute("cats_int64s") ?? [];
        string[] strings = node.StringsAttribute("cats_strings") ?? [];
        bool isText = node.Input(0).ElementType == ElementType.String;
        if ((isText ? strings.Length : integers.Length) == 0 || (isText ? integers.Length : strings.Length) != 0)
        {
            throw new ModelException(node, $"elements of type {node.Input(0).ElementType.OnnxName()} are looked for in '{(isText ? "cats_strings" : "cats_int64s")}' alone; there are {strings.Length} strings and {integers.Length} integers");
        }

        return isText ? [.. strings.Select(texts.Handle)] : integers;
    }
}

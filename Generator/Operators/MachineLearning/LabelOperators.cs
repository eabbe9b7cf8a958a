using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// LabelEncoder (versions 1, 2, 4) and CategoryMapper (version 1): https://onnx.ai/onnx/operators/onnx_aionnxml_LabelEncoder.html. Searches in ordered tables, from all types of keys to all types of
/// values. A key that is no number finds what is no number, from version 4 on. Of a key that is there twice the first counts, as in ONNX Runtime, and the last where strings and integers
/// stand in pairs (version 1, CategoryMapper).
/// </summary>
internal sealed class LabelOperators : MachineLearningOperator
{
    public static readonly IReadOnlyList<Operator> All = [new LabelOperators("LabelEncoder", 1, 2, 4), new LabelOperators("CategoryMapper", 1), new OneHotEncoderOperator()];

    private static readonly ElementTypeSet LabelTypes = new(
        "int16, int32, int64, float32, float64 and strings",
        static type => type is ElementType.Int16 or ElementType.Int32 or ElementType.Int64 or ElementType.Float32 or ElementType.Float64 or ElementType.String);

    private LabelOperators(string type, params int[] versions)
    {
        Type = type;
        Versions = versions;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    public override void Infer(Node node, InferenceContext context)
    {
        Value x = node.Input(0);
        LabelTypes.Require(node, 0);
        LabelTable table = Read(node, context.Graph.Texts);
        if (table.Keys.Type.ElementType != x.ElementType)
        {
            throw new ModelException(node, $"the keys are {table.Keys.Type}, and the input has elements of type {x.ElementType.OnnxName()}");
        }

        if (!LabelTypes.Contains(table.Values.Type.ElementType))
        {
            throw new ModelException(node, $"the values are {table.Values.Type}");
        }

        context.SetType(node.Output, new TensorType(table.Values.Type.ElementType, x.Shape));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View x = context.ReadContiguous(node.Input(0));
        View results = context.Write(node.Output);
        LabelTable table = Read(node, context.Graph.Texts).Ordered(lastCounts: node.Type == "CategoryMapper" || node.Version < 2, findsMissing: node.Version >= 4);
        View keys = Weight(context, $"{node.Name}/keys", table.Keys), values = Weight(context, $"{node.Name}/values", table.Values);
        context.Add(new Kernel("labels", node, [x, keys, values], [results], writer => writer.Line(
            $"LabelLookup.Translate(Workers, {writer.Pointer(x)}, {writer.Size(x.Shape.ElementCount)}, {writer.Pointer(keys)}, {writer.Pointer(values)}, {table.Keys.Count}, {table.MissingText}, {writer.Pointer(results)});"))
        {
            Summary = $"{table.Keys.Count} labels",
        });
    }

    /// <summary>A constant as kernels read it.</summary>
    internal static View Weight(LoweringContext context, string name, InlineConstant values) =>
        context.AddWeight(name, new WeightBytes(values.Data, values.Type.ElementType, [values.Count]));

    private static LabelTable Read(Node node, TextTable texts) => node.Type == "CategoryMapper" ? LabelTable.OfMapper(node, texts) : LabelTable.OfEncoder(node, texts);
}

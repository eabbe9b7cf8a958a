using Cameo.Generator.Onnx.Proto;
using Cameo.Sessions;
using Google.Protobuf;

namespace Cameo.Fuzzing.Generation.Productions;

/// <summary>Texts within the graph: made of constants or numbers, and turned into numbers again.</summary>
internal static class TextProductions
{
    private static readonly string[] Words = ["", "a", "ab", "Abc", "été", "12", "-3.5", "x y", "日本", "zz"];

    public static IReadOnlyList<Production> All { get; } =
    [
        new("text-labels", 0.5, Labels),
        new("text-numbers", 0.5, Numbers),
        new("text-match", 0.4, Match),
        new("text-terms", 0.3, Terms),
    ];

    private static string Texts(StepBuilder step, long[] shape, IEnumerable<string> texts)
    {
        TensorProto tensor = new() { DataType = (int)TensorProto.Types.DataType.String };
        tensor.Dims.Add(shape);
        tensor.StringData.Add(texts.Select(ByteString.CopyFromUtf8));
        return step.Add("Constant", [], ("value", tensor));
    }

    private static string Choose(RandomGraph graph, StepBuilder step, out long[] shape)
    {
        shape = graph.Shape(1, 2);
        string table = Texts(step, [Words.Length], Words);
        return step.Add("Gather", [table, graph.Operand(ElementType.Int64, shape, -Words.Length, Words.Length - 1).Name]);
    }

    private static void Labels(RandomGraph graph)
    {
        var step = new StepBuilder(graph);
        string chosen = Choose(graph, step, out _);
        if (graph.Chance(0.5))
        {
            step.Finish("Equal", [chosen, Texts(step, [], [graph.OneOf<string>(Words)])]);
            return;
        }

        step.Finish(
            "ai.onnx.ml", "LabelEncoder", [chosen], 1, ("keys_strings", Words[..5]), ("values_floats", Enumerable.Range(0, 5).Select(static number => number / 2f).ToArray()), ("default_float", -1f));
    }

    private static void Numbers(RandomGraph graph)
    {
        var step = new StepBuilder(graph);
        FuzzValue x = graph.Find(static value => value.Type is ElementType.Int32 or ElementType.Int64) ?? graph.Input(graph.OneOf(ElementType.Int32, ElementType.Int64), graph.Shape(0, 3), -1000, 1000);
        string text = step.Add("Cast", [x.Name], ("to", (int)TensorProto.Types.DataType.String));
        if (graph.Opset >= 20 && graph.Chance(0.4))
        {
            // A digit more at the end.
            text = step.Add("StringConcat", [text, Texts(step, [], ["7"])]);
        }

        step.Finish("Cast", [text], ("to", (int)graph.OneOf(ElementType.Float32, ElementType.Int64, ElementType.Float64)));
    }

    private static void Match(RandomGraph graph)
    {
        var step = new StepBuilder(graph);
        string chosen = Choose(graph, step, out long[] shape);
        if (graph.Chance(0.4))
        {
            chosen = step.Add("StringConcat", graph.Chance(0.5) ? [chosen, chosen] : [chosen, Texts(step, [], ["b"])]);
        }

        step.Finish("RegexFullMatch", [chosen], ("pattern", graph.OneOf("a.*", "[a-z]+", @"-?\d+(\.\d+)?", "", "(?i)ABC.*", ".")));
    }

    private static void Terms(RandomGraph graph)
    {
        long count = graph.Integer(1, 20);
        FuzzValue x = graph.Input(graph.OneOf(ElementType.Int64, ElementType.Int32), graph.Chance(0.5) ? [count] : [graph.Integer(1, 3), count], 0, 6);
        graph.Node(
            "TfIdfVectorizer", [x], ("mode", graph.OneOf("TF", "IDF", "TFIDF")), ("min_gram_length", 1), ("max_gram_length", 2), ("max_skip_count", graph.Integer(0, 2)),
            ("ngram_counts", new long[] { 0, 4 }), ("ngram_indexes", new long[] { 0, 1, 2, 3, 4, 5, 6 }), ("pool_int64s", new long[] { 2, 3, 5, 4, 5, 6, 2, 3, 5, 1 }),
            ("weights", new[] { 1f, 0.5f, 2f, 1f, 0.25f, 1.5f, 3f }));
    }
}

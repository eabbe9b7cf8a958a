using System.Globalization;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// TfIdfVectorizer: https://onnx.ai/onnx/operators/onnx__TfIdfVectorizer.html (version 9). Counts the n-grams of a pool in rows of int32, int64 or strings; with modes IDF and
/// TFIDF weighted. The i-th weight is that of the i-th n-gram, as the specification says; where n-grams that share a column have different weights the model is refused.
/// </summary>
internal sealed class TfIdfVectorizerOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new TfIdfVectorizerOperator()];

    private static readonly ElementTypeSet Types = new("int32, int64 or strings", type => type is ElementType.Int32 or ElementType.Int64 or ElementType.String);

    public override string Type => "TfIdfVectorizer";

    public override IReadOnlyList<int> Versions => [9];

    public override void Infer(Node node, InferenceContext context)
    {
        Types.Require(node, 0);
        Value input = node.Input(0);
        if (input.Shape.Rank > 2)
        {
            throw new ModelException(node, $"the input must have 1 or 2 dimensions but has shape {input.Shape}");
        }

        bool isText = input.ElementType == ElementType.String;
        if (node.HasAttribute("pool_strings") == node.HasAttribute("pool_int64s") || node.HasAttribute("pool_strings") != isText)
        {
            throw new ModelException(node, $"an input of {input.ElementType.OnnxName()} needs attribute '{(isText ? "pool_strings" : "pool_int64s")}', and no other pool");
        }

        Check(node, context.Graph.Texts);
        Dimension width = Required(node, "ngram_indexes").Max() + 1;
        context.SetType(node.Output, new TensorType(ElementType.Float32, input.Shape.Rank == 2 ? new Shape([input.Shape[0], width]) : new Shape([width])));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        View to = context.Write(node.Output);
        Dimension length = from.Rank == 0 ? Dimension.One : from.Shape[from.Rank - 1];
        Dimension rows = from.Rank == 2 ? from.Shape[0] : Dimension.One;
        context.Add(new Kernel("n-grams", node, [from], [to], writer =>
        {
            string instance = TextHelpers.Instance(writer, "NGramVectorizer", Arguments(node, context.Graph.Texts));
            writer.Line($"{instance}.Run({writer.Pointer(from)}, {writer.Size(rows)}, {writer.Size(length)}, {writer.Pointer(to)}, {writer.Size(to.Shape[to.Rank - 1])});");
        }));
    }

    private static string Arguments(Node node, TextTable texts)
    {
        long[] columns = Required(node, "ngram_indexes");
        float[] weights = Mode(node) == "TF" ? [] : Weights(node, columns);
        return $"{Length(node, "min_gram_length")}, {Length(node, "max_gram_length")}, {Skips(node)}, {KernelText.Boolean(Mode(node) == "IDF")}, " +
            $"{List(Required(node, "ngram_counts"))}, {List(Pool(node, texts))}, {List(columns)}, [{string.Join(", ", weights.Select(weight => KernelText.Float(weight)))}]";
    }

    private static string List(long[] numbers) => $"[{string.Join(", ", numbers.Select(number => number.ToString(CultureInfo.InvariantCulture)))}]";

    private static void Check(Node node, TextTable texts)
    {
        long shortest = Length(node, "min_gram_length");
        long longest = Length(node, "max_gram_length");
        _ = Skips(node);
        _ = Mode(node);
        long[] starts = Required(node, "ngram_counts");
        long[] columns = Required(node, "ngram_indexes");
        long[] pool = Pool(node, texts);
        if (shortest < 1 || shortest > longest || longest > starts.Length)
        {
            throw new ModelException(node, $"n-grams of {shortest} to {longest} items cannot be counted with a pool of {starts.Length} lengths");
        }

        if (columns.Any(column => column is < 0 or >= int.MaxValue))
        {
            throw new ModelException(node, "attribute 'ngram_indexes' has a number that is no column");
        }

        int grams = 0;
        for (int length = 1; length <= starts.Length; length++)
        {
            long start = starts[length - 1];
            long end = length < starts.Length ? starts[length] : pool.Length;
            if (start < 0 || end < start || end > pool.Length || (end - start) % length != 0)
            {
                throw new ModelException(node, $"attribute 'ngram_counts' has no whole n-grams of {length} items: they stand from {start} to {end} in a pool of {pool.Length}");
            }

            var known = new HashSet<string>(StringComparer.Ordinal);
            for (long gram = start; gram < end; gram += length, grams++)
            {
                string key = string.Join(" ", pool.Skip((int)gram).Take(length));
                if (!known.Add(key) && length >= shortest && length <= longest)
                {
                    throw new ModelException(node, $"the pool has an n-gram of {length} items twice");
                }
            }
        }

        if (grams > columns.Length)
        {
            throw new ModelException(node, $"the pool has {grams} n-grams, but 'ngram_indexes' has {columns.Length} columns");
        }

        if (Mode(node) != "TF")
        {
            Weights(node, columns);
        }
    }

    /// <summary>The weight of each column; empty where there are none.</summary>
    private static float[] Weights(Node node, long[] columns)
    {
        if (node.FloatsAttribute("weights") is not { } weights)
        {
            return [];
        }

        if (weights.Length != columns.Length)
        {
            throw new ModelException(node, $"there are {weights.Length} weights for {columns.Length} n-grams");
        }

        var ofColumns = new float?[columns.Max() + 1];
        for (int gram = 0; gram < columns.Length; gram++)
        {
            float? known = ofColumns[columns[gram]];
            if (known is { } other && other != weights[gram])
            {
                throw ModelException.Unsupported(node, $"n-grams of column {columns[gram]} have the weights {other} and {weights[gram]}");
            }

            ofColumns[columns[gram]] = weights[gram];
        }

        return [.. ofColumns.Select(weight => weight ?? 1)];
    }

    private static long[] Pool(Node node, TextTable texts)
    {
        long[] pool = node.StringsAttribute("pool_strings") is { } strings ? [.. strings.Select(texts.Handle)] : Required(node, "pool_int64s");
        return pool.Length > 0 ? pool : throw new ModelException(node, "the pool is empty");
    }

    private static long[] Required(Node node, string attribute) => node.IntegersAttribute(attribute) is { Length: > 0 } numbers ? numbers
        : throw new ModelException(node, $"attribute '{attribute}' is missing or empty");

    private static long Length(Node node, string attribute) => node.HasAttribute(attribute) ? node.IntegerAttribute(attribute, 0)
        : throw new ModelException(node, $"attribute '{attribute}' is missing");

    private static long Skips(Node node) => Length(node, "max_skip_count") is >= 0 and < int.MaxValue and var skips ? skips
        : throw new ModelException(node, "attribute 'max_skip_count' must be 0 or more");

    private static string Mode(Node node) => node.StringAttribute("mode", "") switch
    {
        ("TF" or "IDF" or "TFIDF") and var mode => mode,
        string other => throw new ModelException(node, $"attribute 'mode' is '{other}'; it must be 'TF', 'IDF' or 'TFIDF'"),
    };
}

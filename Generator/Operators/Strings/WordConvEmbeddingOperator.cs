using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// com.microsoft's WordConvEmbedding: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.WordConvEmbedding. Words are rows of
/// numbered characters, 0 where a word has ended; characters become vectors, a convolution with tanh runs over them, and the largest result over the word's windows is the word's
/// vector (0 for no word). Written as Gather, Conv, Tanh and ReduceMax.
/// </summary>
internal sealed class WordConvEmbeddingOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new WordConvEmbeddingOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "WordConvEmbedding";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        if (node.Input(0).ElementType != ElementType.Int32)
        {
            throw new ModelException(node, $"the sequence must be int32 but is {node.Input(0).ElementType.OnnxName()}");
        }

        for (int input = 1; input < 4; input++)
        {
            if (node.Input(input).ElementType != ElementType.Float32)
            {
                throw new ModelException(node, $"input {input} must be float32 but is {node.Input(input).ElementType.OnnxName()}");
            }
        }

        Shape words = node.Input(0).Shape;
        Shape weights = node.Input(1).Shape;
        Shape bias = node.Input(2).Shape;
        Shape characters = node.Input(3).Shape;
        if (words.Rank != 2 || weights.Rank != 4 || bias.Rank != 1 || characters.Rank != 2)
        {
            throw new ModelException(node, $"the sequence, weights, bias and embedding must have ranks 2, 4, 1 and 2 but have shapes {words}, {weights}, {bias} and {characters}");
        }

        RequireEqual(node, "embedding_size", weights[0], "filters");
        RequireEqual(node, "conv_window_size", weights[2], "rows of the window");
        RequireEqual(node, "char_embedding_size", characters[1], "elements of a character's vector");
        if (weights[1].Value is not (null or 1) || (weights[0] - bias[0]).Value is not (null or 0) || (weights[3] - characters[1]).Value is not (null or 0))
        {
            throw new ModelException(node, $"weights {weights}, bias {bias} and embedding {characters} do not fit each other");
        }

        if ((words[1] - weights[2]).Value < 0)
        {
            throw new ModelException(node, $"words of {words[1]} characters are shorter than the window of {weights[2]}");
        }

        context.SetType(node.Output, new TensorType(ElementType.Float32, new Shape([words[0], weights[0]])));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value words = node.Input(0);
        Value weights = node.Input(1);
        Dimension window = weights.Shape[2];
        Value vectors = context.Add("Unsqueeze", context.Add("Gather", node.Input(3), words), context.Integers(1));
        Value windows = context.Add("Squeeze", context.Add("Tanh", context.Add("Conv", vectors, weights, node.Input(2))), context.Integers(3));

        // A word has as many windows as its characters, at least those of one window; what its first character does not begin is no word.
        Value present = formula.Cast(context.Add("Greater", words, context.Literal(0, ElementType.Int32)), ElementType.Int64);
        Value first = context.Add("Slice", present, context.Integers(0), context.Integers(1), context.Integers(1));
        Value length = formula.Multiply(formula.Sum(present, [1]), first);
        Value count = formula.Subtract(context.Add("Max", length, context.Size(window)), context.Size(window - 1));
        Value positions = context.Add("Range", context.Literal(0, ElementType.Int64), context.Size(words.Shape[1] - window + 1), context.Literal(1, ElementType.Int64));
        Value counts = context.Add("Unsqueeze", context.Add("Less", positions, count), context.Integers(1));
        Value largest = formula.Reduce("ReduceMax", formula.Where(counts, windows, context.Literal(-1, ElementType.Float32)), [2], keepsAxes: false);
        Value isWord = context.Add("Greater", length, context.Literal(0, ElementType.Int64));
        context.Replace(node.Output, formula.Where(isWord, largest, context.Literal(0, ElementType.Float32)));
        return true;
    }

    private static void RequireEqual(Node node, string attribute, Dimension size, string what)
    {
        long wanted = node.IntegerAttribute(attribute, -1);
        if (wanted != -1 && size.Value is { } known && known != wanted)
        {
            throw new ModelException(node, $"attribute '{attribute}' is {wanted}, but there are {known} {what}");
        }
    }
}

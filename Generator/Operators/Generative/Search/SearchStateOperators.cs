using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// What stands around the loop of a search for texts, besides its model: <c>cameo.SearchPrompt</c> makes what a decoder reads of a prompt (tokens of all sequences, positions, mask, next positions) or,
/// with <c>encoder</c>, the mask of an encoder; <c>cameo.SearchBegin</c> makes the search's memory and, where they are wanted, that of all scores; <c>cameo.SearchTokens</c> reads the
/// sequences so far; <c>cameo.SearchEnd</c> reads the texts that were found. See <see cref="SearchRewriting"/>.
/// </summary>
internal sealed class SearchStateOperators : Operator
{
    public const string Prompt = "SearchPrompt", Begin = "SearchBegin", Tokens = "SearchTokens", End = "SearchEnd";

    public static readonly IReadOnlyList<Operator> All = [new SearchStateOperators(Prompt), new SearchStateOperators(Begin), new SearchStateOperators(Tokens), new SearchStateOperators(End)];

    private SearchStateOperators(string type) => Type = type;

    public override string Domain => OperatorRegistry.InternalDomain;

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        SearchSizes sizes = SearchSizes.Read(node, 1, context);
        switch (Type)
        {
            case Prompt:
                InferPrompt(node, sizes, context);
                break;
            case Begin:
                InferBegin(node, sizes, context);
                break;
            case Tokens:
                Dimension length = context.RequiredElements(node, 2, "the length of the sequences")[0];
                context.SetType(node.Output, Integers(sizes.Rows, length));
                break;
            default:
                InferEnd(node, sizes, context);
                break;
        }
    }

    public override void Lower(Node node, LoweringContext context)
    {
        SearchSizes sizes = SearchSizes.Of(node, 1);
        View first = context.ReadContiguous(node.Input(0));
        switch (Type)
        {
            case Prompt:
                LowerPrompt(node, sizes, first, context);
                break;
            case Begin:
                LowerBegin(node, sizes, first, context);
                break;
            case Tokens:
                View tokens = context.Write(node.Output);
                context.Add(new Kernel("search", node, [first], [tokens], writer => writer.Line(
                    $"TextSearch.Read({writer.Pointer(first)}, {sizes.Arguments(writer)}, {writer.Size(tokens.Shape[1])}, {writer.Pointer(tokens)});")));
                break;
            default:
                LowerEnd(node, sizes, first, context);
                break;
        }
    }

    private static TensorType Integers(params Dimension[] shape) => new(ElementType.Int32, new Shape(shape));

    private static void InferPrompt(Node node, SearchSizes sizes, InferenceContext context)
    {
        Shape tokens = node.Input(0).Shape;
        if (node.OptionalInput(2) is { } mask)
        {
            SpatialText.RequireType(node, 2, ElementType.Int32);
            SpatialText.RequireRank(node, 2, 2, "the attention mask");
            SpatialText.RequireEqual(node, context, mask.Shape[0], tokens[0], "the rows of tokens and attention mask");
            SpatialText.RequireEqual(node, context, mask.Shape[1], tokens[1], "the lengths of tokens and attention mask");
        }

        if (node.IntegerAttribute("encoder", 0) != 0)
        {
            context.SetType(node.Output, Integers(tokens[0], tokens[1]));
            return;
        }

        context.SetType(node.Output, Integers(sizes.Rows, tokens[1]));
        context.SetType(node.Outputs[1]!, Integers(sizes.Rows, tokens[1]));
        context.SetType(node.Outputs[2]!, Integers(sizes.Rows, sizes.Capacity));
        context.SetType(node.Outputs[3]!, Integers(sizes.Rows, Dimension.One));
    }

    private static void LowerPrompt(Node node, SearchSizes sizes, View tokens, LoweringContext context)
    {
        View? mask = node.OptionalInput(2) is { } given ? context.ReadContiguous(given) : null;
        View[] results = [.. node.Outputs.Select(output => context.Write(output!))];
        string pad = KernelText.Integer(node.IntegerAttribute("pad_token_id", -1));
        if (results.Length == 1)
        {
            context.Add(new Kernel("search", node, [tokens], results, writer => writer.Line(
                $"TextSearch.BeginEncoder({writer.Pointer(tokens)}, {writer.Size(tokens.Shape[0])}, {writer.Size(tokens.Shape[1])}, {pad}, {writer.Pointer(results[0])});")));
            return;
        }

        context.Add(new Kernel("search", node, mask is null ? [tokens] : [tokens, mask], results, writer => writer.Line(
            $"TextSearch.BeginDecoder({writer.Pointer(tokens)}, {(mask is null ? "null" : writer.Pointer(mask))}, {sizes.Arguments(writer)}, {writer.Size(tokens.Shape[1])}, {pad}, " +
            $"{string.Join(", ", results.Select(writer.Pointer))});")));
    }

    private static void InferBegin(Node node, SearchSizes sizes, InferenceContext context)
    {
        Dimension length = node.Input(0).Shape[1];
        context.RequireAtMost(node, Dimension.One, sizes.Beams, "1 beam at least, but there");
        context.RequireAtMost(node, length + 1, sizes.Capacity, "tokens of the prompt and one more, which the maximum length must hold,");
        context.SetType(node.Output, Integers(sizes.Words));
        if (node.OptionalOutput(1) is { } scores)
        {
            // All steps' scores, or what was drawn from in the last one.
            Dimension tokens = node.IntegerAttribute("vocab_size", 0);
            context.SetType(scores, new TensorType(ElementType.Float32, node.StringAttribute("kind", "") == "sampling" ? new Shape([sizes.Rows, tokens]) : new Shape([sizes.Capacity - length, sizes.Rows, tokens])));
        }
    }

    private static void LowerBegin(Node node, SearchSizes sizes, View tokens, LoweringContext context)
    {
        // Steps change the memory in place, so it is never a value that is made at load.
        View state = context.Variable(node.Output.Name, ElementType.Int32, node.Output.Shape);
        View? scores = node.OptionalOutput(1) is { } all ? context.Variable(all.Name, ElementType.Float32, all.Shape) : null;
        View? seed = node.OptionalInput(2) is { } given ? context.ReadContiguous(given) : null;
        context.SetView(node.Output, state);
        if (scores is not null)
        {
            context.SetView(node.Outputs[1]!, scores);
        }

        context.Add(new Kernel("search", node, seed is null ? [tokens] : [tokens, seed], scores is null ? [state] : [state, scores], writer =>
        {
            writer.Line($"TextSearch.Begin({writer.Pointer(state)}, {sizes.Arguments(writer)}, {writer.Pointer(tokens)}, {writer.Size(tokens.Shape[1])}, {KernelText.Integer(node.IntegerAttribute("pad_token_id", -1))}, " +
                $"{(seed is not null ? $"*{writer.Pointer(seed)}" : node.IntegerAttribute("draws", 0) != 0 ? "(long)RandomNumbers.NewSeed()" : "0")});");
            if (scores is not null)
            {
                writer.Line($"TextSearch.Clear({writer.Pointer(scores)}, {writer.Size(scores.Shape.ElementCount)});");
            }
        })
        {
            Summary = $"{sizes.Beams} sequences of at most {sizes.Capacity} tokens for each of {sizes.Batch} texts",
        });
    }

    private static void InferEnd(Node node, SearchSizes sizes, InferenceContext context)
    {
        if (node.OptionalInput(2) is null)
        {
            context.SetType(node.Output, Integers(sizes.Batch, sizes.Capacity));
            return;
        }

        Dimension wanted = context.RequiredElements(node, 2, "the number of texts to return")[0];
        context.RequireAtMost(node, Dimension.One, wanted, "1 sequence to return at least, but there");
        context.RequireAtMost(node, wanted, sizes.Beams, "sequences to return (num_return_sequences), of as many beams at most,");
        context.SetType(node.Output, Integers(sizes.Batch, wanted, sizes.Capacity));
        if (node.OptionalOutput(1) is { } scores)
        {
            context.SetType(scores, new TensorType(ElementType.Float32, new Shape([sizes.Batch, wanted])));
        }
    }

    private static void LowerEnd(Node node, SearchSizes sizes, View state, LoweringContext context)
    {
        View tokens = context.Write(node.Output);
        View? scores = node.OptionalOutput(1) is { } wanted ? context.Write(wanted) : null;
        View? penalty = node.OptionalInput(3) is { } given ? context.ReadContiguous(given) : null;

        // Sequences that did not end are finished in the search's own memory.
        context.Add(new Kernel("search", node, penalty is null ? [state] : [state, penalty], scores is null ? [tokens, state] : [tokens, scores, state], writer => writer.Line(
            $"TextSearch.End({writer.Pointer(state)}, {sizes.Arguments(writer)}, {(node.OptionalInput(2) is null ? "0" : writer.Size(tokens.Shape[1]))}, {(penalty is null ? "null" : writer.Pointer(penalty))}, " +
            $"{KernelText.Integer(node.IntegerAttribute("pad_token_id", -1))}, {writer.Pointer(tokens)}, {(scores is null ? "null" : writer.Pointer(scores))});")));
    }
}

using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// <c>cameo.SearchStep</c>: chooses the next tokens of a search for texts from the scores of all tokens, [sequences or texts, vocabulary] in float32, and changes the search's memory in place.
/// Attribute <c>kind</c>: "greedy", "sampling" or "beams". Outputs: the memory, the tokens [sequences, 1], whether to go on, and in a beam search the sequences that each goes on from and the memory
/// of all scores; in a sampling what was drawn from.
/// </summary>
internal sealed class SearchStepOperator : Operator
{
    public const string Name = "SearchStep";

    /// <summary>Places of the inputs; those from <see cref="MinimumLength"/> on are optional.</summary>
    public const int Scores = 0, Sizes = 1, State = 2, MinimumLength = 3, RepetitionPenalty = 4, VocabularyMask = 5, PrefixMask = 6, PresenceMask = 7, LengthPenalty = 8, Temperature = 9,
        TimestampRules = 10, AllScores = 11;

    private static readonly string[] Members =
    [
        "Scores", "", "State", "MinimumLength", "RepetitionPenalty", "VocabularyMask", "PrefixMask", "PresenceMask", "LengthPenalty", "Temperature", "TimestampRules", "AllScores",
    ];

    public static readonly IReadOnlyList<Operator> All = [new SearchStepOperator()];

    public override string Domain => OperatorRegistry.InternalDomain;

    public override string Type => Name;

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        SearchSizes sizes = SearchSizes.Read(node, Sizes, context);
        Shape scores = node.Input(Scores).Shape;
        CheckMask(node, context, VocabularyMask, "vocab_mask", scores[1]);
        CheckMask(node, context, PrefixMask, "prefix_vocab_mask", sizes.Batch, scores[1]);
        CheckMask(node, context, PresenceMask, "presence_mask", sizes.Batch, scores[1]);
        context.SetType(node.Output, node.Input(State).RequiredType);
        context.SetType(node.Outputs[1]!, new TensorType(ElementType.Int32, new Shape([sizes.Rows, Dimension.One])));
        context.SetType(node.Outputs[2]!, new TensorType(ElementType.Boolean, Shape.Scalar));
        if (node.OptionalOutput(3) is { } indices)
        {
            context.SetType(indices, new TensorType(ElementType.Int32, new Shape([sizes.Rows])));
        }

        if (node.OptionalOutput(4) is { } all)
        {
            context.SetType(all, node.Input(AllScores).RequiredType);
        }
    }

    public override void Lower(Node node, LoweringContext context)
    {
        SearchSizes sizes = SearchSizes.Of(node, Sizes);
        string kind = node.StringAttribute("kind", "");
        Dimension vocabulary = node.Input(Scores).Shape[1];
        View?[] inputs = [.. Enumerable.Range(0, Members.Length).Select(index => index != Sizes && node.OptionalInput(index) is { } input ? context.ReadContiguous(input) : null)];
        View tokens = context.Write(node.Outputs[1]!), goesOn = context.Write(node.Outputs[2]!);
        View work = context.Scratch(node, ElementType.Float32, new Shape([sizes.Rows, vocabulary]));
        View order = context.Scratch(node, ElementType.Int32, new Shape([kind == "beams" ? 2 * sizes.Beams : 2 * vocabulary]));
        View? indices = node.OptionalOutput(3) is { } sources ? context.Write(sources) : null;
        context.SetView(node.Output, inputs[State]!);
        if (node.OptionalOutput(4) is { } all)
        {
            context.SetView(all, inputs[AllScores]!);
        }

        View?[] written = [tokens, goesOn, inputs[State], work, order, indices, inputs[AllScores]];
        context.Add(new Kernel("search", node, [.. inputs.OfType<View>()], [.. written.OfType<View>()], writer =>
        {
            using (writer.Block("var step = new TextSearchStep").AsInitializer())
            {
                writer.Line($"Node = {KernelText.Name(node)},");
                writer.Line($"Batch = {writer.Size(sizes.Batch)}, Beams = {writer.Size(sizes.Beams)}, Capacity = {writer.Size(sizes.Capacity)},");
                writer.Line($"ScoreRows = {writer.Size(inputs[Scores]!.Shape[0])}, Vocabulary = {writer.Size(vocabulary)},");
                writer.Line($"EndToken = {node.IntegerAttribute("eos_token_id", -1)}, PadToken = {node.IntegerAttribute("pad_token_id", -1)}, PhraseLength = {node.IntegerAttribute("no_repeat_ngram_size", 0)},");
                for (int index = 0; index < inputs.Length; index++)
                {
                    if (inputs[index] is { } input)
                    {
                        writer.Line($"{(index == AllScores && kind == "sampling" ? "Filtered" : Members[index])} = {writer.Pointer(input)},");
                    }
                }

                writer.Line($"Work = {writer.Pointer(work)}, Order = {writer.Pointer(order)}, NextTokens = {writer.Pointer(tokens)}, GoesOn = {writer.Pointer(goesOn)},");
                WriteKind(node, kind, writer, indices);
            }

            writer.Line(kind == "beams" ? $"TextSearch.FollowBeams(step, {KernelText.Boolean(node.IntegerAttribute("checks_done", 1) != 0)});" : $"TextSearch.Choose(step, {KernelText.Boolean(kind == "sampling")});");
        })
        {
            Summary = $"{kind}: {sizes.Rows} sequences, {vocabulary} tokens",
        });
    }

    private static void WriteKind(Node node, string kind, KernelWriter writer, View? indices)
    {
        if (kind == "beams")
        {
            writer.Line($"BeamIndices = {writer.Pointer(indices!)}, StopsEarly = {KernelText.Boolean(node.IntegerAttribute("early_stopping", 0) == 1)},");
            if (node.OptionalInput(TimestampRules) is not null)
            {
                writer.Line($"Timestamps = new TimestampTokens({string.Join(", ", node.IntegersAttribute("timestamps")!)}),");
            }
        }
        else if (kind == "sampling")
        {
            writer.Line($"TemperatureNumber = {KernelText.Float(node.FloatAttribute("temperature", 1))}, PresencePenalty = {KernelText.Float(node.FloatAttribute("presence_penalty", 0))},");
            writer.Line($"TopProbability = {KernelText.Float(node.FloatAttribute("top_p", 0))}, FilterValue = {KernelText.Float(node.FloatAttribute("filter_value", -1e20f))},");
            writer.Line($"MinimumKept = {node.IntegerAttribute("min_tokens_to_keep", 0)}, KeepsLikeliest = {KernelText.Boolean(node.IntegerAttribute("custom", 0) != 0)},");
        }
    }

    private static void CheckMask(Node node, InferenceContext context, int input, string name, params Dimension[] sizes)
    {
        if (node.OptionalInput(input) is not { } mask)
        {
            return;
        }

        if (mask.ElementType != ElementType.Int32 || mask.Shape.Rank != sizes.Length)
        {
            throw new ModelException(node, $"{name} is {mask.Type} and must be int32 of shape [{string.Join(", ", sizes.Select(size => size.ToString()))}]");
        }

        for (int axis = 0; axis < sizes.Length; axis++)
        {
            SpatialText.RequireEqual(node, context, mask.Shape[axis], sizes[axis], $"the size of axis {axis} of {name} and what the search has");
        }
    }
}

using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Generative.TextSearch;

/// <summary>com.microsoft's BeamSearch with a decoder alone, against plain arithmetic and against ONNX Runtime where its library is there.</summary>
public sealed class BeamSearchTests : IDisposable
{
    private const int Pad = SearchSettings.Pad;

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("Plain", 1, true, 99, 3, 2, null, null, null, 0, false)]
    [InlineData("One", 2, true, 12, 1, 1, null, null, null, 0, false)]
    [InlineData("Primitive", 2, false, 99, 4, 4, null, null, null, 0, false)]
    [InlineData("Ends", 1, true, 12, 3, 3, null, null, null, 0, false)]
    [InlineData("Early", 3, true, 12, 3, 3, null, null, null, 0, true)]
    [InlineData("Minimum", 2, true, 12, 2, 2, 9, null, null, 0, true)]
    [InlineData("Length", 1, true, 12, 4, 2, null, 2.5f, null, 0, false)]
    [InlineData("Phrases", 2, true, 12, 3, 1, null, 0.5f, 1.4f, 2, true)]
    public void AgreesWithPlainArithmetic(string name, int batch, bool contrib, int end, int beams, int returned, int? minimum, float? length, float? penalty, int phrase, bool early)
    {
        int[][] prompts = [.. new int[][] { [3, 8, 2, 9], [Pad, Pad, 4, 1], [Pad, 6, 6, 12] }.Take(batch)];
        var settings = new SearchSettings
        {
            Maximum = 12, End = end, Beams = beams, Returned = returned, Minimum = minimum, LengthPenalty = length, Penalty = penalty, Phrase = phrase, StopsEarly = early,
        };
        var decoder = new DecoderModel();
        SearchRun run = Inputs(prompts, settings);
        run.Node("BeamSearch", ["sequences", "sequences_scores", "scores"], ("decoder", decoder.Graph(contrib)), ("eos_token_id", end), ("pad_token_id", Pad), ("no_repeat_ngram_size", phrase),
            ("early_stopping", early ? 1 : 0), ("model_type", 0));
        IReadOnlyDictionary<string, Tensor> results = run.Run(_models, $"Beams{name}");
        Check(results, [.. prompts.Select((prompt, text) => GreedySearchTests.Reference(decoder, settings, prompt).Beams(prompt, text))], settings);
        Assert.Equal([8, batch, beams, DecoderModel.Vocabulary], results["scores"].Shape.ToArray());
        CheckReference(run, results);
    }

    [Theory]
    [InlineData("Fewer", 2, 13, 99, 3)]
    [InlineData("FewerEnds", 2, 13, 12, 3)]
    [InlineData("One", 1, 13, 12, 1)]
    [InlineData("All", 1, 17, 12, 3)]
    public void ScoresBehindTheVocabularyCountForNothing(string name, int batch, int vocabulary, int end, int beams)
    {
        int[][] prompts = [.. new int[][] { [3, 8, 2, 9], [Pad, Pad, 4, 1] }.Take(batch)];
        var settings = new SearchSettings { Maximum = 12, End = end, Beams = beams, Returned = 1, Vocabulary = vocabulary, Phrase = 2, Penalty = 1.2f };
        var decoder = new DecoderModel();
        SearchRun run = Inputs(prompts, settings);
        run.Node("BeamSearch", ["sequences", "sequences_scores", "scores"], ("decoder", decoder.Graph()), ("eos_token_id", end), ("pad_token_id", Pad), ("no_repeat_ngram_size", 2), ("vocab_size", vocabulary));
        IReadOnlyDictionary<string, Tensor> results = run.Run(_models, $"BeamVocabulary{name}");
        Check(results, [.. prompts.Select((prompt, text) => GreedySearchTests.Reference(decoder, settings, prompt).Beams(prompt, text))], settings);
        Assert.Equal([8, batch, beams, vocabulary], results["scores"].Shape.ToArray());

        // On processors, ONNX Runtime takes rows of logits to be as wide as the vocabulary, and so reads others where they are wider: there plain arithmetic alone is the measure.
        if (vocabulary == DecoderModel.Vocabulary)
        {
            CheckReference(run, results);
        }
    }

    [Theory]
    [InlineData("Contrib", true, false)]
    [InlineData("Primitive", false, false)]
    [InlineData("Penalties", true, true)]
    public void NarrowDecodersAndPenalties(string name, bool contrib, bool penalties)
    {
        int[][] prompts = [[3, 8, 2, 9], [Pad, Pad, 4, 1]];
        var decoder = new DecoderModel(type: DataType.Float16);
        var settings = new SearchSettings { Maximum = 10, End = 12, Beams = 3, Returned = 1, LengthPenalty = penalties ? 1.5f : null, Penalty = penalties ? 1.25f : null };
        SearchRun run = new SearchRun().Input("input_ids", [.. prompts.SelectMany(static prompt => prompt)], 2, 4);
        run = penalties
            ? run.Number<int>("max_length", 10).Number<int>("min_length", 0).Number<int>("num_beams", 3).Number<int>("num_return_sequences", 1).Number<Half>("length_penalty", (Half)1.5f).Number<Half>("repetition_penalty", (Half)1.25f)
            : Numbers(run, settings);
        run.Node("BeamSearch", ["sequences", "sequences_scores", "scores"], penalties ? DataType.Float16 : DataType.Float, ("decoder", decoder.Graph(contrib)), ("eos_token_id", 12), ("pad_token_id", Pad));
        IReadOnlyDictionary<string, Tensor> results = run.Run(_models, $"BeamNarrow{name}");
        IReadOnlyList<(int[] Tokens, double Score)>[] expected = [.. prompts.Select((prompt, text) => GreedySearchTests.Reference(decoder, settings, prompt).Beams(prompt, text))];
        Assert.Equal([.. expected.SelectMany(static text => text).SelectMany(static found => found.Tokens)], results["sequences"].AsSpan<int>().ToArray());
        double[] scores = penalties ? [.. results["sequences_scores"].AsSpan<Half>().ToArray().Select(static score => (double)score)] : [.. results["sequences_scores"].AsSpan<float>().ToArray().Select(static score => (double)score)];

        // Sums of logarithms that come from numbers of 11 bits.
        Assert.Equal(expected.SelectMany(static text => text).Select(static found => found.Score), scores, static (a, b) => Math.Abs(a - b) < 0.01 * Math.Max(1, Math.Abs(a)));
    }

    [Fact]
    public void WrongModelsAreRefused()
    {
        string Refusal(string name, int beams, int returned, int maximum = 8, int? minimum = null, float? penalty = null, params (string, object)[] more) => _models.Refusal(name, Inputs([[1, 2, 3]], new SearchSettings
        {
            Maximum = maximum, Beams = beams, Returned = returned, Minimum = minimum, Penalty = penalty,
        }).Node("BeamSearch", ["sequences"], [("decoder", new DecoderModel().Graph()), ("eos_token_id", 5), ("pad_token_id", Pad), .. more]));
        Assert.Contains("num_return_sequences is 3, more than", Refusal("Returned", 2, 3), StringComparison.Ordinal);
        Assert.Contains("num_beams is 0", Refusal("Beams", 0, 0), StringComparison.Ordinal);
        Assert.Contains("min_length 8 must be less", Refusal("Minimum", 2, 1, minimum: 8), StringComparison.Ordinal);
        Assert.Contains("repetition_penalty", Refusal("Penalty", 2, 1, penalty: -1), StringComparison.Ordinal);
        Assert.Contains("BeamSearch", Refusal("Penalty2", 2, 1, penalty: -1), StringComparison.Ordinal);
        Assert.Contains("the graph 'decoder' has", Refusal("Encoder", 2, 1, more: [("model_type", 1), ("decoder_start_token_id", 1)]), StringComparison.Ordinal);
        Assert.Contains("'decoder_start_token_id' is missing", Refusal("Start", 2, 1, more: ("model_type", 1)), StringComparison.Ordinal);
    }

    internal static SearchRun Inputs(int[][] prompts, SearchSettings settings) => Numbers(new SearchRun().Input("input_ids", [.. prompts.SelectMany(static prompt => prompt)], prompts.Length, prompts[0].Length), settings);

    internal static SearchRun Numbers(SearchRun run, SearchSettings settings) => run
        .Number<int>("max_length", settings.Maximum).Number<int>("min_length", settings.Minimum ?? 0).Number<int>("num_beams", settings.Beams).Number<int>("num_return_sequences", settings.Returned)
        .Number<float>("length_penalty", settings.LengthPenalty ?? 1).Number("repetition_penalty", settings.Penalty);

    internal static void Check(IReadOnlyDictionary<string, Tensor> results, IReadOnlyList<IReadOnlyList<(int[] Tokens, double Score)>> expected, SearchSettings settings)
    {
        Assert.Equal([expected.Count, settings.Returned, settings.Maximum], results["sequences"].Shape.ToArray());
        Assert.Equal([.. expected.SelectMany(static text => text).SelectMany(static found => found.Tokens)], results["sequences"].AsSpan<int>().ToArray());
        Assert.Equal(expected.SelectMany(static text => text).Select(static found => found.Score), results["sequences_scores"].AsSpan<float>().ToArray().Select(static score => (double)score), static (a, b) => Math.Abs(a - b) < 1e-4);
    }

    internal static void CheckReference(SearchRun run, IReadOnlyDictionary<string, Tensor> results)
    {
        if (run.RunReference() is not { } reference)
        {
            return;
        }

        Assert.Equal(SearchRun.Integers(reference["sequences"]), results["sequences"].AsSpan<int>().ToArray());
        Assert.Equal(SearchRun.Floats(reference["sequences_scores"]), results["sequences_scores"].AsSpan<float>().ToArray(), static (a, b) => Math.Abs(a - b) < 1e-4);
        if (results.TryGetValue("scores", out Tensor? scores))
        {
            // Steps that are not made have no scores that mean anything.
            float[] own = scores.AsSpan<float>().ToArray(), others = SearchRun.Floats(reference["scores"]);
            int step = own.Length / (int)scores.Shape[0], steps = own.Chunk(step).TakeWhile(static part => part.Any(static value => value != 0)).Count();
            Assert.True(steps > 0);
            Assert.Equal(others.Take(steps * step), own.Take(steps * step), static (a, b) => Math.Abs(a - b) < 1e-4 * Math.Max(1, Math.Abs(a)));
        }
    }
}

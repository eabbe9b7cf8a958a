using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Generative.TextSearch;

/// <summary>com.microsoft's GreedySearch against plain arithmetic, and against ONNX Runtime where its library is there.</summary>
public sealed class GreedySearchTests : IDisposable
{
    private const int Pad = SearchSettings.Pad;

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("Plain", 1, true, 99, null, null, 0, false)]
    [InlineData("Primitive", 2, false, 99, null, null, 0, false)]
    [InlineData("Padded", 3, true, 99, null, null, 0, false)]
    [InlineData("Ends", 3, true, 12, null, null, 0, false)]
    [InlineData("Minimum", 3, true, 12, 9, null, 0, false)]
    [InlineData("Penalty", 2, true, 5, null, 1.7f, 0, false)]
    [InlineData("Phrases", 2, true, 5, null, null, 2, false)]
    [InlineData("Masks", 2, true, 5, null, null, 0, true)]
    [InlineData("Everything", 3, false, 7, 8, 1.3f, 3, true)]
    public void AgreesWithPlainArithmetic(string name, int batch, bool contrib, int end, int? minimum, float? penalty, int phrase, bool masks)
    {
        int[][] prompts = [.. new int[][] { [3, 8, 2, 9], [Pad, Pad, 4, 1], [Pad, 6, 6, 12] }.Take(batch)];
        var settings = new SearchSettings
        {
            Maximum = 14,
            End = end,
            Minimum = minimum,
            Penalty = penalty,
            Phrase = phrase,
            VocabularyMask = masks ? [.. Enumerable.Range(0, DecoderModel.Vocabulary).Select(static token => token is 12 or 4 ? 0 : 1)] : null,
            PrefixMask = masks ? [.. Enumerable.Range(0, batch * DecoderModel.Vocabulary).Select(static index => index % 3 == 1 ? 1 : 0)] : null,
        };
        var decoder = new DecoderModel();
        SearchRun run = Inputs(prompts, settings);
        run.Node("GreedySearch", ["sequences"], ("decoder", decoder.Graph(contrib)), ("eos_token_id", end), ("pad_token_id", Pad), ("no_repeat_ngram_size", phrase));
        Tensor sequences = run.Run(_models, $"Greedy{name}")["sequences"];
        Assert.Equal([batch, settings.Maximum], sequences.Shape.ToArray());
        int[] expected = [.. prompts.SelectMany((prompt, text) => Reference(decoder, settings, prompt).Greedy(prompt, text))];
        Assert.Equal(expected, sequences.AsSpan<int>().ToArray());
        if (run.RunReference() is { } reference)
        {
            Assert.Equal(SearchRun.Integers(reference["sequences"]), sequences.AsSpan<int>().ToArray());
        }
    }

    [Theory]
    [InlineData("Narrow", true, 17, 1)]
    [InlineData("NarrowPenalty", true, 17, 1.25f)]
    [InlineData("NarrowPrimitive", false, 17, 1)]
    [InlineData("FewerNarrow", false, 13, 1)]
    public void NarrowDecoders(string name, bool contrib, int vocabulary, float penalty)
    {
        int[][] prompts = [[3, 8, 2, 9], [Pad, Pad, 4, 1]];
        var decoder = new DecoderModel(type: DataType.Float16);
        var settings = new SearchSettings { Maximum = 12, End = 12, Vocabulary = vocabulary, Penalty = penalty };
        SearchRun run = new SearchRun().Input("input_ids", [.. prompts.SelectMany(static prompt => prompt)], 2, 4).Number<int>("max_length", 12).Omit().Number<Half>("repetition_penalty", (Half)penalty);
        run.Node("GreedySearch", ["sequences"], ("decoder", decoder.Graph(contrib)), ("eos_token_id", 12), ("pad_token_id", Pad), ("vocab_size", vocabulary));
        int[] expected = [.. prompts.SelectMany((prompt, text) => Reference(decoder, settings, prompt).Greedy(prompt, text))];
        Assert.Equal(expected, run.Run(_models, $"Greedy{name}")["sequences"].AsSpan<int>().ToArray());
    }

    [Theory]
    [InlineData("One", 1)]
    [InlineData("Two", 2)]
    public void ScoresBehindTheVocabularyCountForNothing(string name, int batch)
    {
        int[][] prompts = batch == 1 ? [[9]] : [[3, 8, 2, 9], [Pad, Pad, 4, 1]];
        var decoder = new DecoderModel();
        var settings = new SearchSettings { Maximum = 14, Vocabulary = 13, VocabularyMask = [.. Enumerable.Range(0, 13).Select(static token => token == 4 ? 0 : 1)] };
        SearchRun run = Inputs(prompts, settings);
        run.Node("GreedySearch", ["sequences"], ("decoder", decoder.Graph()), ("eos_token_id", 99), ("pad_token_id", Pad), ("vocab_size", 13));
        int[] sequences = run.Run(_models, $"GreedyVocabulary{name}")["sequences"].AsSpan<int>().ToArray();
        int[] all = [.. prompts.SelectMany((prompt, text) => Reference(decoder, settings with { Vocabulary = null, VocabularyMask = null }, prompt).Greedy(prompt, text))];
        Assert.Contains(all, static token => token is > 12 or 4);
        Assert.Equal([.. prompts.SelectMany((prompt, text) => Reference(decoder, settings, prompt).Greedy(prompt, text))], sequences);

        // ONNX Runtime finds the first row of logits alone, as in the test of beams: one text of one token has no others.
        if (batch == 1 && run.RunReference() is { } reference)
        {
            Assert.Equal(SearchRun.Integers(reference["sequences"]), sequences);
        }
    }

    [Fact]
    public void MaskAndLengthsFromOutside()
    {
        // The mask hides a token that is no padding; the maximum length is data of the run.
        int[][] prompts = [[3, 8, 2], [7, 5, 1]];
        var decoder = new DecoderModel();
        OnnxModelBuilder builder = new SearchRun().Input("input_ids", [.. prompts.SelectMany(static prompt => prompt)], 2, 3).Input("max_length", [8], 1).Omit().Omit().Omit().Omit()
            .Input("attention_mask", [0, 1, 1, 1, 1, 1], 2, 3).Node("GreedySearch", ["sequences"], ("decoder", decoder.Graph()), ("eos_token_id", 99), ("pad_token_id", Pad));
        using CompiledModel model = _models.Load("GreedyOpen", builder);
        using CompiledSession session = model.CreateSession();
        foreach ((int maximum, int batch) in new[] { (8, 2), (5, 1), (11, 2), (8, 2) })
        {
            int[] mask = [0, 1, 1, 1, 1, 1];
            var settings = new SearchSettings { Maximum = maximum };
            Tensor sequences = session.Run(new Dictionary<string, Tensor>
            {
                ["input_ids"] = Tensor.Create([.. prompts.Take(batch).SelectMany(static prompt => prompt)], batch, 3),
                ["max_length"] = Tensor.Create([maximum], 1),
                ["attention_mask"] = Tensor.Create([.. mask.Take(batch * 3)], batch, 3),
            })["sequences"];
            int[] expected = [.. prompts.Take(batch).SelectMany((prompt, text) => new SearchReference(settings, tokens => decoder.Scores(
                tokens, [.. mask.Skip(text * 3).Take(3), .. Enumerable.Repeat(1, tokens.Count - 3)], [.. Enumerable.Range(0, tokens.Count)])).Greedy(prompt, text))];
            Assert.Equal(expected, sequences.AsSpan<int>().ToArray());
        }

        Assert.ThrowsAny<ArgumentException>(() => session.Run(new Dictionary<string, Tensor>
        {
            ["input_ids"] = Tensor.Create([3, 8, 2], 1, 3),
            ["max_length"] = Tensor.Create([3], 1),
            ["attention_mask"] = Tensor.Create([1, 1, 1], 1, 3),
        }));
    }

    [Fact]
    public void FirstStepWithAGraphOfItsOwn()
    {
        // Other weights in the first step show which graph it was.
        int[][] prompts = [[3, 8, 2], [Pad, 5, 1]];
        var first = new DecoderModel("first");
        SearchRun run = Inputs(prompts, new SearchSettings { Maximum = 4 });
        run.Node("GreedySearch", ["sequences"], ("decoder", new DecoderModel().Graph()), ("init_decoder", first.Graph()), ("eos_token_id", 99), ("pad_token_id", Pad));
        int[] expected = [.. prompts.SelectMany((prompt, text) => Reference(first, new SearchSettings { Maximum = 4 }, prompt).Greedy(prompt, text))];
        Assert.Equal(expected, run.Run(_models, "GreedyFirst")["sequences"].AsSpan<int>().ToArray());
        SearchRun longer = Inputs(prompts, new SearchSettings { Maximum = 9 });
        longer.Node("GreedySearch", ["sequences"], ("decoder", new DecoderModel().Graph()), ("init_decoder", new DecoderModel().Graph(contrib: false)), ("eos_token_id", 99), ("pad_token_id", Pad));
        expected = [.. prompts.SelectMany((prompt, text) => Reference(new DecoderModel(), new SearchSettings { Maximum = 9 }, prompt).Greedy(prompt, text))];
        Assert.Equal(expected, longer.Run(_models, "GreedyTwo")["sequences"].AsSpan<int>().ToArray());
    }

    [Fact]
    public void WrongModelsAreRefused()
    {
        string Refusal(string name, Action<List<(string, object)>>? change = null, OnnxModelBuilder? decoder = null, int maskSize = DecoderModel.Vocabulary)
        {
            List<(string, object)> attributes = [("decoder", decoder ?? new DecoderModel().Graph()), ("eos_token_id", 5), ("pad_token_id", Pad)];
            change?.Invoke(attributes);
            return _models.Refusal(name, new SearchRun().Input("input_ids", [1, 2, 3], 1, 3).Number<int>("max_length", 8).Omit().Omit().Input("vocab_mask", new int[maskSize], maskSize)
                .Node("GreedySearch", ["sequences"], [.. attributes]));
        }

        Assert.Contains("attribute 'decoder' is missing", Refusal("NoDecoder", static attributes => attributes.RemoveAt(0)));
        Assert.Contains("attribute 'eos_token_id' is missing", Refusal("NoEnd", static attributes => attributes.RemoveAt(1)));
        Assert.Contains("'vocab_size' is 18", Refusal("Size", static attributes => attributes.Add(("vocab_size", 18))));
        Assert.Contains("'model_type' is 1", Refusal("Type", static attributes => attributes.Add(("model_type", 1))));
        Assert.Contains("inputs and", Refusal("Inputs", decoder: new DecoderModel().Graph().Input("more", 1)));
        Assert.Contains("vocab_mask", Refusal("Mask", maskSize: 16));
        Assert.Contains("GreedySearch", Refusal("Mask2", maskSize: 16));
        OnnxModelBuilder fixedLength = new OnnxModelBuilder().Input("input_ids", DataType.Int32, 1, 3).Number("max_length", DataType.Int32, 3, false, 1)
            .Node("com.microsoft.GreedySearch", ["input_ids", "max_length"], ["sequences"], ("decoder", new DecoderModel().Graph()), ("eos_token_id", 5), ("pad_token_id", Pad)).Output("sequences", DataType.Int32, 1, 3);
        Assert.Contains("max_length is 3", _models.Refusal("Maximum", fixedLength));
    }

    internal static SearchRun Inputs(int[][] prompts, SearchSettings settings)
    {
        SearchRun run = new SearchRun().Input("input_ids", [.. prompts.SelectMany(static prompt => prompt)], prompts.Length, prompts[0].Length)
            .Number<int>("max_length", settings.Maximum).Number("min_length", settings.Minimum).Number("repetition_penalty", settings.Penalty);
        run = settings.VocabularyMask is { } mask ? run.Input("vocab_mask", mask, mask.Length) : run.Omit();
        return settings.PrefixMask is { } prefix ? run.Input("prefix_vocab_mask", prefix, prompts.Length, prefix.Length / prompts.Length) : run.Omit();
    }

    /// <summary>Plain searches of a decoder, in which padding has no position and is not seen.</summary>
    internal static SearchReference Reference(DecoderModel decoder, SearchSettings settings, int[] prompt)
    {
        int padding = prompt.TakeWhile(static token => token == Pad).Count();
        return new SearchReference(settings, tokens => decoder.Scores(
            tokens, [.. tokens.Select((_, index) => index < padding ? 0 : 1)], [.. tokens.Select((_, index) => Math.Max(0, index - padding))]));
    }
}

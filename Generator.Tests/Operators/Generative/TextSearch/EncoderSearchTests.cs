using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Xunit;

namespace Cameo.Tests.Operators.Generative.TextSearch;

/// <summary>com.microsoft's BeamSearch and WhisperBeamSearch around an encoder and a decoder, against plain arithmetic and against ONNX Runtime where its library is there.</summary>
public sealed class EncoderSearchTests : IDisposable
{
    private const int Pad = SearchSettings.Pad, Start = 2;

    private static readonly int[][] Texts = [[3, 8, 2, 9, 1], [Pad, Pad, 4, 11, 7], [Pad, 6, 6, 5, 1]];

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("States", 2, true, true, false, 99, 3, false, 0)]
    [InlineData("Alone", 3, false, true, false, 99, 2, false, 0)]
    [InlineData("Ends", 1, false, true, false, 7, 3, false, 0)]
    [InlineData("Early", 3, false, true, false, 7, 3, true, 0)]
    [InlineData("All", 2, false, true, true, 99, 2, false, 2)]
    [InlineData("Later", 2, false, false, false, 7, 3, true, 0)]
    [InlineData("One", 2, true, true, false, 7, 1, true, 2)]
    public void TokensAreRead(string name, int batch, bool states, bool firstStep, bool allTokens, int end, int beams, bool early, int phrase)
    {
        var settings = new SearchSettings { Maximum = 9, End = end, Beams = beams, Returned = beams, StopsEarly = early, Phrase = phrase };
        var models = new EncoderModel(hears: false);
        SearchRun run = BeamSearchTests.Inputs([.. Texts.Take(batch)], settings);
        run.Node("BeamSearch", ["sequences", "sequences_scores", "scores"], ("encoder", models.Encoder(firstStep)), ("decoder", models.Decoder(states, allTokens)), ("eos_token_id", end), ("pad_token_id", Pad),
            ("decoder_start_token_id", Start), ("early_stopping", early ? 1 : 0), ("no_repeat_ngram_size", phrase), ("model_type", 1));
        IReadOnlyDictionary<string, Tensor> results = run.Run(_models, $"Encoder{name}");
        BeamSearchTests.Check(results, [.. Texts.Take(batch).Select((text, index) => new SearchReference(settings, tokens => models.Scores(
            tokens, EncoderModel.OneHot(text), [.. text.Select(static token => token == Pad ? 0 : 1)])).Beams([Start], index))], settings);
        BeamSearchTests.CheckReference(run, results);
    }

    [Theory]
    [InlineData("Plain", 2, 1, false, 99, 3, false)]
    [InlineData("States", 1, 1, true, 7, 2, true)]
    [InlineData("Prompt", 2, 3, false, 7, 3, true)]
    public void FeaturesAreRead(string name, int batch, int prompt, bool states, int end, int beams, bool early)
    {
        const int Frames = 5;
        var settings = new SearchSettings { Maximum = 10, End = end, Beams = beams, Returned = 1, StopsEarly = early };
        var models = new EncoderModel(hears: true);
        float[] features = [.. Enumerable.Range(0, batch * EncoderModel.Features * Frames).Select(static index => MathF.Sin(index * 1.7f))];
        int[][] prompts = [.. Enumerable.Range(0, batch).Select(text => (int[])[Start, .. Enumerable.Range(0, prompt - 1).Select(index => 4 + index + text)])];
        SearchRun run = BeamSearchTests.Numbers(new SearchRun().Input("input_features", features, batch, EncoderModel.Features, Frames), settings);
        if (prompt > 1)
        {
            run = run.Omit().Omit().Omit().Input("decoder_input_ids", [.. prompts.SelectMany(static tokens => tokens)], batch, prompt);
        }

        run.Node("WhisperBeamSearch", ["sequences", "sequences_scores"], ("encoder", models.Encoder(withFirstStep: true)), ("decoder", models.Decoder(states)), ("eos_token_id", end), ("pad_token_id", Pad),
            ("decoder_start_token_id", Start), ("early_stopping", early ? 1 : 0), ("model_type", 2));
        IReadOnlyDictionary<string, Tensor> results = run.Run(_models, $"Whisper{name}");
        BeamSearchTests.Check(results, [.. prompts.Select((tokens, text) => new SearchReference(settings, all => models.Scores(
            all, Columns(features, text, Frames),
            [1, 1, 1, 1, 1])).Beams(tokens, text))], settings);
        BeamSearchTests.CheckReference(run, results);
    }

    [Theory]
    [InlineData("Plain", 2, 3, false, null, 1)]
    [InlineData("Greedy", 3, 1, false, null, 1)]
    [InlineData("Cold", 2, 3, false, 0.3f, 0)]
    [InlineData("Hot", 2, 2, true, 3f, 0)]
    [InlineData("HotTimes", 3, 3, true, 2.5f, 1)]
    [InlineData("ColdTimes", 2, 4, false, 0.5f, 1)]
    public void TimesAndTemperature(string name, int batch, int beams, bool early, float? temperature, int rules)
    {
        const int Frames = 5, Vocabulary = 90, End = 15;
        var special = new WhisperTokens(First: 21, None: 20, LanguageModel: 19, Transcript: 16, Translate: 17, Transcribe: 18);
        var settings = new SearchSettings { Maximum = 16, End = End, Beams = beams, Returned = beams, StopsEarly = early, Temperature = temperature, Times = rules == 1 ? special : null };
        var models = new EncoderModel(hears: true, Vocabulary);
        float[] features = [.. Enumerable.Range(0, batch * EncoderModel.Features * Frames).Select(static index => MathF.Sin(index * 1.3f) * 2)];
        int[][] prompts = [.. new int[][] { [16, 18], [16, 17], [18, 5] }.Take(batch)];
        SearchRun run = BeamSearchTests.Numbers(new SearchRun().Input("input_features", features, batch, EncoderModel.Features, Frames), settings).Omit().Omit().Omit()
            .Input("decoder_input_ids", [.. prompts.SelectMany(static tokens => tokens)], batch, 2).Number<int>("logits_processor", rules).Omit().Omit().Number("temperature", temperature);
        run.Node("WhisperBeamSearch", ["sequences", "sequences_scores"], [("encoder", models.Encoder(withFirstStep: true)), ("decoder", models.Decoder(readsStates: false)), ("eos_token_id", End), ("pad_token_id", Pad),
            ("early_stopping", early ? 1 : 0), ("model_type", 2), .. special.Attributes]);
        IReadOnlyDictionary<string, Tensor> results = run.Run(_models, $"Times{name}");
        BeamSearchTests.Check(results, [.. prompts.Select((tokens, text) => new SearchReference(settings, all => models.Scores(
            all, Columns(features, text, Frames),
            [1, 1, 1, 1, 1])).Beams(tokens, text))], settings);
        Assert.True(rules == 0 || results["sequences"].AsSpan<int>().ToArray().Count(special.IsTime) > 4, "Hardly a time comes.");
        BeamSearchTests.CheckReference(run, results);
    }

    [Fact]
    public void SilenceIsLikelyOrNot()
    {
        const int Frames = 5, Silence = 9;
        var settings = new SearchSettings { Maximum = 7, Beams = 2, Returned = 1 };
        var models = new EncoderModel(hears: true);
        float[] features = [.. Enumerable.Range(0, 2 * EncoderModel.Features * Frames).Select(static index => MathF.Sin(index * 1.7f))];
        SearchRun Inputs() => BeamSearchTests.Numbers(new SearchRun().Input("input_features", features, 2, EncoderModel.Features, Frames), settings).Omit().Omit().Omit().Input("decoder_input_ids", [Start, 5, Start, 7], 2, 2);
        (string, object)[] Attributes(int silence, bool firstStep = true) =>
        [
            ("encoder", models.Encoder(firstStep)), ("decoder", models.Decoder(readsStates: false)), ("eos_token_id", 99), ("pad_token_id", Pad), ("decoder_start_token_id", Start), ("model_type", 2), ("no_speech_token", silence),
        ];
        SearchRun run = Inputs();
        run.Node("WhisperBeamSearch", ["sequences", "", "", "", "silence"], Attributes(Silence));
        float[] silence = run.Run(_models, "WhisperSilence")["silence"].AsSpan<float>().ToArray();
        double[] expected = [.. new int[][] { [Start, 5], [Start, 7] }.Select((tokens, text) =>
        {
            double[] weights = [.. models.Scores(tokens, Columns(features, text, Frames), [1, 1, 1, 1, 1]).Select(Math.Exp)];
            return weights[Silence] / weights.Sum();
        })];
        Assert.Equal(expected, silence.Select(static share => (double)share), static (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Contains("'no_speech_token' is 13", _models.Refusal("SilenceOutside", Inputs().Node("WhisperBeamSearch", ["sequences", "", "", "", "silence"], Attributes(13))), StringComparison.Ordinal);
        Assert.Contains("'no_speech_token' is -1", _models.Refusal("SilenceMissing", Inputs().Node("WhisperBeamSearch", ["sequences", "", "", "", "silence"], Attributes(-1))), StringComparison.Ordinal);
        Assert.Contains("first step", _models.Refusal("SilenceLater", Inputs().Node("WhisperBeamSearch", ["sequences", "", "", "", "silence"], Attributes(Silence, firstStep: false))), StringComparison.Ordinal);
        Assert.Contains("cross_qk", _models.Refusal("Crossed", Inputs().Node("WhisperBeamSearch", ["sequences", "", "", "crossed"], Attributes(Silence))), StringComparison.Ordinal);
    }

    [Fact]
    public void WrongModelsAreRefused()
    {
        var models = new EncoderModel(hears: false);
        string Refusal(string name, params (string, object)[] attributes) => _models.Refusal(name, BeamSearchTests.Inputs([Texts[0]], new SearchSettings { Maximum = 9 })
            .Node("BeamSearch", ["sequences"], [("eos_token_id", 7), ("pad_token_id", Pad), ("model_type", 1), .. attributes]));
        Assert.Contains("attribute 'encoder' is missing", Refusal("NoEncoder", ("decoder", models.Decoder(false)), ("decoder_start_token_id", Start)), StringComparison.Ordinal);
        Assert.Contains("the graph 'encoder' has 3 inputs", Refusal("Fewer", ("decoder", models.Decoder(false)), ("encoder", models.Encoder(true).Output("encoded", "batch", "frames", EncoderModel.Hidden)), ("decoder_start_token_id", Start)), StringComparison.Ordinal);
        Assert.Contains("'decoder_start_token_id' is missing", Refusal("NoStart", ("decoder", models.Decoder(false)), ("encoder", models.Encoder(true))), StringComparison.Ordinal);
    }

    /// <summary>What the encoder reads of one text: its features, frame by frame.</summary>
    private static double[][] Columns(float[] features, int text, int frames) =>
        [.. Enumerable.Range(0, frames).Select(frame => Enumerable.Range(0, EncoderModel.Features).Select(feature => (double)features[(((text * EncoderModel.Features) + feature) * frames) + frame]).ToArray())];
}

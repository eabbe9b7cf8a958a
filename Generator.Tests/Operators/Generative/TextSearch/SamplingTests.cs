using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;

namespace Cameo.Tests.Operators.Generative.TextSearch;

/// <summary>com.microsoft's Sampling: what is drawn from, how often, and the tokens that ONNX Runtime draws for a seed.</summary>
public sealed class SamplingTests : IDisposable
{
    private const int Pad = SearchSettings.Pad;

    private static readonly int[][] Prompts = [[3, 8, 2], [Pad, 5, 1]];

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("Wide", 0.95f, 1f, 1, 0, 7)]
    [InlineData("Narrow", 0.5f, 2f, 1, 0, 8)]
    [InlineData("Hot", 0.9f, 4f, 2, 0, 9)]
    [InlineData("Likeliest", 0.7f, 3f, 1, 1, 10)]
    [InlineData("Kept", 0.01f, 3f, 5, 0, 11)]
    public void DrawsWhatTheSeedSays(string name, float top, float temperature, int kept, int custom, int seed)
    {
        SearchRun run = Inputs(9, seed);
        run.Node("Sampling", ["sequences"], Attributes(top, temperature, kept, custom));
        int[] sequences = run.Run(_models, $"Sampling{name}")["sequences"].AsSpan<int>().ToArray();
        var decoder = new DecoderModel();
        Assert.Equal(Drawn(9, seed, (_, tokens) => Weights(Scores(decoder, tokens), top, temperature, kept, custom == 1)), sequences);
        if (run.RunReference() is { } reference)
        {
            Assert.Equal(SearchRun.Integers(reference["sequences"]), sequences);
        }
    }

    [Theory]
    [InlineData("Presence", 0.9f, 2f, 1, 0, 0.75f, -1e20f, 21)]
    [InlineData("PresenceLikeliest", 0.8f, 3f, 1, 1, 1.5f, -1e20f, 22)]
    [InlineData("PresenceGiven", 0.8f, 1.5f, 3, 0, -0.5f, -1e20f, 23)]
    [InlineData("Filter", 0.6f, 2f, 2, 0, 0f, -2f, 24)]
    [InlineData("FilterLikeliest", 0.6f, 2f, 1, 1, 0f, -3f, 25)]
    [InlineData("PresenceFirst", 0.9f, 3f, 1, 0, -0.5f, -1e20f, 26)]
    public void PresenceAndSettings(string name, float top, float temperature, int kept, int custom, float penalty, float filter, int seed)
    {
        // How often a token counts as present, for each text.
        bool first = name == "PresenceFirst";
        int[] presence = [.. Enumerable.Range(0, Prompts.Length * DecoderModel.Vocabulary).Select(index => first ? (index == 0 ? 3 : 0) : index % 4 == 1 ? 1 + (index % 3) : 0)];
        var decoder = new DecoderModel();
        double[] Settled(int text, int[] tokens) =>
            [.. Scores(decoder, tokens).Select((score, token) => (score / temperature) - (presence[(text * DecoderModel.Vocabulary) + token] * (double)penalty))];
        (string, object)[] attributes = [.. Attributes(top, temperature, kept, custom), ("presence_penalty", penalty), ("filter_value", filter)];
        foreach (int maximum in (int[])[4, 9])
        {
            SearchRun run = new SearchRun().Input("input_ids", [.. Prompts.SelectMany(static prompt => prompt)], Prompts.Length, 3).Number<int>("max_length", maximum).Omit().Omit().Omit().Omit().Omit()
                .Input("presence_mask", presence, Prompts.Length, DecoderModel.Vocabulary).Input("seed", [seed], 1);
            run.Node("Sampling", maximum == 4 ? ["sequences", "filtered_logits"] : ["sequences"], attributes);
            IReadOnlyDictionary<string, Tensor> results = run.Run(_models, $"Sampling{name}{maximum}");
            double[] Weigh(int text, int[] tokens) => [.. Weights(Settled(text, tokens), top, 1, kept, custom == 1).Select(weight => weight == 0 ? Math.Exp(filter) : weight)];
            Assert.Equal(Drawn(maximum, seed, Weigh), results["sequences"].AsSpan<int>().ToArray());
            if (maximum == 4)
            {
                IEnumerable<double> filtered = Prompts.SelectMany((prompt, text) => Settled(text, prompt).Zip(Weights(Settled(text, prompt), top, 1, kept, custom == 1), (score, weight) => weight == 0 ? filter : score));
                Assert.Equal(filtered, results["filtered_logits"].AsSpan<float>().ToArray().Select(static score => (double)score), static (a, b) => Math.Abs(a - b) <= 1e-5 * Math.Max(1, Math.Abs(a)));
            }

            // On processors, ONNX Runtime gives no filtered_logits, and takes every token's penalty from the first score of all.
            if (maximum > 4 && (first || penalty == 0) && run.RunReference() is { } reference)
            {
                Assert.Equal(SearchRun.Integers(reference["sequences"]), results["sequences"].AsSpan<int>().ToArray());
            }
        }
    }

    [Fact]
    public void OnlyTheLikeliestIsGreedy()
    {
        SearchRun run = Inputs(9, 5);
        run.Node("Sampling", ["sequences"], Attributes(1e-6f, 1, 1, 0));
        int[] expected = [.. Prompts.SelectMany(static (prompt, text) => GreedySearchTests.Reference(new DecoderModel(), new SearchSettings { Maximum = 9 }, prompt).Greedy(prompt, text))];
        Assert.Equal(expected, run.Run(_models, "SamplingGreedy")["sequences"].AsSpan<int>().ToArray());
    }

    [Fact]
    public void FrequenciesAreTheProbabilities()
    {
        const int Runs = 4000;
        OnnxModelBuilder builder = Inputs(4, 1).Node("Sampling", ["sequences", "filtered_logits"], Attributes(0.8f, 2, 1, 0));
        using CompiledModel model = _models.Load("SamplingOften", builder);
        using CompiledSession session = model.CreateSession();
        var decoder = new DecoderModel();
        double[][] weights = [.. Prompts.Select(prompt => Weights(Scores(decoder, prompt), 0.8f, 2, 1, keepsLikeliest: false))];
        int[,] counts = new int[Prompts.Length, DecoderModel.Vocabulary];
        for (int seed = 1; seed <= Runs; seed++)
        {
            IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor>
            {
                ["input_ids"] = Tensor.Create([.. Prompts.SelectMany(static prompt => prompt)], Prompts.Length, 3), ["seed"] = Tensor.Create([seed * 7919], 1),
            });
            for (int text = 0; text < Prompts.Length; text++)
            {
                counts[text, results["sequences"].AsSpan<int>()[(text * 4) + 3]]++;
                for (int token = 0; token < DecoderModel.Vocabulary; token++)
                {
                    Assert.Equal(weights[text][token] == 0, results["filtered_logits"].AsSpan<float>()[(text * DecoderModel.Vocabulary) + token] == -1e20f);
                }
            }
        }

        for (int text = 0; text < Prompts.Length; text++)
        {
            for (int token = 0; token < DecoderModel.Vocabulary; token++)
            {
                // Five standard deviations of a binomial distribution.
                double share = weights[text][token] / weights[text].Sum();
                Assert.Equal(share, counts[text, token] / (double)Runs, 5 * Math.Sqrt(share * (1 - share) / Runs) + 1e-9);
            }
        }
    }

    /// <summary>Texts that a seed draws, with weights of the tokens behind each.</summary>
    private static int[] Drawn(int maximum, int seed, Func<int, int[], double[]> weigh)
    {
        uint random = (uint)seed;
        int[][] texts = [.. Prompts.Select(static prompt => prompt.ToArray())];
        for (int length = 3; length < maximum; length++)
        {
            for (int text = 0; text < texts.Length; text++)
            {
                double[] weights = weigh(text, texts[text]);

                // x ← 16807·x mod 2³¹−1, two numbers for one of double precision.
                random = (uint)(16807UL * random % int.MaxValue);
                double wanted = random - 1.0;
                random = (uint)(16807UL * random % int.MaxValue);
                wanted = (wanted + ((random - 1.0) * (int.MaxValue - 1))) / Math.Pow(int.MaxValue - 1, 2) * weights.Sum();
                int token = 0;
                for (double sum = weights[0]; sum <= wanted; sum += weights[++token])
                {
                }

                texts[text] = [.. texts[text], token];
            }
        }

        return [.. texts.SelectMany(static text => text)];
    }

    private static (string, object)[] Attributes(float top, float temperature, int kept, int custom) =>
    [
        ("decoder", new DecoderModel().Graph()), ("eos_token_id", 99), ("pad_token_id", Pad), ("top_p", top), ("temperature", temperature), ("min_tokens_to_keep", kept), ("custom", custom),
    ];

    private static SearchRun Inputs(int maximum, int seed) => new SearchRun().Input("input_ids", [.. Prompts.SelectMany(static prompt => prompt)], Prompts.Length, 3)
        .Number<int>("max_length", maximum).Omit().Omit().Omit().Omit().Omit().Omit().Input("seed", [seed], 1);

    private static double[] Scores(DecoderModel decoder, int[] tokens)
    {
        int padding = tokens.TakeWhile(static token => token == Pad).Count() is var count && count < 3 ? count : 0;
        return decoder.Scores(tokens, [.. tokens.Select((_, index) => index < padding ? 0 : 1)], [.. tokens.Select((_, index) => Math.Max(0, index - padding))]);
    }

    /// <summary>Weights with which tokens are drawn; 0 for those that are too unlikely.</summary>
    private static double[] Weights(double[] scores, float top, float temperature, int kept, bool keepsLikeliest)
    {
        double[] weights = [.. scores.Select(score => Math.Exp(score / temperature))];
        double total = weights.Sum(), sum = 0;
        int[] order = [.. Enumerable.Range(0, weights.Length).OrderBy(token => keepsLikeliest ? -weights[token] : weights[token])];
        double[] result = [.. weights];
        for (int rank = 0; rank < order.Length - (keepsLikeliest ? 1 : kept); rank++)
        {
            sum += weights[order[rank]] / total;
            if (keepsLikeliest && sum > top)
            {
                result[order[rank + 1]] = 0;
            }
            else if (!keepsLikeliest && sum <= 1 - top)
            {
                result[order[rank]] = 0;
            }
        }

        return result;
    }
}

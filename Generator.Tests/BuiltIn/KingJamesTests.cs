using System.Text.Json;
using System.Text.RegularExpressions;
using Cameo.Generation;
using Cameo.Models;
using Cameo.Tests.Infrastructure;
using Cameo.Tokenizers;
using Xunit;

namespace Cameo.Tests.BuiltIn;

public partial class KingJamesTests
{
    private static readonly string Folder = Path.Combine(TestData.Repository, "Models", "language");

    private static readonly string[] Prompts =
    [
        "In the beginning", "And the LORD said unto", "Now there was a man", "Blessed are they that", "The words of", "And Jesus answered",
        "The king's servants", "O give thanks", "Behold, I send", "And it came to pass",
    ];

    [Fact]
    public void The_prompt_has_the_tokens_of_training()
    {
        JsonElement reference = Reference();
        Assert.Equal(Tokens(reference, "prompt_ids"), KingJamesTokenizer.Load().Encode(reference.GetProperty("prompt").GetString()));
    }

    [Fact]
    public void Greedy_tokens_and_logits_are_those_of_the_training_framework()
    {
        JsonElement reference = Reference();
        int[] prompt = Tokens(reference, "prompt_ids"), greedy = Tokens(reference, "greedy_ids");
        using var model = new KingJames();
        using KingJames.Session session = model.CreateSession();
        AssertLogits(reference.GetProperty("prompt_last_logits"), session.Forward(prompt));
        for (int i = 0; i < greedy.Length - 2; i++)
        {
            session.Forward([greedy[i]]);
        }

        AssertLogits(reference.GetProperty("last_logits"), session.Forward([greedy[^2]]));
        session.Reset();
        var generated = new List<int>();
        foreach (int token in session.Generate(prompt, new GenerationOptions { MaximumTokens = greedy.Length }))
        {
            generated.Add(token);
        }

        Assert.Equal(greedy, generated);
    }

    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(0.7, 40, 1)]
    [InlineData(0.8, 40, 0.95)]
    public void At_least_95_of_100_generated_words_are_words_of_the_corpus(float temperature, int topK, float topP)
    {
        var known = File.ReadLines(Path.Combine(Folder, "words.txt")).ToHashSet(StringComparer.Ordinal);
        BytePairTokenizer tokenizer = KingJamesTokenizer.Load();
        using var model = new KingJames();
        using KingJames.Session session = model.CreateSession();
        int total = 0, found = 0;
        foreach (string prompt in Prompts)
        {
            session.Reset();
            var tokens = new List<int>();
            var options = new GenerationOptions
            {
                Temperature = temperature, TopK = topK, TopP = topP, Seed = 7, MaximumTokens = 200, StopTokens = [tokenizer.EndToken],
            };
            foreach (int token in session.Generate(tokenizer.Encode(prompt), options))
            {
                tokens.Add(token);
            }

            // The first word may belong to the prompt's last one, the last may be cut off.
            string[] words = [.. Word().Matches(tokenizer.Decode([.. tokens]).ToLowerInvariant()).Select(match => match.Value).Skip(1).SkipLast(1)];
            total += words.Length;
            found += words.Count(known.Contains);
        }

        Assert.True(total > 500, $"{total} words are too few to tell");
        Assert.True(found >= 0.95 * total, $"{found} of {total} words are known");
    }

    private static JsonElement Reference() => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "reference.json"))).RootElement;

    private static int[] Tokens(JsonElement reference, string name) => [.. reference.GetProperty(name).EnumerateArray().Select(token => token.GetInt32())];

    private static void AssertLogits(JsonElement stored, ReadOnlySpan<float> actual)
    {
        double[] expected = [.. stored.EnumerateArray().Select(logit => logit.GetDouble())];
        Assert.Equal(expected.Length, actual.Length);
        // The rule of the test data for float32 against float64.
        double absolute = 1e-5 * Math.Max(1, expected.Max(Math.Abs));
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(actual[i] - expected[i]) <= absolute + 1e-3 * Math.Abs(expected[i]), $"logit {i} is {actual[i]}, not {expected[i]}");
        }
    }

    [GeneratedRegex("[a-z]+(?:'[a-z]+)*")]
    private static partial Regex Word();
}

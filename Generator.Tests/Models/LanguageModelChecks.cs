using System.Runtime.InteropServices;
using Cameo.Generation;
using Cameo.Sessions;
using Xunit;

namespace Cameo.Tests.Models;

/// <summary>A language model must say what is stored, however its tokens are fed and whatever the number of threads, and with the same bits.</summary>
internal static class LanguageModelChecks
{
    private static readonly int[] ThreadCounts = [1, 2];

    /// <summary>One token a run.</summary>
    public static void SingleTokens(CompiledModel model, GreedyText expected)
    {
        float[][][] logits = [.. ThreadCounts.Select(threads =>
        {
            using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
            var decoder = new GreedyDecoder(session);
            int next = 0;
            foreach (int token in expected.Prompt)
            {
                next = decoder.Feed(token);
            }

            AssertStored(expected, Continue(decoder, next, expected.Texts[0].Length));
            return decoder.Logits.ToArray();
        })];
        AssertSameBits(logits[0], logits[1]);
    }

    /// <summary>The prompt and half of the text in one run, the rest one token a run.</summary>
    public static void PrefillAndDecode(CompiledModel model, GreedyText expected)
    {
        float[][][] logits = [.. ThreadCounts.Select(threads =>
        {
            using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
            var decoder = new GreedyDecoder(session);
            int[] text = Text(model, expected);
            int half = text.Length / 2;
            int next = decoder.Feed([.. expected.Prompt, .. text[..half]]);
            int[] told = [.. decoder.Logits.Skip(expected.Prompt.Length - 1).Take(half).Select(static position => GreedyDecoder.Best(position))];
            Assert.Equal(text[..half], told);
            Assert.Equal(text[half..], Continue(decoder, next, text.Length - half));
            return decoder.Logits.ToArray();
        })];
        AssertSameBits(logits[0], logits[1]);
    }

    /// <summary>Through the generated Generate; logits must have the bits that the untyped interface gives.</summary>
    public static void Generate(CompiledModel model, GreedyText expected)
    {
        foreach (int threads in ThreadCounts)
        {
            using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
            var decoder = Assert.IsAssignableFrom<IDecoder>(session);
            var generator = new TokenGenerator(decoder);
            int length = expected.Texts[0].Length;
            AssertStored(expected, [.. generator.Generate(expected.Prompt, new GenerationOptions { MaximumTokens = length })]);
            Assert.Equal(StopReason.MaximumTokens, generator.StopReason);
            Assert.Equal(expected.Prompt.Length + length, decoder.Length);

            using CompiledSession other = model.CreateSession(new SessionOptions { Threads = threads });
            var untyped = new GreedyDecoder(other);
            untyped.Feed(expected.Prompt);
            decoder.Reset();
            AssertSameBits([decoder.Forward(expected.Prompt).ToArray()], [untyped.Logits[^1]]);
        }
    }

    private static List<int> Continue(GreedyDecoder decoder, int next, int length)
    {
        List<int> tokens = [next];
        while (tokens.Count < length)
        {
            tokens.Add(decoder.Feed(tokens[^1]));
        }

        return tokens;
    }

    /// <summary>Of several right texts, the one that this model gives.</summary>
    private static int[] Text(CompiledModel model, GreedyText expected)
    {
        if (expected.Texts.Count == 1)
        {
            return expected.Texts[0];
        }

        using CompiledSession session = model.CreateSession();
        var decoder = new GreedyDecoder(session);
        return [.. Continue(decoder, decoder.Feed(expected.Prompt), expected.Texts[0].Length)];
    }

    private static void AssertStored(GreedyText expected, IReadOnlyList<int> actual)
    {
        if (!expected.Texts.Any(text => text.SequenceEqual(actual)))
        {
            Assert.Equal(expected.Texts[^1], actual);
        }
    }

    private static void AssertSameBits(float[][] first, float[][] second)
    {
        Assert.Equal(first.Length, second.Length);
        for (int position = 0; position < first.Length; position++)
        {
            Assert.True(
                MemoryMarshal.AsBytes<float>(first[position]).SequenceEqual(MemoryMarshal.AsBytes<float>(second[position])),
                $"The logits of position {position} differ in their bits.");
        }
    }
}

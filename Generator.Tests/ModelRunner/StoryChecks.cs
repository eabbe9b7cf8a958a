using System.Runtime.InteropServices;
using Cameo.Generation;
using Cameo.Sessions;
using Cameo.Tests.Models;

namespace Cameo.ModelRunner;

/// <summary>The language model must write the stored text: token by token, after a prefill, and through Generate, with the same bits for every number of threads.</summary>
internal sealed class StoryChecks(CheckList checks, int[] threadCounts)
{
    // With one token the first run is like all others; 40 is more than a tile of any kernel has rows.
    private static readonly int[] PrefillLengths = [1, 40];

    private readonly Dictionary<int, float[]> _first = [];

    public void Run()
    {
        var text = GreedyText.Read(StoredModel.StoriesFolder);
        int[] tokens = [.. text.Prompt, .. text.Texts[0]];
        using var model = new Stories();
        foreach (int threads in threadCounts)
        {
            using Stories.Session session = model.CreateSession(new SessionOptions { Threads = threads });
            foreach (int prefill in PrefillLengths)
            {
                string name = FormattableString.Invariant($"{StoredModel.StoriesFolder}, prefill {prefill}, threads {threads}");
                checks.Run($"{name}: stored text", () => Decode(session, tokens, text.Prompt.Length, prefill));
                checks.Run($"{name}: no allocation", () => Allocations.Find(() => Forward(session, tokens, prefill, null)));
                checks.Run($"{name}: Generate", () => Generate(session, tokens, prefill));
                checks.Run($"{name}: no allocation in Generate", () => FindAllocations(session, tokens, prefill));
            }
        }
    }

    /// <summary>Feeds the stored text and keeps all logits; each must have the next token of the text as its best.</summary>
    private string? Decode(Stories.Session session, int[] tokens, int prompt, int prefill)
    {
        float[] logits = new float[tokens.Length * Stories.Session.VocabularySize];
        Forward(session, tokens, prefill, logits);
        var sampler = new Sampler(Stories.Session.VocabularySize);
        sampler.Start(GenerationOptions.Default);
        for (int index = Math.Max(prompt, prefill) - 1; index < tokens.Length - 1; index++)
        {
            int best = sampler.Sample(logits.AsSpan(index * Stories.Session.VocabularySize, Stories.Session.VocabularySize));
            if (best != tokens[index + 1])
            {
                return FormattableString.Invariant($"token {index + 1} is {best} instead of {tokens[index + 1]}");
            }
        }

        return _first.TryAdd(prefill, logits) || MemoryMarshal.AsBytes<float>(logits).SequenceEqual(MemoryMarshal.AsBytes<float>(_first[prefill]))
            ? null
            : "the bits of the logits depend on the number of threads";
    }

    private static void Forward(Stories.Session session, int[] tokens, int prefill, float[]? logits)
    {
        session.Reset();
        int length = 0;
        while (length < tokens.Length)
        {
            int count = length == 0 ? prefill : 1;
            ReadOnlySpan<float> last = session.Forward(tokens.AsSpan(length, count));
            length += count;
            if (logits is not null)
            {
                last.CopyTo(logits.AsSpan((length - 1) * Stories.Session.VocabularySize));
            }
        }
    }

    private static string? Generate(Stories.Session session, int[] tokens, int prefill)
    {
        session.Reset();
        List<int> generated = [];
        foreach (int token in session.Generate(tokens.AsSpan(0, prefill), new GenerationOptions { MaximumTokens = tokens.Length - prefill }))
        {
            generated.Add(token);
        }

        return !generated.SequenceEqual(tokens[prefill..]) ? $"the text is {string.Join(' ', generated)}"
            : session.Generator.StopReason != StopReason.MaximumTokens ? $"it stops for {session.Generator.StopReason}"
            : session.Length != tokens.Length ? FormattableString.Invariant($"the state holds {session.Length} tokens instead of {tokens.Length}")
            : null;
    }

    private static string? FindAllocations(Stories.Session session, int[] tokens, int prefill)
    {
        var options = new GenerationOptions { MaximumTokens = tokens.Length - prefill };
        return Allocations.Find(() =>
        {
            session.Reset();
            foreach (int token in session.Generate(tokens.AsSpan(0, prefill), options))
            {
                _ = token;
            }
        });
    }
}

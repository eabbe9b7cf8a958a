using System.Runtime.InteropServices;
using Cameo.Generation;
using Cameo.Sessions;
using Cameo.Tests.Models;

namespace Cameo.ModelRunner;

/// <summary>
/// A language model must write the stored text: token by token, after a prefill, and through Generate, with the same bits for every number of threads and without
/// allocating. Where several texts are stored, each is right.
/// </summary>
internal sealed class StoryChecks(CheckList checks, string folder, Func<CompiledModel> load, int[] threadCounts)
{
    // With one token the first run is like all others; 40 is more than a tile of any kernel has rows.
    private static readonly int[] PrefillLengths = [1, 40];

    private readonly Dictionary<int, float[]> _first = [];

    public void Run()
    {
        var text = GreedyText.Read(folder);
        using CompiledModel model = load();
        foreach (int threads in threadCounts)
        {
            using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
            if (session is not IDecoder decoder)
            {
                checks.Run($"{folder}: Generate", static () => "the session is no decoder");
                continue;
            }

            int[] tokens = Text(decoder, text);
            foreach (int prefill in PrefillLengths)
            {
                string name = FormattableString.Invariant($"{folder}, prefill {prefill}, threads {threads}");
                checks.Run($"{name}: stored text", () => Decode(decoder, tokens, text.Prompt.Length, prefill));
                checks.Run($"{name}: no allocation", () => Allocations.Find(() => Forward(decoder, tokens, prefill, null)));
                checks.Run($"{name}: Generate", () => Generate(decoder, tokens, prefill));
                checks.Run($"{name}: no allocation in Generate", () => FindAllocations(decoder, tokens, prefill));
            }
        }
    }

    /// <summary>Of several right texts the one that the model's first choice leads to, with the prompt before it.</summary>
    private static int[] Text(IDecoder decoder, GreedyText text)
    {
        int[][] texts = [.. text.Texts.Select(tokens => (int[])[.. text.Prompt, .. tokens])];
        List<int> generated = [.. text.Prompt];
        foreach (int token in new TokenGenerator(decoder).Generate(text.Prompt, new GenerationOptions { MaximumTokens = text.Texts[0].Length }))
        {
            generated.Add(token);
        }

        return texts.FirstOrDefault(candidate => candidate.SequenceEqual(generated)) ?? texts[0];
    }

    /// <summary>Feeds the stored text and keeps all logits; each must have the next token of the text as its best.</summary>
    private string? Decode(IDecoder decoder, int[] tokens, int prompt, int prefill)
    {
        float[] logits = new float[tokens.Length * decoder.VocabularySize];
        Forward(decoder, tokens, prefill, logits);
        var sampler = new Sampler(decoder.VocabularySize);
        sampler.Start(GenerationOptions.Default);
        for (int index = Math.Max(prompt, prefill) - 1; index < tokens.Length - 1; index++)
        {
            int best = sampler.Sample(logits.AsSpan(index * decoder.VocabularySize, decoder.VocabularySize));
            if (best != tokens[index + 1])
            {
                return FormattableString.Invariant($"token {index + 1} is {best} instead of {tokens[index + 1]}");
            }
        }

        return _first.TryAdd(prefill, logits) || MemoryMarshal.AsBytes<float>(logits).SequenceEqual(MemoryMarshal.AsBytes<float>(_first[prefill]))
            ? null
            : "the bits of the logits depend on the number of threads";
    }

    private static void Forward(IDecoder decoder, int[] tokens, int prefill, float[]? logits)
    {
        decoder.Reset();
        int length = 0;
        while (length < tokens.Length)
        {
            int count = length == 0 ? prefill : 1;
            ReadOnlySpan<float> last = decoder.Forward(tokens.AsSpan(length, count));
            length += count;
            if (logits is not null)
            {
                last.CopyTo(logits.AsSpan((length - 1) * decoder.VocabularySize));
            }
        }
    }

    private static string? Generate(IDecoder decoder, int[] tokens, int prefill)
    {
        decoder.Reset();
        var generator = new TokenGenerator(decoder);
        List<int> generated = [];
        foreach (int token in generator.Generate(tokens.AsSpan(0, prefill), new GenerationOptions { MaximumTokens = tokens.Length - prefill }))
        {
            generated.Add(token);
        }

        return !generated.SequenceEqual(tokens[prefill..]) ? $"the text is {string.Join(' ', generated)}"
            : generator.StopReason != StopReason.MaximumTokens ? $"it stops for {generator.StopReason}"
            : decoder.Length != tokens.Length ? FormattableString.Invariant($"the state holds {decoder.Length} tokens instead of {tokens.Length}")
            : null;
    }

    private static string? FindAllocations(IDecoder decoder, int[] tokens, int prefill)
    {
        var generator = new TokenGenerator(decoder);
        var options = new GenerationOptions { MaximumTokens = tokens.Length - prefill };
        return Allocations.Find(() =>
        {
            decoder.Reset();
            foreach (int token in generator.Generate(tokens.AsSpan(0, prefill), options))
            {
                _ = token;
            }
        });
    }
}

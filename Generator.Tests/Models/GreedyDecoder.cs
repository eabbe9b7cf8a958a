using Cameo.Descriptions;
using Cameo.Sessions;

namespace Cameo.Tests.Models;

/// <summary>
/// Decodes greedily through the untyped interface: it makes the inputs that language models have besides tokens, a mask of ones, positions and write positions, by their
/// names. Caches stay in the session where they are states; others are handed from run to run.
/// </summary>
internal sealed class GreedyDecoder(CompiledSession session)
{
    private readonly Dictionary<string, Tensor> _caches = new(StringComparer.Ordinal);
    private int _position;

    /// <summary>Logits of all positions fed so far, one array a position.</summary>
    public List<float[]> Logits { get; } = [];

    /// <summary>Appends tokens and returns the best continuation of the last one.</summary>
    public int Feed(params ReadOnlySpan<int> tokens)
    {
        Dictionary<string, Tensor> inputs = new(StringComparer.Ordinal);
        foreach (ValueDescription input in session.Description.Inputs)
        {
            inputs.Add(input.Name, MakeInput(input, tokens));
        }

        _position += tokens.Length;
        IReadOnlyDictionary<string, Tensor> outputs = session.Run(inputs);
        foreach (string cache in _caches.Keys.ToArray())
        {
            _caches[cache] = outputs[Present(cache)];
        }

        Tensor logits = outputs[session.Description.Outputs.Single(static output => output.Dimensions.Length == 3).Name];
        if (logits.Rank != 3 || logits.Shape[0] != 1 || logits.Shape[1] != tokens.Length)
        {
            throw new InvalidOperationException($"{tokens.Length} tokens give logits {logits}.");
        }

        int vocabulary = (int)logits.Shape[2];
        for (int position = 0; position < tokens.Length; position++)
        {
            Logits.Add(logits.AsSpan<float>().Slice(position * vocabulary, vocabulary).ToArray());
        }

        return Best(Logits[^1]);
    }

    public static int Best(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int index = 1; index < logits.Length; index++)
        {
            best = logits[index] > logits[best] ? index : best;
        }

        return best;
    }

    private Tensor MakeInput(ValueDescription input, ReadOnlySpan<int> tokens)
    {
        if (input.Name.StartsWith("past", StringComparison.Ordinal))
        {
            if (!_caches.TryGetValue(input.Name, out Tensor? cache))
            {
                cache = new Tensor(input.ElementType, Empty(input));
                _caches.Add(input.Name, cache);
            }

            return cache;
        }

        if (input.Name == "write_indices")
        {
            return Tensor.Create([(long)_position], 1);
        }

        if (input.Dimensions.Length != 2)
        {
            throw new NotSupportedException($"Nothing is known of the input '{input.Name}'.");
        }

        if (input.Name.Contains("mask", StringComparison.Ordinal))
        {
            return Make(input.ElementType, Enumerable.Repeat(1, _position + tokens.Length));
        }

        return input.Name.Contains("position", StringComparison.Ordinal)
            ? Make(input.ElementType, Enumerable.Range(_position, tokens.Length))
            : Make(input.ElementType, tokens.ToArray());
    }

    private static string Present(string past) => past.Replace("past_key_values", "present", StringComparison.Ordinal).Replace("past", "present", StringComparison.Ordinal);

    /// <summary>The shape of a cache of one row before the first run.</summary>
    private static long[] Empty(ValueDescription cache) =>
        [.. cache.Dimensions.Select(static dimension => long.TryParse(dimension, out long size) ? size : dimension.StartsWith("batch", StringComparison.Ordinal) ? 1 : 0)];

    private static Tensor Make(ElementType type, IEnumerable<int> values)
    {
        int[] numbers = [.. values];
        return type switch
        {
            ElementType.Int64 => Tensor.Create([.. numbers.Select(static number => (long)number)], 1, numbers.Length),
            ElementType.Int32 => Tensor.Create(numbers, 1, numbers.Length),
            ElementType.Boolean => Tensor.Create([.. numbers.Select(static number => number != 0)], 1, numbers.Length),
            _ => throw new NotSupportedException($"Inputs of type {type} are not made here."),
        };
    }
}

using System.Numerics;

namespace Cameo.Kernels;

/// <summary>
/// Counts the known n-grams of rows of integers (ONNX's TfIdfVectorizer); strings are integers by their handles. N-grams stand in a tree of their items, so that those with a
/// common beginning are looked for together. Immutable.
/// </summary>
public sealed unsafe class NGramVectorizer
{
    private const int NoGram = -1;

    private readonly int _shortest;
    private readonly int _longest;
    private readonly int _skips;
    private readonly bool _isTruncated;
    private readonly Dictionary<(int Node, long Item), int> _children = [];
    private readonly List<int> _columns = [NoGram];
    private readonly float[]? _weights;

    /// <summary>Builds the tree.</summary>
    /// <param name="shortest">Items of the shortest n-grams to count; 1 or more.</param>
    /// <param name="longest">Items of the longest.</param>
    /// <param name="skips">Items that may be left out between two of an n-gram: every number up to this is tried.</param>
    /// <param name="isTruncated">Whether an n-gram counts once however often it comes (mode IDF).</param>
    /// <param name="starts">Where the n-grams of 1, 2, … items begin in the pool.</param>
    /// <param name="pool">The items of all n-grams, one n-gram after the other.</param>
    /// <param name="columns">The output's column of each n-gram.</param>
    /// <param name="weights">What each column is multiplied by; empty for nothing.</param>
    public NGramVectorizer(int shortest, int longest, int skips, bool isTruncated, ReadOnlySpan<long> starts, ReadOnlySpan<long> pool, ReadOnlySpan<int> columns, ReadOnlySpan<float> weights)
    {
        (_shortest, _longest, _skips, _isTruncated) = (shortest, longest, skips, isTruncated);
        _weights = weights.IsEmpty ? null : weights.ToArray();
        int gram = 0;
        for (int length = 1; length <= starts.Length; length++)
        {
            int end = (int)(length < starts.Length ? starts[length] : pool.Length);
            for (int start = (int)starts[length - 1]; start < end; start += length, gram++)
            {
                if (length >= shortest && length <= longest)
                {
                    Add(pool.Slice(start, length), columns[gram]);
                }
            }
        }
    }

    /// <summary>Counts the n-grams of rows.</summary>
    /// <typeparam name="T">int or long.</typeparam>
    /// <param name="input">[rows, length] items.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="length">Items of a row.</param>
    /// <param name="output">[rows, width] counts, weighted.</param>
    /// <param name="width">Columns of the output.</param>
    public void Run<T>(T* input, long rows, long length, float* output, long width)
        where T : unmanaged, IBinaryInteger<T>
    {
        new Span<float>(output, checked((int)(rows * width))).Clear();
        for (long row = 0; row < rows; row++)
        {
            Count(input + (row * length), length, output + (row * width));
            Weigh(output + (row * width), width);
        }
    }

    private void Add(ReadOnlySpan<long> items, int column)
    {
        int node = 0;
        foreach (long item in items)
        {
            if (!_children.TryGetValue((node, item), out int child))
            {
                child = _columns.Count;
                _children.Add((node, item), child);
                _columns.Add(NoGram);
            }

            node = child;
        }

        _columns[node] = column;
    }

    private void Count<T>(T* items, long length, float* counts)
        where T : unmanaged, IBinaryInteger<T>
    {
        int shortest = _shortest;
        for (long distance = 1; distance <= _skips + 1L; distance++)
        {
            for (long start = 0; start < length; start++)
            {
                int node = 0;
                long position = start;
                for (int size = 1; size <= _longest && position < length && _children.TryGetValue((node, long.CreateTruncating(items[position])), out node); size++)
                {
                    if (size >= shortest && _columns[node] is >= 0 and var column)
                    {
                        counts[column]++;
                    }

                    position += distance;
                }
            }

            // Single items are the same at every distance.
            shortest = Math.Max(shortest, 2);
            if (shortest > _longest)
            {
                break;
            }
        }
    }

    private void Weigh(float* counts, long width)
    {
        for (long column = 0; column < width; column++)
        {
            float count = _isTruncated ? Math.Min(counts[column], 1) : counts[column];
            counts[column] = _weights is null ? count : count * _weights[column];
        }
    }
}

using Cameo.Kernels;
using Cameo.Threading;
using Cameo.Vectors;
using Xunit;
using AttentionKernel = Cameo.Kernels.Attention;

namespace Cameo.Tests.AttentionKernels;

/// <summary>One attention problem with random operands, its reference in double precision, and the kernel's answer.</summary>
internal sealed unsafe record AttentionCase
{
    // Around every operand, so that a read past its end becomes visible in the result.
    private const int Guard = 64;

    public int Batch { get; init; } = 1;

    public int QueryLength { get; init; } = 1;

    public int QueryHeads { get; init; } = 1;

    public int KeyHeads { get; init; } = 1;

    public int HeadSize { get; init; } = 8;

    public int ValueHeadSize { get; init; }

    /// <summary>Keys before the first query, for each row.</summary>
    public int[] Past { get; init; } = [0];

    public int[]? FirstQueries { get; init; }

    public int[]? QueryCounts { get; init; }

    /// <summary>Keys of each row; without it those of the past and the run.</summary>
    public int[]? Keys { get; init; }

    public bool IsCausal { get; init; }

    public int Window { get; init; }

    public float SoftCap { get; init; }

    public bool HeadsFirst { get; init; }

    public FullyMaskedRows FullyMasked { get; init; }

    /// <summary>Whether a modifier of probabilities makes something of 0.</summary>
    public bool WeighsUnseen { get; init; }

    /// <summary>A score a query head that joins the softmax without a value.</summary>
    public float[]? Sinks { get; init; }

    public int Threads { get; init; } = 1;

    public int Seed { get; init; } = 1;

    /// <summary>Magnitude of the queries; large values make sharp softmaxes.</summary>
    public float Magnitude { get; init; } = 1;

    private int ValueSize => ValueHeadSize == 0 ? HeadSize : ValueHeadSize;

    private int First(int row) => FirstQueries?[row] ?? 0;

    private int Count(int row) => QueryCounts?[row] ?? QueryLength;

    private int PastOf(int row) => Past[row % Past.Length];

    public int KeysOf(int row) => Keys?[row % Keys.Length] ?? PastOf(row) + Count(row);

    public int MaximumKeys => Enumerable.Range(0, Batch).Max(KeysOf);

    /// <summary>Runs the kernel at the width of the process.</summary>
    public float[] Run<TScore>(TScore modifier)
        where TScore : struct, IScoreModifier
        => RunCore((Workers workers, in AttentionArguments arguments) => AttentionKernel.Run(workers, arguments, modifier));

    /// <summary>Runs the kernel with modified probabilities at the width of the process.</summary>
    public float[] Run<TScore, TProbability>(TScore modifier, TProbability probabilityModifier)
        where TScore : struct, IScoreModifier
        where TProbability : struct, IScoreModifier
        => RunCore((Workers workers, in AttentionArguments arguments) => AttentionKernel.Run(workers, arguments, modifier, probabilityModifier));

    /// <summary>Runs the kernel with modified probabilities at a given width.</summary>
    public float[] RunWith<V, TScore, TProbability>(TScore modifier, TProbability probabilityModifier)
        where V : struct, IVector<V>
        where TScore : struct, IScoreModifier
        where TProbability : struct, IScoreModifier
        => RunCore((Workers workers, in AttentionArguments arguments) => AttentionKernel.RunWith<V, TScore, TProbability>(workers, arguments, modifier, probabilityModifier));

    /// <summary>Runs the kernel at a given width.</summary>
    public float[] RunWith<V, TScore>(TScore modifier)
        where V : struct, IVector<V>
        where TScore : struct, IScoreModifier
        => RunCore((Workers workers, in AttentionArguments arguments) => AttentionKernel.RunWith<V, TScore>(workers, arguments, modifier));

    /// <summary>
    /// The answer in double precision; <paramref name="modifier"/> maps (score, batch, head, query, key), and <paramref name="probabilityModifier"/> probabilities in the same way.
    /// </summary>
    public double[] Reference(Func<double, int, int, int, int, double>? modifier = null, Func<double, int, int, int, int, double>? probabilityModifier = null)
    {
        (float[] query, float[] key, float[] value) = Operands();
        var result = new double[Batch * QueryLength * QueryHeads * ValueSize];
        for (int row = 0; row < Batch; row++)
        {
            for (int head = 0; head < QueryHeads; head++)
            {
                for (int position = 0; position < QueryLength; position++)
                {
                    ReferenceRow(query, key, value, row, head, position, modifier, probabilityModifier, result);
                }
            }
        }

        return result;
    }

    public void Check<TScore>(TScore modifier, Func<double, int, int, int, int, double>? reference = null, double tolerance = 2e-5)
        where TScore : struct, IScoreModifier
        => Compare(Reference(reference), Run(modifier), tolerance);

    public void Compare(double[] expected, float[] actual, double tolerance = 2e-5)
    {
        for (int index = 0; index < expected.Length; index++)
        {
            bool same = double.IsNaN(expected[index])
                ? float.IsNaN(actual[index])
                : Math.Abs(expected[index] - actual[index]) <= tolerance * (1 + Math.Abs(expected[index]));
            Assert.True(same, $"element {index}: expected {expected[index]}, got {actual[index]} ({Describe()})");
        }
    }

    private string Describe() =>
        $"batch {Batch}, queries {QueryLength}, heads {QueryHeads}/{KeyHeads}, size {HeadSize}/{ValueSize}, past {string.Join(',', Past)}, "
        + $"causal {IsCausal}, window {Window}, cap {SoftCap}, heads first {HeadsFirst}, threads {Threads}";

    // Query [batch, sequence, heads, size], key and value [batch, key, heads, size]: the order of the reference.
    private (float[] Query, float[] Key, float[] Value) Operands()
    {
        var random = new Random(Seed);
        float[] Fill(int count, float magnitude) => [.. Enumerable.Range(0, count).Select(_ => ((random.NextSingle() * 2) - 1) * magnitude)];
        return (
            Fill(Batch * QueryLength * QueryHeads * HeadSize, Magnitude),
            Fill(Batch * MaximumKeys * KeyHeads * HeadSize, 1),
            Fill(Batch * MaximumKeys * KeyHeads * ValueSize, 1));
    }

    private void ReferenceRow(
        float[] query, float[] key, float[] value, int row, int head, int position, Func<double, int, int, int, int, double>? modifier,
        Func<double, int, int, int, int, double>? probabilityModifier, double[] result)
    {
        int keyHead = head / (QueryHeads / KeyHeads);
        int step = position - First(row);
        int absolute = PastOf(row) + step;
        int output = ((((row * QueryLength) + position) * QueryHeads) + head) * ValueSize;
        bool isPadding = step < 0 || step >= Count(row);
        if (isPadding)
        {
            return;
        }

        var scores = new List<(int Key, double Score)>();
        for (int index = 0; index < KeysOf(row); index++)
        {
            if ((IsCausal && index > absolute) || (Window > 0 && index <= absolute - Window))
            {
                continue;
            }

            double score = 0;
            for (int element = 0; element < HeadSize; element++)
            {
                score += (double)query[((((row * QueryLength) + position) * QueryHeads) + head) * HeadSize + element]
                    * key[((((row * MaximumKeys) + index) * KeyHeads) + keyHead) * HeadSize + element];
            }

            score *= 1 / Math.Sqrt(HeadSize);
            score = SoftCap == 0 ? score : SoftCap * Math.Tanh(score / SoftCap);
            score = modifier?.Invoke(score, row, head, position, index) ?? score;
            scores.Add((index, score));
        }

        double maximum = scores.Count == 0 ? double.NegativeInfinity : scores.Max(static score => score.Score);
        maximum = Sinks is null ? maximum : Math.Max(maximum, Sinks[head]);
        double sum = Sinks is null ? 0 : Math.Exp(Sinks[head] - maximum);
        if (double.IsNegativeInfinity(maximum) && FullyMasked == FullyMaskedRows.Uniform)
        {
            scores = [.. Enumerable.Range(0, KeysOf(row)).Select(static key => (key, 0.0))];
            maximum = 0;
        }

        if (probabilityModifier is not null)
        {
            sum += scores.Sum(score => double.IsNegativeInfinity(maximum) ? 0 : Math.Exp(score.Score - maximum));
            Dictionary<int, double> seen = scores.ToDictionary(static score => score.Key, score => Math.Exp(score.Score - maximum) / sum);
            double Probability(int index) => sum == 0 ? (FullyMasked == FullyMaskedRows.NaN ? double.NaN : 0) : seen.GetValueOrDefault(index);
            for (int index = 0; index < KeysOf(row); index++)
            {
                double weight = probabilityModifier(Probability(index), row, head, position, index);
                for (int element = 0; element < ValueSize; element++)
                {
                    result[output + element] += weight * value[((((row * MaximumKeys) + index) * KeyHeads) + keyHead) * ValueSize + element];
                }
            }

            return;
        }

        foreach ((int index, double score) in scores)
        {
            double weight = double.IsNegativeInfinity(maximum) ? 0 : Math.Exp(score - maximum);
            sum += weight;
            for (int element = 0; element < ValueSize; element++)
            {
                result[output + element] += weight * value[((((row * MaximumKeys) + index) * KeyHeads) + keyHead) * ValueSize + element];
            }
        }

        for (int element = 0; element < ValueSize; element++)
        {
            result[output + element] = sum != 0 ? result[output + element] / sum : FullyMasked == FullyMaskedRows.NaN ? double.NaN : 0;
        }
    }

    private float[] RunCore(Kernel kernel)
    {
        (float[] query, float[] key, float[] value) = Operands();
        float[] queryMemory = Arrange(query, QueryLength, QueryHeads, HeadSize);
        float[] keyMemory = Arrange(key, MaximumKeys, KeyHeads, HeadSize);
        float[] valueMemory = Arrange(value, MaximumKeys, KeyHeads, ValueSize);
        float[] outputMemory = Arrange(new float[Batch * QueryLength * QueryHeads * ValueSize], QueryLength, QueryHeads, ValueSize);
        outputMemory.AsSpan().Fill(12345);
        int[] pasts = [.. Enumerable.Range(0, Batch).Select(PastOf)];
        int[] lengths = [.. Enumerable.Range(0, Batch).Select(KeysOf)];
        fixed (float* queries = queryMemory, keys = keyMemory, values = valueMemory, output = outputMemory)
        fixed (float* sinks = Sinks)
        fixed (int* past = pasts, length = lengths, first = FirstQueries, count = QueryCounts)
        {
            var arguments = new AttentionArguments
            {
                Query = queries + Guard,
                Key = keys + Guard,
                Value = values + Guard,
                Output = output + Guard,
                Batch = Batch,
                QueryLength = QueryLength,
                QueryHeads = QueryHeads,
                KeyHeads = KeyHeads,
                HeadSize = HeadSize,
                ValueHeadSize = ValueSize,
                KeyLengths = length,
                CausalOffsets = past,
                FirstQueries = first,
                QueryCounts = count,
                Scale = (float)(1 / Math.Sqrt(HeadSize)),
                SoftCap = SoftCap,
                IsCausal = IsCausal,
                Window = Window,
                FullyMasked = FullyMasked,
                WeighsUnseen = WeighsUnseen,
                Sinks = sinks,
            };
            (arguments.QueryBatchStride, arguments.QuerySequenceStride, arguments.QueryHeadStride) = Strides(QueryLength, QueryHeads, HeadSize);
            (arguments.KeyBatchStride, arguments.KeySequenceStride, arguments.KeyHeadStride) = Strides(MaximumKeys, KeyHeads, HeadSize);
            (arguments.ValueBatchStride, arguments.ValueSequenceStride, arguments.ValueHeadStride) = Strides(MaximumKeys, KeyHeads, ValueSize);
            (arguments.OutputBatchStride, arguments.OutputSequenceStride, arguments.OutputHeadStride) = Strides(QueryLength, QueryHeads, ValueSize);
            using var scratch = new WorkerScratch();
            kernel(new Workers(Threads, scratch), arguments);
        }

        Assert.All(outputMemory[..Guard], static x => Assert.Equal(12345, x));
        Assert.All(outputMemory[^Guard..], static x => Assert.Equal(12345, x));
        return Restore(outputMemory, QueryLength, QueryHeads, ValueSize);
    }

    private (nint Batch, nint Sequence, nint Head) Strides(int length, int heads, int size) => HeadsFirst
        ? (length * heads * size, size, length * size)
        : (length * heads * size, heads * size, size);

    private float[] Arrange(float[] source, int length, int heads, int size)
    {
        var memory = new float[source.Length + (2 * Guard)];
        memory.AsSpan().Fill(float.NaN);
        Copy(length, heads, size, (from, to) => source.AsSpan(from, size).CopyTo(memory.AsSpan(Guard + to)));
        return memory;
    }

    private float[] Restore(float[] memory, int length, int heads, int size)
    {
        var result = new float[memory.Length - (2 * Guard)];
        Copy(length, heads, size, (to, from) => memory.AsSpan(Guard + from, size).CopyTo(result.AsSpan(to)));
        return result;
    }

    private void Copy(int length, int heads, int size, Action<int, int> copy)
    {
        (nint batchStride, nint sequenceStride, nint headStride) = Strides(length, heads, size);
        for (int row = 0; row < Batch; row++)
        {
            for (int position = 0; position < length; position++)
            {
                for (int head = 0; head < heads; head++)
                {
                    int plain = ((((row * length) + position) * heads) + head) * size;
                    copy(plain, (int)((row * batchStride) + (position * sequenceStride) + (head * headStride)));
                }
            }
        }
    }

    private delegate void Kernel(Workers workers, in AttentionArguments arguments);
}

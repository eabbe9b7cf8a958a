using Cameo.Kernels;
using Cameo.Threading;
using Cameo.Vectors;
using Xunit;
using AttentionKernel = Cameo.Kernels.Attention;

namespace Cameo.Tests.AttentionKernels;

/// <summary>Attention over operands of 16 bits: the float32 kernel's results on the same numbers, rounded.</summary>
[Trait("Widths", "all")]
public sealed unsafe class AttentionNarrowTests
{
    [Theory]
    [InlineData(AttentionElement.Float16)]
    [InlineData(AttentionElement.BFloat16)]
    public void ResultsAreThoseOfFloat32Rounded(AttentionElement element)
    {
        foreach (int size in (int[])[3, 8, 16, 20, 64])
        {
            foreach ((int queries, int keys) in ((int, int)[])[(1, 1), (1, 70), (2, 700), (33, 40)])
            {
                foreach ((FullyMaskedRows fullyMasked, bool isModified) in Enum.GetValues<FullyMaskedRows>().Select(static kind => (kind, false)).Append((FullyMaskedRows.Uniform, true)))
                {
                    Check<ScalarFloat>(element, size, queries, keys, fullyMasked, isModified);
                    Check<Vector128Float>(element, size, queries, keys, fullyMasked, isModified);

                    // Loads of 16 bits into wide vectors are instructions that narrower machines lack.
                    if (VectorWidth.Bits >= 256)
                    {
                        Check<Vector256Float>(element, size, queries, keys, fullyMasked, isModified);
                    }

                    if (VectorWidth.Bits >= 512)
                    {
                        Check<Vector512Float>(element, size, queries, keys, fullyMasked, isModified);
                    }
                }
            }
        }
    }

    private static void Check<V>(AttentionElement element, int size, int queries, int keys, FullyMaskedRows fullyMasked, bool isModified)
        where V : struct, IVector<V>
    {
        const int Heads = 4, KeyHeads = 2;
        ushort[] query = Random(element, queries * Heads * size, size), key = Random(element, keys * KeyHeads * size, size + 1), value = Random(element, keys * KeyHeads * (size + 1), size + 2);
        var narrow = new ushort[queries * Heads * (size + 1)];
        float[] wide = new float[narrow.Length], wideQuery = Widen(element, query), wideKey = Widen(element, key), wideValue = Widen(element, value);

        // The first query sees nothing.
        fixed (void* q = query, k = key, v = value, o = narrow, wq = wideQuery, wk = wideKey, wv = wideValue, wo = wide)
        {
            AttentionArguments arguments = new()
            {
                Element = element, Query = q, Key = k, Value = v, Output = o,
                QuerySequenceStride = Heads * size, QueryHeadStride = size, KeySequenceStride = KeyHeads * size, KeyHeadStride = size,
                ValueSequenceStride = KeyHeads * (size + 1), ValueHeadStride = size + 1, OutputSequenceStride = Heads * (size + 1), OutputHeadStride = size + 1,
                Batch = 1, QueryLength = queries, QueryHeads = Heads, KeyHeads = KeyHeads, HeadSize = size, ValueHeadSize = size + 1, KeyLength = keys,
                CausalOffset = -1, IsCausal = true, Scale = 0.25f, FullyMasked = fullyMasked,
            };
            Run<V>(arguments, isModified);
            arguments.Element = AttentionElement.Float32;
            arguments.Query = wq;
            arguments.Key = wk;
            arguments.Value = wv;
            arguments.Output = wo;
            Run<V>(arguments, isModified);
        }

        Assert.Equal([.. wide.Select(x => Narrow(element, x))], narrow);
    }

    private static void Run<V>(in AttentionArguments arguments, bool isModified)
        where V : struct, IVector<V>
    {
        if (isModified)
        {
            AttentionKernel.RunWith<V, NoScoreModifier, Squared>(new Workers(1), arguments, default, default);
        }
        else
        {
            AttentionKernel.RunWith<V, NoScoreModifier>(new Workers(1), arguments, default);
        }
    }

    private static ushort[] Random(AttentionElement element, int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => Narrow(element, (random.NextSingle() * 4) - 2))];
    }

    private static ushort Narrow(AttentionElement element, float value) =>
        element == AttentionElement.Float16 ? BitConverter.HalfToUInt16Bits((Half)value) : ((BFloat16)value).Bits;

    private static float[] Widen(AttentionElement element, ushort[] values) =>
        [.. values.Select(bits => element == AttentionElement.Float16 ? (float)BitConverter.UInt16BitsToHalf(bits) : (float)new BFloat16(bits))];

    private readonly struct Squared : IScoreModifier
    {
        public V Apply<V>(V score, nint batch, nint head, nint query, nint key)
            where V : struct, IVector<V> => score * score;
    }
}

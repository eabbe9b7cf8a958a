using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// A tile of quantised rows times a panel of 4-bit weights: bytes with bytes, summed as integers over a block, then scaled. With one row every word of weights is masked and multiplied
/// once; more rows share the masking.
/// </summary>
internal static unsafe class DynamicRows
{
    private const int Columns = NarrowMatrix.PanelColumns;

    /// <summary>Bytes of words that narrower vectors go over strip by strip: they should stay in the first-level cache.</summary>
    private const nint StripBytes = 16 * 1024;

    private const int LowHalves = 0x0F0F0F0F;

    private const int MostRows = 8;

    /// <summary>
    /// Rows of the largest tile: sums of rows × 2 vectors, four vectors of masked weights and two more must fit the registers (8 · 2 + 6 = 22 of 32, 4 · 2 + 6 = 14 of 16).
    /// </summary>
    public static int LargestRows<V>()
        where V : struct, IVector<V> => V.Count == 16 ? MostRows : 4;

    /// <summary>sums[rows, 32] = rows · panel.</summary>
    public static void Multiply<V>(int rows, ulong* elements, float* parameters, in DynamicBlocks blocks, in NarrowPanel<UInt4Format> panel, float* sums)
        where V : struct, IVector<V>
    {
        bool isSingleStrip = 2 * V.Count >= Columns;
        nint part = isSingleStrip ? blocks.Count : StripBytes / (blocks.Groups * Columns * sizeof(uint));
        new Span<float>(sums, rows * Columns).Clear();
        for (nint first = 0; first < blocks.Count; first += part)
        {
            nint end = Math.Min(first + part, blocks.Count);
            var left = (int*)(elements + (first * blocks.Groups * rows));
            float* scales = parameters + (first * 2 * rows);
            for (nint strip = 0; strip < Columns; strip += 2 * V.Count)
            {
                if (rows == 1)
                {
                    OneRow<V>(left, scales, blocks, panel, first, end, strip, sums + strip);
                }
                else
                {
                    ManyRows<V>(rows, left, scales, blocks, panel, first, end, strip, sums + strip);
                }
            }
        }
    }

    private static void OneRow<V>(int* left, float* parameters, in DynamicBlocks blocks, in NarrowPanel<UInt4Format> panel, nint first, nint end, nint strip, float* sums)
        where V : struct, IVector<V>
    {
        uint* words = panel.Words + (first * blocks.Groups * Columns) + strip;
        nint wordRows = panel.WordRows - (first * blocks.Groups);
        V total0 = V.Load(sums), total1 = V.Load(sums + V.Count);
        var weights = new WeightBlocks(blocks, first);
        for (nint block = first; block < end; block++)
        {
            V sum0 = V.Zero, sum1 = V.Zero;
            nint groups = Math.Min(blocks.Groups, wordRows);
            wordRows -= groups;
            for (; groups > 0; groups--)
            {
                WordStream.Fetch(words);
                V words0 = V.Load((float*)words), words1 = V.Load((float*)words + V.Count);
                V x = V.BroadcastBits(left[0]);
                sum0 = ByteDot.MultiplyAdd(sum0, Low(words0), x);
                sum1 = ByteDot.MultiplyAdd(sum1, Low(words1), x);
                x = V.BroadcastBits(left[1]);
                sum0 = ByteDot.MultiplyAdd(sum0, High(words0), x);
                sum1 = ByteDot.MultiplyAdd(sum1, High(words1), x);
                left += 2;
                words += Columns;
            }

            V scale = V.Broadcast(parameters[0]), offset = V.Broadcast(parameters[1]);
            parameters += 2;
            panel.FetchScales(weights.Current);
            V scales0 = panel.Scales<V>(weights.Current, strip), scales1 = panel.Scales<V>(weights.Current, strip + V.Count);
            if (panel.HasZeroPoints)
            {
                total0 = Finish(sum0, scale, offset, panel.ZeroPoints<V>(weights.Current, strip), scales0, total0);
                total1 = Finish(sum1, scale, offset, panel.ZeroPoints<V>(weights.Current, strip + V.Count), scales1, total1);
            }
            else
            {
                total0 = Finish(sum0, scale, offset, scales0, total0);
                total1 = Finish(sum1, scale, offset, scales1, total1);
            }

            weights.MoveOn();
        }

        V.Store(total0, sums);
        V.Store(total1, sums + V.Count);
    }

    private static void ManyRows<V>(int rows, int* left, float* parameters, in DynamicBlocks blocks, in NarrowPanel<UInt4Format> panel, nint first, nint end, nint strip, float* sums)
        where V : struct, IVector<V>
    {
        float* memory = stackalloc float[(2 * MostRows * 2 * V.Count) + Prefetch.LineFloats];
        float* products = Alignment.Lines(memory), previous = products + (MostRows * 2 * V.Count);
        uint* words = panel.Words + (first * blocks.Groups * Columns) + strip;
        nint wordRows = panel.WordRows - (first * blocks.Groups);
        var weights = new WeightBlocks(blocks, first);
        for (nint block = first; block < end; block++)
        {
            nint groups = Math.Min(blocks.Groups, wordRows);
            switch (rows)
            {
                case 2:
                    TwoRows<V>(left, words, groups, products);
                    break;
                case 4:
                    FourRows<V>(left, words, groups, products);
                    break;
                default:
                    EightRows<V>(left, words, groups, products);
                    break;
            }

            // A block late, as vectors read back just after they were written wait until they have reached the cache.
            if (block > first)
            {
                AddScaled<V>(rows, previous, parameters, panel, weights.Current, strip, sums);
                parameters += 2 * rows;
                weights.MoveOn();
            }

            float* written = products;
            products = previous;
            previous = written;
            left += 2 * rows * groups;
            words += groups * Columns;
            wordRows -= groups;
        }

        AddScaled<V>(rows, previous, parameters, panel, weights.Current, strip, sums);
    }

    private static void TwoRows<V>(int* left, uint* words, nint groups, float* products)
        where V : struct, IVector<V>
    {
        V a0 = V.Zero, a1 = V.Zero, b0 = V.Zero, b1 = V.Zero;
        for (; groups > 0; groups--)
        {
            WordStream.Fetch(words);
            V words0 = V.Load((float*)words), words1 = V.Load((float*)words + V.Count);
            V low0 = Low(words0), low1 = Low(words1), high0 = High(words0), high1 = High(words1);
            Add(low0, low1, high0, high1, left, ref a0, ref a1);
            Add(low0, low1, high0, high1, left + 2, ref b0, ref b1);
            left += 4;
            words += Columns;
        }

        Store(a0, a1, products);
        Store(b0, b1, products + (2 * V.Count));
    }

    private static void FourRows<V>(int* left, uint* words, nint groups, float* products)
        where V : struct, IVector<V>
    {
        V a0 = V.Zero, a1 = V.Zero, b0 = V.Zero, b1 = V.Zero, c0 = V.Zero, c1 = V.Zero, d0 = V.Zero, d1 = V.Zero;
        for (; groups > 0; groups--)
        {
            WordStream.Fetch(words);
            V words0 = V.Load((float*)words), words1 = V.Load((float*)words + V.Count);
            V low0 = Low(words0), low1 = Low(words1), high0 = High(words0), high1 = High(words1);
            Add(low0, low1, high0, high1, left, ref a0, ref a1);
            Add(low0, low1, high0, high1, left + 2, ref b0, ref b1);
            Add(low0, low1, high0, high1, left + 4, ref c0, ref c1);
            Add(low0, low1, high0, high1, left + 6, ref d0, ref d1);
            left += 8;
            words += Columns;
        }

        Store(a0, a1, products);
        Store(b0, b1, products + (2 * V.Count));
        Store(c0, c1, products + (4 * V.Count));
        Store(d0, d1, products + (6 * V.Count));
    }

    private static void EightRows<V>(int* left, uint* words, nint groups, float* products)
        where V : struct, IVector<V>
    {
        V a0 = V.Zero, a1 = V.Zero, b0 = V.Zero, b1 = V.Zero, c0 = V.Zero, c1 = V.Zero, d0 = V.Zero, d1 = V.Zero;
        V e0 = V.Zero, e1 = V.Zero, f0 = V.Zero, f1 = V.Zero, g0 = V.Zero, g1 = V.Zero, h0 = V.Zero, h1 = V.Zero;
        for (; groups > 0; groups--)
        {
            WordStream.Fetch(words);
            V words0 = V.Load((float*)words), words1 = V.Load((float*)words + V.Count);
            V low0 = Low(words0), low1 = Low(words1), high0 = High(words0), high1 = High(words1);
            Add(low0, low1, high0, high1, left, ref a0, ref a1);
            Add(low0, low1, high0, high1, left + 2, ref b0, ref b1);
            Add(low0, low1, high0, high1, left + 4, ref c0, ref c1);
            Add(low0, low1, high0, high1, left + 6, ref d0, ref d1);
            Add(low0, low1, high0, high1, left + 8, ref e0, ref e1);
            Add(low0, low1, high0, high1, left + 10, ref f0, ref f1);
            Add(low0, low1, high0, high1, left + 12, ref g0, ref g1);
            Add(low0, low1, high0, high1, left + 14, ref h0, ref h1);
            left += 16;
            words += Columns;
        }

        Store(a0, a1, products);
        Store(b0, b1, products + (2 * V.Count));
        Store(c0, c1, products + (4 * V.Count));
        Store(d0, d1, products + (6 * V.Count));
        Store(e0, e1, products + (8 * V.Count));
        Store(f0, f1, products + (10 * V.Count));
        Store(g0, g1, products + (12 * V.Count));
        Store(h0, h1, products + (14 * V.Count));
    }

    /// <summary>Adds the products of a block, scaled, to the sums. A method of its own, as the compiler stops inlining in methods that become too large.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddScaled<V>(int rows, float* products, float* parameters, in NarrowPanel<UInt4Format> panel, nint weightBlock, nint strip, float* sums)
        where V : struct, IVector<V>
    {
        V scales0 = panel.Scales<V>(weightBlock, strip), scales1 = panel.Scales<V>(weightBlock, strip + V.Count);
        if (panel.HasZeroPoints)
        {
            V zero0 = panel.ZeroPoints<V>(weightBlock, strip), zero1 = panel.ZeroPoints<V>(weightBlock, strip + V.Count);
            for (; rows > 0; rows--)
            {
                V scale = V.Broadcast(parameters[0]), offset = V.Broadcast(parameters[1]);
                V.Store(Finish(V.Load(products), scale, offset, zero0, scales0, V.Load(sums)), sums);
                V.Store(Finish(V.Load(products + V.Count), scale, offset, zero1, scales1, V.Load(sums + V.Count)), sums + V.Count);
                parameters += 2;
                products += 2 * V.Count;
                sums += Columns;
            }

            return;
        }

        for (; rows > 0; rows--)
        {
            V scale = V.Broadcast(parameters[0]), offset = V.Broadcast(parameters[1]);
            V.Store(Finish(V.Load(products), scale, offset, scales0, V.Load(sums)), sums);
            V.Store(Finish(V.Load(products + V.Count), scale, offset, scales1, V.Load(sums + V.Count)), sums + V.Count);
            parameters += 2;
            products += 2 * V.Count;
            sums += Columns;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Low<V>(V words)
        where V : struct, IVector<V> => V.And(words, V.BroadcastBits(LowHalves));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V High<V>(V words)
        where V : struct, IVector<V> => V.And(V.ShiftRightLogical(words, 4), V.BroadcastBits(LowHalves));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<V>(V low0, V low1, V high0, V high1, int* left, ref V sum0, ref V sum1)
        where V : struct, IVector<V>
    {
        V x = V.BroadcastBits(left[0]);
        sum0 = ByteDot.MultiplyAdd(sum0, low0, x);
        sum1 = ByteDot.MultiplyAdd(sum1, low1, x);
        x = V.BroadcastBits(left[1]);
        sum0 = ByteDot.MultiplyAdd(sum0, high0, x);
        sum1 = ByteDot.MultiplyAdd(sum1, high1, x);
    }

    /// <summary>total + scales · (scale · sum + offset).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Finish<V>(V sum, V scale, V offset, V scales, V total)
        where V : struct, IVector<V> =>
        V.MultiplyAdd(V.MultiplyAdd(V.ConvertFromInt32(ByteDot.Widen(sum)), scale, offset), scales, total);

    /// <summary>total + scales · (scale · sum + zero point · offset).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Finish<V>(V sum, V scale, V offset, V zeroPoints, V scales, V total)
        where V : struct, IVector<V> =>
        V.MultiplyAdd(V.MultiplyAdd(V.ConvertFromInt32(ByteDot.Widen(sum)), scale, zeroPoints * offset), scales, total);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<V>(V product0, V product1, float* products)
        where V : struct, IVector<V>
    {
        V.Store(product0, products);
        V.Store(product1, products + V.Count);
    }

    /// <summary>The block of weights that a block of activations lies in, without a division for each.</summary>
    private struct WeightBlocks
    {
        private readonly nint _perWeightBlock;
        private nint _left;

        public WeightBlocks(in DynamicBlocks blocks, nint first)
        {
            _perWeightBlock = blocks.PerWeightBlock;
            Current = first / blocks.PerWeightBlock;
            _left = blocks.PerWeightBlock - (first % blocks.PerWeightBlock);
        }

        public nint Current { get; private set; }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void MoveOn()
        {
            if (--_left == 0)
            {
                _left = _perWeightBlock;
                Current++;
            }
        }
    }
}

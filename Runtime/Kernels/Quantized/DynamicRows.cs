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

    /// <summary>
    /// Rows of the largest tile: sums and totals of rows × 2 vectors, four vectors of masked weights and some constants must fit the registers (4 · 4 + 9 = 25 of 32, 2 · 4 + 7 = 15 of 16).
    /// </summary>
    public static int LargestRows<V>()
        where V : struct, IVector<V> => V.Count == 16 ? 4 : 2;

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
                switch (rows)
                {
                    case 1:
                        OneRow<V>(left, scales, blocks, panel, first, end, strip, sums + strip);
                        break;
                    case 2:
                        TwoRows<V>(left, scales, blocks, panel, first, end, strip, sums + strip);
                        break;
                    default:
                        FourRows<V>(left, scales, blocks, panel, first, end, strip, sums + strip);
                        break;
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

    private static void TwoRows<V>(int* left, float* parameters, in DynamicBlocks blocks, in NarrowPanel<UInt4Format> panel, nint first, nint end, nint strip, float* sums)
        where V : struct, IVector<V>
    {
        uint* words = panel.Words + (first * blocks.Groups * Columns) + strip;
        nint wordRows = panel.WordRows - (first * blocks.Groups);
        V totalA0 = V.Load(sums), totalA1 = V.Load(sums + V.Count), totalB0 = V.Load(sums + Columns), totalB1 = V.Load(sums + Columns + V.Count);
        var weights = new WeightBlocks(blocks, first);
        for (nint block = first; block < end; block++)
        {
            V a0 = V.Zero, a1 = V.Zero, b0 = V.Zero, b1 = V.Zero;
            nint groups = Math.Min(blocks.Groups, wordRows);
            wordRows -= groups;
            for (; groups > 0; groups--)
            {
                V words0 = V.Load((float*)words), words1 = V.Load((float*)words + V.Count);
                V low0 = Low(words0), low1 = Low(words1), high0 = High(words0), high1 = High(words1);
                Add(low0, low1, high0, high1, left, ref a0, ref a1);
                Add(low0, low1, high0, high1, left + 2, ref b0, ref b1);
                left += 4;
                words += Columns;
            }

            V scales0 = panel.Scales<V>(weights.Current, strip), scales1 = panel.Scales<V>(weights.Current, strip + V.Count);
            if (panel.HasZeroPoints)
            {
                V zero0 = panel.ZeroPoints<V>(weights.Current, strip), zero1 = panel.ZeroPoints<V>(weights.Current, strip + V.Count);
                FinishRow(a0, a1, parameters, zero0, zero1, scales0, scales1, ref totalA0, ref totalA1);
                FinishRow(b0, b1, parameters + 2, zero0, zero1, scales0, scales1, ref totalB0, ref totalB1);
            }
            else
            {
                FinishRow(a0, a1, parameters, scales0, scales1, ref totalA0, ref totalA1);
                FinishRow(b0, b1, parameters + 2, scales0, scales1, ref totalB0, ref totalB1);
            }

            parameters += 4;
            weights.MoveOn();
        }

        V.Store(totalA0, sums);
        V.Store(totalA1, sums + V.Count);
        V.Store(totalB0, sums + Columns);
        V.Store(totalB1, sums + Columns + V.Count);
    }

    private static void FourRows<V>(int* left, float* parameters, in DynamicBlocks blocks, in NarrowPanel<UInt4Format> panel, nint first, nint end, nint strip, float* sums)
        where V : struct, IVector<V>
    {
        uint* words = panel.Words + (first * blocks.Groups * Columns) + strip;
        nint wordRows = panel.WordRows - (first * blocks.Groups);
        V totalA0 = V.Load(sums), totalA1 = V.Load(sums + V.Count);
        V totalB0 = V.Load(sums + Columns), totalB1 = V.Load(sums + Columns + V.Count);
        V totalC0 = V.Load(sums + (2 * Columns)), totalC1 = V.Load(sums + (2 * Columns) + V.Count);
        V totalD0 = V.Load(sums + (3 * Columns)), totalD1 = V.Load(sums + (3 * Columns) + V.Count);
        var weights = new WeightBlocks(blocks, first);
        for (nint block = first; block < end; block++)
        {
            V a0 = V.Zero, a1 = V.Zero, b0 = V.Zero, b1 = V.Zero, c0 = V.Zero, c1 = V.Zero, d0 = V.Zero, d1 = V.Zero;
            nint groups = Math.Min(blocks.Groups, wordRows);
            wordRows -= groups;
            for (; groups > 0; groups--)
            {
                V words0 = V.Load((float*)words), words1 = V.Load((float*)words + V.Count);
                V low0 = Low(words0), low1 = Low(words1), high0 = High(words0), high1 = High(words1);
                Add(low0, low1, high0, high1, left, ref a0, ref a1);
                Add(low0, low1, high0, high1, left + 2, ref b0, ref b1);
                Add(low0, low1, high0, high1, left + 4, ref c0, ref c1);
                Add(low0, low1, high0, high1, left + 6, ref d0, ref d1);
                left += 8;
                words += Columns;
            }

            V scales0 = panel.Scales<V>(weights.Current, strip), scales1 = panel.Scales<V>(weights.Current, strip + V.Count);
            if (panel.HasZeroPoints)
            {
                V zero0 = panel.ZeroPoints<V>(weights.Current, strip), zero1 = panel.ZeroPoints<V>(weights.Current, strip + V.Count);
                FinishRow(a0, a1, parameters, zero0, zero1, scales0, scales1, ref totalA0, ref totalA1);
                FinishRow(b0, b1, parameters + 2, zero0, zero1, scales0, scales1, ref totalB0, ref totalB1);
                FinishRow(c0, c1, parameters + 4, zero0, zero1, scales0, scales1, ref totalC0, ref totalC1);
                FinishRow(d0, d1, parameters + 6, zero0, zero1, scales0, scales1, ref totalD0, ref totalD1);
            }
            else
            {
                FinishRow(a0, a1, parameters, scales0, scales1, ref totalA0, ref totalA1);
                FinishRow(b0, b1, parameters + 2, scales0, scales1, ref totalB0, ref totalB1);
                FinishRow(c0, c1, parameters + 4, scales0, scales1, ref totalC0, ref totalC1);
                FinishRow(d0, d1, parameters + 6, scales0, scales1, ref totalD0, ref totalD1);
            }

            parameters += 8;
            weights.MoveOn();
        }

        V.Store(totalA0, sums);
        V.Store(totalA1, sums + V.Count);
        V.Store(totalB0, sums + Columns);
        V.Store(totalB1, sums + Columns + V.Count);
        V.Store(totalC0, sums + (2 * Columns));
        V.Store(totalC1, sums + (2 * Columns) + V.Count);
        V.Store(totalD0, sums + (3 * Columns));
        V.Store(totalD1, sums + (3 * Columns) + V.Count);
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
    private static void FinishRow<V>(V sum0, V sum1, float* parameters, V scales0, V scales1, ref V total0, ref V total1)
        where V : struct, IVector<V>
    {
        V scale = V.Broadcast(parameters[0]), offset = V.Broadcast(parameters[1]);
        total0 = Finish(sum0, scale, offset, scales0, total0);
        total1 = Finish(sum1, scale, offset, scales1, total1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FinishRow<V>(V sum0, V sum1, float* parameters, V zero0, V zero1, V scales0, V scales1, ref V total0, ref V total1)
        where V : struct, IVector<V>
    {
        V scale = V.Broadcast(parameters[0]), offset = V.Broadcast(parameters[1]);
        total0 = Finish(sum0, scale, offset, zero0, scales0, total0);
        total1 = Finish(sum1, scale, offset, zero1, scales1, total1);
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

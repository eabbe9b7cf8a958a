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

    /// <summary>sums[rows, 32] = rows · panel, but for the rows' factors; 8 rows (only with vectors of 16 lanes), 4 or 1.</summary>
    public static void Multiply<V>(int rows, ulong* elements, int* parameters, in DynamicBlocks blocks, in NarrowPanel<UInt4Format> panel, float* sums)
        where V : struct, IVector<V>
    {
        bool isSingleStrip = 2 * V.Count >= Columns;
        nint part = isSingleStrip ? blocks.Count : StripBytes / (blocks.Groups * Columns * sizeof(uint));
        new Span<float>(sums, rows * Columns).Clear();
        for (nint first = 0; first < blocks.Count; first += part)
        {
            nint end = Math.Min(first + part, blocks.Count);
            var left = (int*)(elements + (first * blocks.Groups * rows));
            int* blockParameters = parameters + (first * DynamicLeft.ParameterCount * rows);
            for (nint strip = 0; strip < Columns; strip += 2 * V.Count)
            {
                if (rows == 1)
                {
                    OneRow<V>(left, blockParameters, blocks, panel, first, end, strip, sums + strip);
                }
                else
                {
                    ManyRows<V>(rows, left, blockParameters, blocks, panel, first, end, strip, sums + strip);
                }
            }
        }
    }

    private static void OneRow<V>(int* left, int* parameters, in DynamicBlocks blocks, in NarrowPanel<UInt4Format> panel, nint first, nint end, nint strip, float* sums)
        where V : struct, IVector<V>
    {
        uint* words = panel.Words + (first * blocks.Groups * Columns) + strip;
        nint wordRows = panel.WordRows - (first * blocks.Groups);
        V total0 = V.Load(sums), total1 = V.Load(sums + V.Count);
        var weights = new WeightBlocks(blocks, first);
        for (nint block = first; block < end; block++)
        {
            V sum0 = V.BroadcastBits(parameters[1]), sum1 = sum0;
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

            V multiplier = V.BroadcastBits(parameters[0]);
            panel.FetchScales(weights.Current);
            V scales0 = panel.Scales<V>(weights.Current, strip), scales1 = panel.Scales<V>(weights.Current, strip + V.Count);
            if (panel.HasZeroPoints)
            {
                V offset = V.Broadcast(*(float*)(parameters + 2));
                total0 = Finish(sum0, multiplier, offset, ZeroPoints<V>(panel, weights.Current, strip), scales0, total0);
                total1 = Finish(sum1, multiplier, offset, ZeroPoints<V>(panel, weights.Current, strip + V.Count), scales1, total1);
            }
            else
            {
                total0 = Finish(sum0, multiplier, scales0, total0);
                total1 = Finish(sum1, multiplier, scales1, total1);
            }

            parameters += DynamicLeft.ParameterCount;
            weights.MoveOn();
        }

        V.Store(total0, sums);
        V.Store(total1, sums + V.Count);
    }

    private static void ManyRows<V>(int rows, int* left, int* parameters, in DynamicBlocks blocks, in NarrowPanel<UInt4Format> panel, nint first, nint end, nint strip, float* sums)
        where V : struct, IVector<V>
    {
        float* memory = stackalloc float[(2 * MostRows * 2 * V.Count) + Prefetch.LineFloats];
        float* products = Alignment.Lines(memory), previous = products + (MostRows * 2 * V.Count);
        uint* words = panel.Words + (first * blocks.Groups * Columns) + strip;
        nint wordRows = panel.WordRows - (first * blocks.Groups);
        nint step = DynamicLeft.ParameterCount * rows;
        var weights = new WeightBlocks(blocks, first);
        for (nint block = first; block < end; block++)
        {
            nint groups = Math.Min(blocks.Groups, wordRows);
            if (rows == MostRows)
            {
                EightRows<V>(left, parameters, words, groups, products);
            }
            else
            {
                FourRows<V>(left, parameters, words, groups, products);
            }

            // A block late, as vectors read back just after they were written wait until they have reached the cache.
            if (block > first)
            {
                AddScaled<V>(rows, previous, parameters - step, panel, weights.Current, strip, sums);
                weights.MoveOn();
            }

            parameters += step;

            float* written = products;
            products = previous;
            previous = written;
            left += 2 * rows * groups;
            words += groups * Columns;
            wordRows -= groups;
        }

        AddScaled<V>(rows, previous, parameters - step, panel, weights.Current, strip, sums);
    }

    private static void FourRows<V>(int* left, int* parameters, uint* words, nint groups, float* products)
        where V : struct, IVector<V>
    {
        V a0 = Start<V>(parameters, 0), b0 = Start<V>(parameters, 1), c0 = Start<V>(parameters, 2), d0 = Start<V>(parameters, 3);
        V a1 = a0, b1 = b0, c1 = c0, d1 = d0;
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

    private static void EightRows<V>(int* left, int* parameters, uint* words, nint groups, float* products)
        where V : struct, IVector<V>
    {
        V a0 = Start<V>(parameters, 0), b0 = Start<V>(parameters, 1), c0 = Start<V>(parameters, 2), d0 = Start<V>(parameters, 3);
        V a1 = a0, b1 = b0, c1 = c0, d1 = d0;
        V e0 = Start<V>(parameters, 4), f0 = Start<V>(parameters, 5), g0 = Start<V>(parameters, 6), h0 = Start<V>(parameters, 7);
        V e1 = e0, f1 = f0, g1 = g0, h1 = h0;
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
    private static void AddScaled<V>(int rows, float* products, int* parameters, in NarrowPanel<UInt4Format> panel, nint weightBlock, nint strip, float* sums)
        where V : struct, IVector<V>
    {
        V scales0 = panel.Scales<V>(weightBlock, strip), scales1 = panel.Scales<V>(weightBlock, strip + V.Count);
        if (panel.HasZeroPoints)
        {
            V zero0 = ZeroPoints<V>(panel, weightBlock, strip), zero1 = ZeroPoints<V>(panel, weightBlock, strip + V.Count);
            for (; rows > 0; rows--)
            {
                V multiplier = V.BroadcastBits(parameters[0]), offset = V.Broadcast(*(float*)(parameters + 2));
                V.Store(Finish(V.Load(products), multiplier, offset, zero0, scales0, V.Load(sums)), sums);
                V.Store(Finish(V.Load(products + V.Count), multiplier, offset, zero1, scales1, V.Load(sums + V.Count)), sums + V.Count);
                parameters += DynamicLeft.ParameterCount;
                products += 2 * V.Count;
                sums += Columns;
            }

            return;
        }

        for (; rows > 0; rows--)
        {
            V multiplier = V.BroadcastBits(parameters[0]);
            V.Store(Finish(V.Load(products), multiplier, scales0, V.Load(sums)), sums);
            V.Store(Finish(V.Load(products + V.Count), multiplier, scales1, V.Load(sums + V.Count)), sums + V.Count);
            parameters += DynamicLeft.ParameterCount;
            products += 2 * V.Count;
            sums += Columns;
        }
    }

    /// <summary>Zero points less the one that the sums have taken off already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V ZeroPoints<V>(in NarrowPanel<UInt4Format> panel, nint weightBlock, nint column)
        where V : struct, IVector<V> => panel.ZeroPoints<V>(weightBlock, column) - V.Broadcast(ByteGroup.ZeroPoint);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Start<V>(int* parameters, int row)
        where V : struct, IVector<V> => V.BroadcastBits(parameters[(DynamicLeft.ParameterCount * row) + 1]);

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

    /// <summary>total + scales · multiplier · sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Finish<V>(V sum, V multiplier, V scales, V total)
        where V : struct, IVector<V> => V.MultiplyAdd(V.ConvertFromInt32(ShortDot.Multiply(sum, multiplier)), scales, total);

    /// <summary>total + scales · (multiplier · sum + zero points · offset).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Finish<V>(V sum, V multiplier, V offset, V zeroPoints, V scales, V total)
        where V : struct, IVector<V> => V.MultiplyAdd(V.MultiplyAdd(zeroPoints, offset, V.ConvertFromInt32(ShortDot.Multiply(sum, multiplier))), scales, total);

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

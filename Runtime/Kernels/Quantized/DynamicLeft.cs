using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Rows of float32 activations quantised to int8, block by block of the depth (value ≈ q · scale, scale = max |value| / 127), in tiles of a few rows whose elements lie side by side as the
/// product with a panel reads them.
/// </summary>
internal readonly unsafe struct DynamicLeft
{
    private readonly byte* _memory;
    private readonly nint _rowBytes;
    private readonly nint _elementBytes;

    private DynamicLeft(byte* memory, in DynamicBlocks blocks, int tileRows)
    {
        _memory = memory;
        _elementBytes = blocks.Count * blocks.Groups * sizeof(ulong);
        _rowBytes = RowBytes(blocks);
        TileRows = tileRows;
    }

    /// <summary>Rows of each tile but those at the end.</summary>
    public int TileRows { get; }

    /// <summary>Bytes of scratch memory that <see cref="Pack"/> needs.</summary>
    public static nint ScratchBytes(in DynamicBlocks blocks, nint rows) => rows * RowBytes(blocks);

    /// <summary>Quantises <paramref name="rows"/> rows.</summary>
    /// <param name="a">Rows of contiguous elements.</param>
    /// <param name="lda">Elements from one row to the next.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="tileRows">Rows of each tile but those at the end.</param>
    /// <param name="blocks">How the depth is cut.</param>
    /// <param name="zeroPoint">Zero point of all weights, which the offsets then take off; 1 when weights have their own.</param>
    /// <param name="memory">Room for <see cref="ScratchBytes"/>.</param>
    public static DynamicLeft Pack<V, TGroup>(float* a, nint lda, nint rows, int tileRows, in DynamicBlocks blocks, int zeroPoint, byte* memory)
        where V : struct, IVector<V>
        where TGroup : struct, IDynamicGroup
    {
        var left = new DynamicLeft(memory, blocks, tileRows);
        for (nint row = 0; row < rows;)
        {
            int present = left.RowsAt(row, rows);
            for (int index = 0; index < present; index++)
            {
                PackRow<V, TGroup>(a + ((row + index) * lda), blocks, zeroPoint, left.Elements(row) + index, left.Parameters(row, present) + (2 * index), present);
            }

            row += present;
        }

        return left;
    }

    /// <summary>Rows of the tile that starts at <paramref name="row"/>: whole tiles, then 4, 2 and 1.</summary>
    public int RowsAt(nint row, nint rows) => (int)(rows - row >= TileRows ? TileRows : rows - row >= 4 ? 4 : rows - row >= 2 ? 2 : 1);

    /// <summary>The elements of the tile that starts at a row: [groups of all blocks][tile rows] of eight bytes.</summary>
    public ulong* Elements(nint row) => (ulong*)(_memory + (row * _rowBytes));

    /// <summary>[blocks][tile rows][2]: scale, and −scale · zero point · sum of the quantised elements.</summary>
    public float* Parameters(nint row, int tileRows) => (float*)((byte*)Elements(row) + (tileRows * _elementBytes));

    private static nint RowBytes(in DynamicBlocks blocks) => blocks.Count * ((blocks.Groups * sizeof(ulong)) + (2 * sizeof(float)));

    private static void PackRow<V, TGroup>(float* a, in DynamicBlocks blocks, int zeroPoint, ulong* elements, float* parameters, int tileRows)
        where V : struct, IVector<V>
        where TGroup : struct, IDynamicGroup
    {
        sbyte* quantized = stackalloc sbyte[ByteDot.MostProducts];
        for (nint begin = 0; begin < blocks.Depth; begin += blocks.Length)
        {
            nint length = Math.Min(blocks.Length, blocks.Depth - begin);
            float largest = Largest<V>(a + begin, length);
            float scale = largest / sbyte.MaxValue;
            int sum = Quantize<V>(a + begin, length, largest == 0 ? 0 : sbyte.MaxValue / largest, quantized);
            for (nint index = length; index < blocks.Length; index++)
            {
                quantized[index] = 0;
            }

            for (int group = 0; group < blocks.Groups; group++)
            {
                *elements = TGroup.Arrange(quantized + (group * (blocks.Length / blocks.Groups)));
                elements += tileRows;
            }

            parameters[0] = scale;
            parameters[1] = -scale * (zeroPoint * sum);
            parameters += 2 * tileRows;
        }
    }

    /// <summary>The largest magnitude. As integers, magnitudes have the same order, and NaN is above all numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Largest<V>(float* a, nint length)
        where V : struct, IVector<V>
    {
        V largest = V.Zero;
        nint index = 0;
        for (; index + V.Count <= length; index += V.Count)
        {
            largest = LaneIntegers.Max(largest, V.Abs(V.Load(a + index)));
        }

        int result = LaneIntegers.ReduceMax(largest);
        for (; index < length; index++)
        {
            result = Math.Max(result, BitConverter.SingleToInt32Bits(MathF.Abs(a[index])));
        }

        return BitConverter.Int32BitsToSingle(result);
    }

    /// <summary>Rounds to multiples and returns their sum, whose parts are small enough to be exact as float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Quantize<V>(float* a, nint length, float inverse, sbyte* quantized)
        where V : struct, IVector<V>
    {
        V sum = V.Zero;
        nint index = 0;
        for (; index + V.Count <= length; index += V.Count)
        {
            V rounded = V.Round(V.Load(a + index) * V.Broadcast(inverse));
            sum += rounded;
            NarrowLanes.Store(rounded, quantized + index);
        }

        float total = V.ReduceAdd(sum);
        for (; index < length; index++)
        {
            var rounded = ScalarFloat.Round(new ScalarFloat(a[index] * inverse));
            total += rounded.Value;
            NarrowLanes.Store(rounded, quantized + index);
        }

        return (int)total;
    }
}

using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Rows of float32 activations quantised to int8, block by block of the depth, in tiles of a few rows whose elements lie side by side as the product with a panel reads them.
/// value ≈ q · multiplier · factor, with an integer multiplier 0 … 32,767 for each block and a factor for each row: so scaling a block's sums is one more integer product, and
/// the factor is due once. Of the largest number, 127 · 32,767 · factor, a block's quantum is at most one 4,161,409th more than a 127th of its own largest.
/// </summary>
internal readonly unsafe struct DynamicLeft
{
    /// <summary>Parameters of one row in one block: multiplier and start as <see cref="IDynamicGroup"/> has them, and −multiplier · sum of the quantised elements as float32.</summary>
    public const int ParameterCount = 3;

    private const int MostRows = 8;

    /// <summary>What is taken for the largest number of a row at least, so that no factor is subnormal: errors below 1e-37 are of no account.</summary>
    private const float SmallestRange = 1e-30f;

    private readonly byte* _memory;
    private readonly nint _elementBytes;
    private readonly nint _parameterBytes;
    private readonly int _largestRows;

    private DynamicLeft(byte* memory, in DynamicBlocks blocks, int largestRows)
    {
        _memory = memory;
        _elementBytes = ElementBytes(blocks);
        _parameterBytes = ParameterBytes(blocks);
        _largestRows = largestRows;
    }

    private nint RowBytes => _elementBytes + _parameterBytes;

    /// <summary>Rows of the largest tile.</summary>
    public static int LargestRows<V>()
        where V : struct, IVector<V> => IntegerTile.LargestRows<V>();

    /// <summary>Bytes of scratch memory that <see cref="Pack"/> needs.</summary>
    public static nint ScratchBytes(in DynamicBlocks blocks, nint rows) => (rows + MostRows) * (ElementBytes(blocks) + ParameterBytes(blocks));

    /// <summary>Quantises <paramref name="rows"/> rows.</summary>
    /// <param name="a">The rows.</param>
    /// <param name="first">The first of them.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="blocks">How the depth is cut.</param>
    /// <param name="memory">Room for <see cref="ScratchBytes"/>.</param>
    public static DynamicLeft Pack<V, TGroup, TLeft>(in LeftRows<TLeft> a, nint first, nint rows, in DynamicBlocks blocks, byte* memory)
        where V : struct, IVector<V>
        where TGroup : struct, IDynamicGroup
        where TLeft : unmanaged
    {
        var left = new DynamicLeft(memory, blocks, LargestRows<V>());
        for (nint row = 0; row < rows;)
        {
            int tile = left.TileRowsAt(row, rows);
            for (int index = 0; index < tile; index++)
            {
                ulong* elements = left.Elements(row) + index;
                int* parameters = left.Parameters(row, tile) + (ParameterCount * index);
                float* factor = left.Factors(row, tile) + index;
                if (row + index < rows)
                {
                    PackRow<V, TGroup>(a.Read<V>(first + row + index, 1), blocks, tile, elements, parameters, factor);
                }
                else
                {
                    ClearRow(blocks, tile, elements, parameters, factor);
                }
            }

            row += tile;
        }

        return left;
    }

    /// <summary>Rows of the tile that starts at <paramref name="row"/>, some of which may be missing at the end: 8, 4 or 1.</summary>
    public int TileRowsAt(nint row, nint rows) => rows - row == 1 ? 1 : rows - row <= 4 ? 4 : _largestRows;

    /// <summary>The elements of the tile that starts at a row: [groups of all blocks][tile rows] of eight bytes.</summary>
    public ulong* Elements(nint row) => (ulong*)(_memory + (row * RowBytes));

    /// <summary>[blocks][tile rows][<see cref="ParameterCount"/>].</summary>
    public int* Parameters(nint row, int tileRows) => (int*)(_memory + (row * RowBytes) + (tileRows * _elementBytes));

    /// <summary>[tile rows] factors.</summary>
    public float* Factors(nint row, int tileRows) => (float*)(_memory + ((row + tileRows) * RowBytes)) - tileRows;

    private static nint ElementBytes(in DynamicBlocks blocks) => blocks.Count * blocks.Groups * sizeof(ulong);

    /// <summary>Parameters and factor, a multiple of eight.</summary>
    private static nint ParameterBytes(in DynamicBlocks blocks) => ((blocks.Count * ParameterCount) + 2) / 2 * 2 * sizeof(float);

    private static void ClearRow(in DynamicBlocks blocks, int tileRows, ulong* elements, int* parameters, float* factor)
    {
        for (nint block = 0; block < blocks.Count; block++)
        {
            for (int group = 0; group < blocks.Groups; group++)
            {
                *elements = 0;
                elements += tileRows;
            }

            new Span<int>(parameters, ParameterCount).Clear();
            parameters += ParameterCount * tileRows;
        }

        *factor = 0;
    }

    private static void PackRow<V, TGroup>(float* a, in DynamicBlocks blocks, int tileRows, ulong* elements, int* parameters, float* factor)
        where V : struct, IVector<V>
        where TGroup : struct, IDynamicGroup
    {
        float largest = Largest<V>(a, blocks, (float*)parameters, tileRows);
        float range = Math.Max(largest, SmallestRange);
        *factor = range / (sbyte.MaxValue * short.MaxValue);
        float multipliers = short.MaxValue / range;
        sbyte* quantized = stackalloc sbyte[ByteDot.MostProducts];
        for (nint begin = 0; begin < blocks.Depth; begin += blocks.Length)
        {
            nint length = Math.Min(blocks.Length, blocks.Depth - begin);
            var multiplier = (int)Math.Min(MathF.Ceiling(*(float*)parameters * multipliers), short.MaxValue);
            Quantize<V>(a + begin, length, multiplier == 0 ? 0 : 1 / (multiplier * *factor), quantized, out int firstSum, out int secondSum);
            for (nint index = length; index < blocks.Length; index++)
            {
                quantized[index] = 0;
            }

            for (int group = 0; group < blocks.Groups; group++)
            {
                *elements = TGroup.Arrange(quantized + (group * (blocks.Length / blocks.Groups)));
                elements += tileRows;
            }

            parameters[0] = TGroup.Multiplier<V>(multiplier);
            parameters[1] = TGroup.Start<V>(firstSum, secondSum);
            *(float*)(parameters + 2) = -(float)multiplier * (firstSum + secondSum);
            parameters += ParameterCount * tileRows;
        }
    }

    /// <summary>The largest magnitude of each block, where its parameters will be, and of all. As integers, magnitudes have the same order, and NaN is above all numbers.</summary>
    private static float Largest<V>(float* a, in DynamicBlocks blocks, float* perBlock, int tileRows)
        where V : struct, IVector<V>
    {
        int largest = 0;
        for (nint begin = 0; begin < blocks.Depth; begin += blocks.Length)
        {
            int inBlock = Largest<V>(a + begin, Math.Min(blocks.Length, blocks.Depth - begin));
            largest = Math.Max(largest, inBlock);
            *perBlock = BitConverter.Int32BitsToSingle(inBlock);
            perBlock += ParameterCount * tileRows;
        }

        return BitConverter.Int32BitsToSingle(largest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Largest<V>(float* a, nint length)
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

        return result;
    }

    /// <summary>Rounds to multiples, and sums those of elements 0 and 1 of every four and the others; as float32 they are exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quantize<V>(float* a, nint length, float inverse, sbyte* quantized, out int firstSum, out int secondSum)
        where V : struct, IVector<V>
    {
        V sum = V.Zero;
        nint index = 0;
        for (; V.Count >= 4 && index + V.Count <= length; index += V.Count)
        {
            V rounded = V.Round(V.Load(a + index) * V.Broadcast(inverse));
            sum += rounded;
            NarrowLanes.Store(rounded, quantized + index);
        }

        // As lanes are numbered, bit 1 tells which half of four an element is in.
        V isSecond = V.NotEqual(V.ConvertFromInt32(V.And(V.ConvertToInt32(V.LaneIndices), V.BroadcastBits(2))), V.Zero);
        float first = V.ReduceAdd(V.AndNot(sum, isSecond)), second = V.ReduceAdd(V.And(sum, isSecond));
        for (; index < length; index++)
        {
            var rounded = ScalarFloat.Round(new ScalarFloat(a[index] * inverse));
            NarrowLanes.Store(rounded, quantized + index);
            if ((index & 2) == 0)
            {
                first += rounded.Value;
            }
            else
            {
                second += rounded.Value;
            }
        }

        firstSum = (int)first;
        secondSum = (int)second;
    }
}

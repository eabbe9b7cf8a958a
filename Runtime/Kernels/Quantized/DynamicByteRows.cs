using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A tile of quantised rows times a panel of 8-bit weights: exact integer sums over each block, then scaled.</summary>
internal static unsafe class DynamicByteRows
{
    private const int Columns = NarrowMatrix.PanelColumns;

    // The most rows of a tile at any width.
    private const int MostRows = 8;

    /// <summary>sums[rows, 32] = rows · panel, but for the rows' factors.</summary>
    public static void Multiply<V>(int rows, ulong* elements, int* parameters, in DynamicBlocks blocks, in NarrowPanel<Int8Format> panel, float* sums)
        where V : struct, IVector<V>
    {
        float* memory = stackalloc float[(2 * MostRows * Columns) + Prefetch.LineFloats];
        float* products = Alignment.Lines(memory), previous = products + (MostRows * Columns);
        new Span<float>(sums, rows * Columns).Clear();
        for (nint block = 0; block < blocks.Count; block++)
        {
            nint firstRow = block * blocks.Groups;
            nint groups = Math.Min(blocks.Groups, panel.WordRows - firstRow);
            uint* words = panel.Words + (firstRow * Columns);
            for (nint strip = 0; strip < Columns; strip += 2 * V.Count)
            {
                IntegerTile.Multiply<V, ShortProduct>(rows, (int*)(elements + (firstRow * rows)), 2 * rows, words + strip, Columns, groups, (int*)products + strip, Columns);
            }

            // A block late, as vectors read back just after they were written wait until they have reached the cache.
            if (block > 0)
            {
                AddScaled<V>(rows, previous, parameters + ((block - 1) * DynamicLeft.ParameterCount * rows), (block - 1) / blocks.PerWeightBlock, panel, sums);
            }

            float* written = products;
            products = previous;
            previous = written;
        }

        if (blocks.Count > 0)
        {
            AddScaled<V>(rows, previous, parameters + ((blocks.Count - 1) * DynamicLeft.ParameterCount * rows), (blocks.Count - 1) / blocks.PerWeightBlock, panel, sums);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddScaled<V>(int rows, float* products, int* parameters, nint weightBlock, in NarrowPanel<Int8Format> panel, float* sums)
        where V : struct, IVector<V>
    {
        for (nint column = 0; column < Columns; column += V.Count)
        {
            V scales = panel.Scales<V>(weightBlock, column);
            if (panel.HasZeroPoints)
            {
                V zeroPoints = panel.ZeroPoints<V>(weightBlock, column);
                for (int row = 0; row < rows; row++)
                {
                    float* sum = sums + (row * Columns) + column;
                    V product = V.ConvertFromInt32(V.Load(products + (row * Columns) + column));
                    V offset = zeroPoints * V.BroadcastBits(parameters[(DynamicLeft.ParameterCount * row) + 2]);
                    V.Store(V.MultiplyAdd(V.MultiplyAdd(product, V.BroadcastBits(parameters[DynamicLeft.ParameterCount * row]), offset), scales, V.Load(sum)), sum);
                }

                continue;
            }

            for (int row = 0; row < rows; row++)
            {
                float* sum = sums + (row * Columns) + column;
                V product = V.ConvertFromInt32(V.Load(products + (row * Columns) + column));
                V.Store(V.MultiplyAdd(product * V.BroadcastBits(parameters[DynamicLeft.ParameterCount * row]), scales, V.Load(sum)), sum);
            }
        }
    }
}

using System.Runtime.Intrinsics;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Copies operands into the order in which <see cref="MatrixTile"/> reads them.</summary>
internal static unsafe class MatrixPacking
{
    /// <summary>How far ahead rows of a panel are fetched: no more than fit the first-level cache where they all fall into one of its sets.</summary>
    private const nint RowsAhead = 4;

    /// <summary>Floats that <see cref="PackLeft"/> writes at most.</summary>
    public static nint LeftLength(nint rows, nint depth) => (rows + MatrixTile.MaximumRows - 1) * depth;

    /// <summary>Packs rows of the left operand as tiles [depth][tile rows], one after the other.</summary>
    public static void PackLeft<V>(float* a, nint rowStride, nint columnStride, nint rows, nint depth, float* packed)
        where V : struct, IVector<V>
    {
        for (nint row = 0; row < rows;)
        {
            int tileRows = MatrixTile.RowsFor<V>(rows - row);
            PackTile(a + (row * rowStride), rowStride, columnStride, tileRows, tileRows, depth, packed);
            packed += tileRows * depth;
            row += tileRows;
        }
    }

    /// <summary>Packs up to 32 columns of the right operand as [depth][32]; columns that are missing are 0.</summary>
    public static void PackPanel<V>(float* b, nint rowStride, nint columnStride, nint columns, nint depth, float* packed)
        where V : struct, IVector<V>
    {
        if (columnStride == 1)
        {
            PackRows<V>(b, rowStride, columns, depth, packed);
            return;
        }

        PackTile(b, columnStride, rowStride, columns, MatrixMultiply.PanelColumns, depth, packed);
    }

    /// <summary>packed[d, line] = source[line, d] for the lines present, 0 for the others up to <paramref name="width"/>.</summary>
    private static void PackTile(float* source, nint lineStride, nint depthStride, nint present, nint width, nint depth, float* packed)
    {
        nint line = 0;
        for (; lineStride == 1 && line + 4 <= present; line += 4)
        {
            CopyFourColumns(source + line, depthStride, width, depth, packed + line);
        }

        for (; line + 4 <= present; line += 4)
        {
            PackFourLines(source + (line * lineStride), lineStride, depthStride, width, depth, packed + line);
        }

        for (; line < present; line++)
        {
            float* from = source + (line * lineStride);
            float* to = packed + line;
            for (nint index = 0; index < depth; index++)
            {
                *to = *from;
                from += depthStride;
                to += width;
            }
        }

        for (; line < width; line++)
        {
            float* to = packed + line;
            for (nint index = 0; index < depth; index++)
            {
                *to = 0;
                to += width;
            }
        }
    }

    /// <summary>Lines that lie side by side are copied four at a time.</summary>
    private static void CopyFourColumns(float* source, nint depthStride, nint width, nint depth, float* packed)
    {
        for (; depth > 0; depth--)
        {
            Vector128.Store(Vector128.Load(source), packed);
            source += depthStride;
            packed += width;
        }
    }

    /// <summary>Four lines at a time: each write is then 16 contiguous bytes instead of 4 on a line of their own.</summary>
    private static void PackFourLines(float* source, nint lineStride, nint depthStride, nint width, nint depth, float* packed)
    {
        float* line0 = source;
        float* line1 = line0 + lineStride;
        float* line2 = line1 + lineStride;
        float* line3 = line2 + lineStride;
        nint index = 0;
        if (depthStride == 1 && Transposition.IsSupported)
        {
            for (; index + 4 <= depth; index += 4)
            {
                Transposition.FourByFour(line0 + index, line1 + index, line2 + index, line3 + index, packed, width);
                packed += 4 * width;
            }
        }

        for (; index < depth; index++)
        {
            nint offset = index * depthStride;
            packed[0] = line0[offset];
            packed[1] = line1[offset];
            packed[2] = line2[offset];
            packed[3] = line3[offset];
            packed += width;
        }
    }

    private static void PackRows<V>(float* b, nint rowStride, nint columns, nint depth, float* packed)
        where V : struct, IVector<V>
    {
        if (columns == MatrixMultiply.PanelColumns)
        {
            PackFullRows<V>(b, rowStride, depth, packed);
            return;
        }

        nint full = columns / V.Count * V.Count;
        for (nint index = 0; index < depth; index++)
        {
            nint column = 0;
            for (; column < full; column += V.Count)
            {
                V.Store(V.Load(b + column), packed + column);
            }

            for (; column < columns; column++)
            {
                packed[column] = b[column];
            }

            for (; column < MatrixMultiply.PanelColumns; column++)
            {
                packed[column] = 0;
            }

            b += rowStride;
            packed += MatrixMultiply.PanelColumns;
        }
    }

    private static void PackFullRows<V>(float* b, nint rowStride, nint depth, float* packed)
        where V : struct, IVector<V>
    {
        for (nint index = 0; index < depth; index++)
        {
            // Rows are often a page or more apart, which the hardware does not foresee.
            Prefetch.ToFirstLevel(b + (RowsAhead * rowStride));
            Prefetch.ToFirstLevel(b + (RowsAhead * rowStride) + Prefetch.LineFloats);
            for (nint column = 0; column < MatrixMultiply.PanelColumns; column += V.Count)
            {
                V.Store(V.Load(b + column), packed + column);
            }

            b += rowStride;
            packed += MatrixMultiply.PanelColumns;
        }
    }
}

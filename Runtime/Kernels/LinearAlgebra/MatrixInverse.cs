using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Determinants and inverses of small square matrices, by elimination with partial pivoting in float64.</summary>
public static unsafe class MatrixInverse
{
    /// <summary>The determinant of every matrix (ONNX's Det).</summary>
    /// <typeparam name="T">Type of the elements.</typeparam>
    /// <param name="matrices">[count, size, size], row by row.</param>
    /// <param name="count">How many matrices there are.</param>
    /// <param name="size">Rows and columns of a matrix.</param>
    /// <param name="scratch">Room for size · size numbers.</param>
    /// <param name="determinants">Receives [count] numbers; a matrix without rows has the determinant 1.</param>
    public static void Determinants<T>(T* matrices, long count, long size, double* scratch, T* determinants)
        where T : unmanaged, INumber<T>
    {
        for (long matrix = 0; matrix < count; matrix++)
        {
            Load(matrices + (matrix * size * size), size, size, scratch);
            double product = 1;
            for (long column = 0; column < size && product != 0; column++)
            {
                product *= Pivot(scratch, size, size, column) * scratch[(column * size) + column];
                Eliminate(scratch, size, size, column, column + 1);
            }

            determinants[matrix] = T.CreateChecked(product);
        }
    }

    /// <summary>The inverse of every matrix (com.microsoft's Inverse).</summary>
    /// <typeparam name="T">Type of the elements.</typeparam>
    /// <param name="matrices">[count, size, size], row by row.</param>
    /// <param name="count">How many matrices there are.</param>
    /// <param name="size">Rows and columns of a matrix.</param>
    /// <param name="scratch">Room for 2 · size · size numbers.</param>
    /// <param name="inverses">Receives [count, size, size]; what a singular matrix gives is infinite or NaN.</param>
    public static void Inverses<T>(T* matrices, long count, long size, double* scratch, T* inverses)
        where T : unmanaged, INumber<T>
    {
        long width = 2 * size;
        for (long matrix = 0; matrix < count; matrix++)
        {
            // [A | 1] becomes [1 | A⁻¹].
            Load(matrices + (matrix * size * size), size, width, scratch);
            for (long column = 0; column < size; column++)
            {
                Pivot(scratch, size, width, column);
                double* row = scratch + (column * width);
                double pivot = row[column];
                for (long index = 0; index < width; index++)
                {
                    row[index] /= pivot;
                }

                Eliminate(scratch, size, width, column, 0);
            }

            for (long element = 0; element < size * size; element++)
            {
                inverses[(matrix * size * size) + element] = T.CreateChecked(scratch[(element / size * width) + size + (element % size)]);
            }
        }
    }

    /// <summary>Copies a matrix into rows of <paramref name="width"/> numbers, with the identity behind it where there is room.</summary>
    private static void Load<T>(T* matrix, long size, long width, double* rows)
        where T : unmanaged, INumber<T>
    {
        for (long row = 0; row < size; row++)
        {
            for (long column = 0; column < width; column++)
            {
                rows[(row * width) + column] = column < size ? double.CreateChecked(matrix[(row * size) + column]) : column - size == row ? 1 : 0;
            }
        }
    }

    /// <summary>Brings the largest number of a column's rest onto the diagonal; -1 where that exchanged two rows, else 1.</summary>
    private static double Pivot(double* rows, long size, long width, long column)
    {
        long largest = column;
        for (long row = column + 1; row < size; row++)
        {
            largest = Math.Abs(rows[(row * width) + column]) > Math.Abs(rows[(largest * width) + column]) ? row : largest;
        }

        for (long index = 0; index < width && largest != column; index++)
        {
            (rows[(column * width) + index], rows[(largest * width) + index]) = (rows[(largest * width) + index], rows[(column * width) + index]);
        }

        return largest == column ? 1 : -1;
    }

    /// <summary>Takes multiples of the pivot's row from the other rows so that their numbers in its column become 0.</summary>
    private static void Eliminate(double* rows, long size, long width, long column, long firstRow)
    {
        double* pivot = rows + (column * width);
        for (long row = firstRow; row < size; row++)
        {
            double factor = rows[(row * width) + column] / pivot[column];
            for (long index = column; index < width && row != column; index++)
            {
                rows[(row * width) + index] -= factor * pivot[index];
            }
        }
    }
}

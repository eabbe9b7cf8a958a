using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Finished sums of a panel on their way to the output.</summary>
internal static unsafe class SumRows
{
    /// <summary>Floats from one row of sums to the next.</summary>
    public const int Stride = MatrixMultiply.PanelColumns;

    /// <summary>Multiplies each row by its factor.</summary>
    public static void Scale<V>(float* sums, float* factors, nint rows)
        where V : struct, IVector<V>
    {
        for (nint row = 0; row < rows; row++)
        {
            V factor = V.Broadcast(factors[row]);
            for (nint lane = 0; lane < Stride; lane += V.Count)
            {
                V.Store(V.Load(sums + lane) * factor, sums + lane);
            }

            sums += Stride;
        }
    }

    /// <summary>Stores epilogue(sums), converted to the output's type; an epilogue that stores does so itself.</summary>
    public static void Store<V, TEpilogue, TOutput>(float* sums, nint rows, TOutput* c, nint ldc, nint columns, ref TEpilogue epilogue, nint row, nint column)
        where V : struct, IVector<V>
        where TEpilogue : struct, IEpilogue
        where TOutput : unmanaged
    {
        for (nint index = 0; index < rows; index++)
        {
            nint lane = 0;
            for (; lane + V.Count <= columns; lane += V.Count)
            {
                V result = epilogue.Apply(V.Load(sums + lane), row + index, column + lane);
                if (!TEpilogue.Stores)
                {
                    NarrowLanes.Store(result, c + lane);
                }
            }

            for (; lane < columns; lane++)
            {
                ScalarFloat result = epilogue.Apply(new ScalarFloat(sums[lane]), row + index, column + lane);
                if (!TEpilogue.Stores)
                {
                    NarrowLanes.Store(result, c + lane);
                }
            }

            sums += Stride;
            c += ldc;
        }
    }
}

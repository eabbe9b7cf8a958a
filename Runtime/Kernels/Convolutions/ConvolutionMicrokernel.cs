using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Convolves a tile with some channels of a panel of weights. Lanes run along positions, weights are broadcast: results need no
/// transposition, and 8 × 3 sums (32 registers) or 4 × 3 sums (16 registers) keep the multiply-add units busy on 11 or 7 loads.
/// </summary>
internal static unsafe class ConvolutionMicrokernel
{
    /// <summary>Vectors of positions in the largest block.</summary>
    public const int Columns = 3;

    /// <summary>Channels of the largest block.</summary>
    public static int Rows<V>()
        where V : struct, IVector<V> => V.Count == 16 ? 8 : 4;

    /// <summary>Computes positions 0 … <paramref name="positions"/> − 1, and whatever fills the last vector, of up to <see cref="Rows{V}"/> channels.</summary>
    public static void Run<V, TProduct>(in ConvolutionBlock block, float* tile, float* weights, float* results, int positions, int channels)
        where V : struct, IVector<V>
        where TProduct : struct, IConvolutionProduct
    {
        if (V.Count == 16 && channels > 4)
        {
            Run8<V, TProduct>(block, tile, weights, results, positions);
        }
        else
        {
            Run4<V, TProduct>(block, tile, weights, results, positions);
        }
    }

    private static void Run8<V, TProduct>(in ConvolutionBlock block, float* tile, float* weights, float* results, int positions)
        where V : struct, IVector<V>
        where TProduct : struct, IConvolutionProduct
    {
        int vectors = (positions + V.Count - 1) / V.Count;
        while (vectors > 0)
        {
            int columns = NextColumns(vectors);
            if (columns == 3)
            {
                ConvolutionMicrokernel8.Run8By3<V, TProduct>(block, tile, weights, results);
            }
            else if (columns == 2)
            {
                ConvolutionMicrokernel8.Run8By2<V, TProduct>(block, tile, weights, results);
            }
            else
            {
                ConvolutionMicrokernel8.Run8By1<V, TProduct>(block, tile, weights, results);
            }

            tile += columns * V.Count;
            results += columns * V.Count;
            vectors -= columns;
        }
    }

    private static void Run4<V, TProduct>(in ConvolutionBlock block, float* tile, float* weights, float* results, int positions)
        where V : struct, IVector<V>
        where TProduct : struct, IConvolutionProduct
    {
        int vectors = (positions + V.Count - 1) / V.Count;
        while (vectors > 0)
        {
            int columns = NextColumns(vectors);
            if (columns == 3)
            {
                ConvolutionMicrokernel4.Run4By3<V, TProduct>(block, tile, weights, results);
            }
            else if (columns == 2)
            {
                ConvolutionMicrokernel4.Run4By2<V, TProduct>(block, tile, weights, results);
            }
            else
            {
                ConvolutionMicrokernel4.Run4By1<V, TProduct>(block, tile, weights, results);
            }

            tile += columns * V.Count;
            results += columns * V.Count;
            vectors -= columns;
        }
    }

    /// <summary>Four vectors go as two and two: a single vector has too few sums to hide the latency of an addition.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int NextColumns(int vectors) => vectors == 4 ? 2 : Math.Min(vectors, Columns);
}

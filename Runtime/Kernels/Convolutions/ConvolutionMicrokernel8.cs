using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Inner loops of the convolution for 8 output channels: every sum stays in a register, each loaded vector of input serves
/// 8 channels. Unrolled by hand because the registers must be named, optimised from the first call
/// because a single call can be long.
/// </summary>
internal static unsafe class ConvolutionMicrokernel8
{
    /// <summary>8 channels × 3 vectors of positions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run8By3<V, TProduct>(in ConvolutionBlock block, float* tile, float* weights, float* results)
        where V : struct, IVector<V>
        where TProduct : struct, IConvolutionProduct
    {
        ConvolutionTap* first = block.Taps;
        ConvolutionTap* end = first + block.TapCount;
        nint tileStep = block.TileChannelSize;
        nint weightStep = block.WeightChannelSize;
        V s00 = V.Zero, s01 = V.Zero, s02 = V.Zero;
        V s10 = V.Zero, s11 = V.Zero, s12 = V.Zero;
        V s20 = V.Zero, s21 = V.Zero, s22 = V.Zero;
        V s30 = V.Zero, s31 = V.Zero, s32 = V.Zero;
        V s40 = V.Zero, s41 = V.Zero, s42 = V.Zero;
        V s50 = V.Zero, s51 = V.Zero, s52 = V.Zero;
        V s60 = V.Zero, s61 = V.Zero, s62 = V.Zero;
        V s70 = V.Zero, s71 = V.Zero, s72 = V.Zero;
        for (int channel = block.Channels; channel > 0; channel--)
        {
            for (ConvolutionTap* tap = first; tap < end; tap++)
            {
                float* x = tile + tap->Input;
                float* w = weights + tap->Weight;
                V x0 = V.Load(x);
                V x1 = V.Load(x + V.Count);
                V x2 = V.Load(x + (2 * V.Count));
                V w0 = V.Broadcast(w[0]);
                s00 = TProduct.MultiplyAdd(x0, w0, s00);
                s01 = TProduct.MultiplyAdd(x1, w0, s01);
                s02 = TProduct.MultiplyAdd(x2, w0, s02);
                V w1 = V.Broadcast(w[1]);
                s10 = TProduct.MultiplyAdd(x0, w1, s10);
                s11 = TProduct.MultiplyAdd(x1, w1, s11);
                s12 = TProduct.MultiplyAdd(x2, w1, s12);
                V w2 = V.Broadcast(w[2]);
                s20 = TProduct.MultiplyAdd(x0, w2, s20);
                s21 = TProduct.MultiplyAdd(x1, w2, s21);
                s22 = TProduct.MultiplyAdd(x2, w2, s22);
                V w3 = V.Broadcast(w[3]);
                s30 = TProduct.MultiplyAdd(x0, w3, s30);
                s31 = TProduct.MultiplyAdd(x1, w3, s31);
                s32 = TProduct.MultiplyAdd(x2, w3, s32);
                V w4 = V.Broadcast(w[4]);
                s40 = TProduct.MultiplyAdd(x0, w4, s40);
                s41 = TProduct.MultiplyAdd(x1, w4, s41);
                s42 = TProduct.MultiplyAdd(x2, w4, s42);
                V w5 = V.Broadcast(w[5]);
                s50 = TProduct.MultiplyAdd(x0, w5, s50);
                s51 = TProduct.MultiplyAdd(x1, w5, s51);
                s52 = TProduct.MultiplyAdd(x2, w5, s52);
                V w6 = V.Broadcast(w[6]);
                s60 = TProduct.MultiplyAdd(x0, w6, s60);
                s61 = TProduct.MultiplyAdd(x1, w6, s61);
                s62 = TProduct.MultiplyAdd(x2, w6, s62);
                V w7 = V.Broadcast(w[7]);
                s70 = TProduct.MultiplyAdd(x0, w7, s70);
                s71 = TProduct.MultiplyAdd(x1, w7, s71);
                s72 = TProduct.MultiplyAdd(x2, w7, s72);
            }

            tile += tileStep;
            weights += weightStep;
        }

        nint pitch = block.ResultPitch;
        V.Store(s00, results);
        V.Store(s01, results + V.Count);
        V.Store(s02, results + (2 * V.Count));
        results += pitch;
        V.Store(s10, results);
        V.Store(s11, results + V.Count);
        V.Store(s12, results + (2 * V.Count));
        results += pitch;
        V.Store(s20, results);
        V.Store(s21, results + V.Count);
        V.Store(s22, results + (2 * V.Count));
        results += pitch;
        V.Store(s30, results);
        V.Store(s31, results + V.Count);
        V.Store(s32, results + (2 * V.Count));
        results += pitch;
        V.Store(s40, results);
        V.Store(s41, results + V.Count);
        V.Store(s42, results + (2 * V.Count));
        results += pitch;
        V.Store(s50, results);
        V.Store(s51, results + V.Count);
        V.Store(s52, results + (2 * V.Count));
        results += pitch;
        V.Store(s60, results);
        V.Store(s61, results + V.Count);
        V.Store(s62, results + (2 * V.Count));
        results += pitch;
        V.Store(s70, results);
        V.Store(s71, results + V.Count);
        V.Store(s72, results + (2 * V.Count));
    }

    /// <summary>8 channels × 2 vectors of positions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run8By2<V, TProduct>(in ConvolutionBlock block, float* tile, float* weights, float* results)
        where V : struct, IVector<V>
        where TProduct : struct, IConvolutionProduct
    {
        ConvolutionTap* first = block.Taps;
        ConvolutionTap* end = first + block.TapCount;
        nint tileStep = block.TileChannelSize;
        nint weightStep = block.WeightChannelSize;
        V s00 = V.Zero, s01 = V.Zero;
        V s10 = V.Zero, s11 = V.Zero;
        V s20 = V.Zero, s21 = V.Zero;
        V s30 = V.Zero, s31 = V.Zero;
        V s40 = V.Zero, s41 = V.Zero;
        V s50 = V.Zero, s51 = V.Zero;
        V s60 = V.Zero, s61 = V.Zero;
        V s70 = V.Zero, s71 = V.Zero;
        for (int channel = block.Channels; channel > 0; channel--)
        {
            for (ConvolutionTap* tap = first; tap < end; tap++)
            {
                float* x = tile + tap->Input;
                float* w = weights + tap->Weight;
                V x0 = V.Load(x);
                V x1 = V.Load(x + V.Count);
                V w0 = V.Broadcast(w[0]);
                s00 = TProduct.MultiplyAdd(x0, w0, s00);
                s01 = TProduct.MultiplyAdd(x1, w0, s01);
                V w1 = V.Broadcast(w[1]);
                s10 = TProduct.MultiplyAdd(x0, w1, s10);
                s11 = TProduct.MultiplyAdd(x1, w1, s11);
                V w2 = V.Broadcast(w[2]);
                s20 = TProduct.MultiplyAdd(x0, w2, s20);
                s21 = TProduct.MultiplyAdd(x1, w2, s21);
                V w3 = V.Broadcast(w[3]);
                s30 = TProduct.MultiplyAdd(x0, w3, s30);
                s31 = TProduct.MultiplyAdd(x1, w3, s31);
                V w4 = V.Broadcast(w[4]);
                s40 = TProduct.MultiplyAdd(x0, w4, s40);
                s41 = TProduct.MultiplyAdd(x1, w4, s41);
                V w5 = V.Broadcast(w[5]);
                s50 = TProduct.MultiplyAdd(x0, w5, s50);
                s51 = TProduct.MultiplyAdd(x1, w5, s51);
                V w6 = V.Broadcast(w[6]);
                s60 = TProduct.MultiplyAdd(x0, w6, s60);
                s61 = TProduct.MultiplyAdd(x1, w6, s61);
                V w7 = V.Broadcast(w[7]);
                s70 = TProduct.MultiplyAdd(x0, w7, s70);
                s71 = TProduct.MultiplyAdd(x1, w7, s71);
            }

            tile += tileStep;
            weights += weightStep;
        }

        nint pitch = block.ResultPitch;
        V.Store(s00, results);
        V.Store(s01, results + V.Count);
        results += pitch;
        V.Store(s10, results);
        V.Store(s11, results + V.Count);
        results += pitch;
        V.Store(s20, results);
        V.Store(s21, results + V.Count);
        results += pitch;
        V.Store(s30, results);
        V.Store(s31, results + V.Count);
        results += pitch;
        V.Store(s40, results);
        V.Store(s41, results + V.Count);
        results += pitch;
        V.Store(s50, results);
        V.Store(s51, results + V.Count);
        results += pitch;
        V.Store(s60, results);
        V.Store(s61, results + V.Count);
        results += pitch;
        V.Store(s70, results);
        V.Store(s71, results + V.Count);
    }

    /// <summary>8 channels × 1 vector of positions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run8By1<V, TProduct>(in ConvolutionBlock block, float* tile, float* weights, float* results)
        where V : struct, IVector<V>
        where TProduct : struct, IConvolutionProduct
    {
        ConvolutionTap* first = block.Taps;
        ConvolutionTap* end = first + block.TapCount;
        nint tileStep = block.TileChannelSize;
        nint weightStep = block.WeightChannelSize;
        V s00 = V.Zero;
        V s10 = V.Zero;
        V s20 = V.Zero;
        V s30 = V.Zero;
        V s40 = V.Zero;
        V s50 = V.Zero;
        V s60 = V.Zero;
        V s70 = V.Zero;
        for (int channel = block.Channels; channel > 0; channel--)
        {
            for (ConvolutionTap* tap = first; tap < end; tap++)
            {
                float* x = tile + tap->Input;
                float* w = weights + tap->Weight;
                V x0 = V.Load(x);
                V w0 = V.Broadcast(w[0]);
                s00 = TProduct.MultiplyAdd(x0, w0, s00);
                V w1 = V.Broadcast(w[1]);
                s10 = TProduct.MultiplyAdd(x0, w1, s10);
                V w2 = V.Broadcast(w[2]);
                s20 = TProduct.MultiplyAdd(x0, w2, s20);
                V w3 = V.Broadcast(w[3]);
                s30 = TProduct.MultiplyAdd(x0, w3, s30);
                V w4 = V.Broadcast(w[4]);
                s40 = TProduct.MultiplyAdd(x0, w4, s40);
                V w5 = V.Broadcast(w[5]);
                s50 = TProduct.MultiplyAdd(x0, w5, s50);
                V w6 = V.Broadcast(w[6]);
                s60 = TProduct.MultiplyAdd(x0, w6, s60);
                V w7 = V.Broadcast(w[7]);
                s70 = TProduct.MultiplyAdd(x0, w7, s70);
            }

            tile += tileStep;
            weights += weightStep;
        }

        nint pitch = block.ResultPitch;
        V.Store(s00, results);
        results += pitch;
        V.Store(s10, results);
        results += pitch;
        V.Store(s20, results);
        results += pitch;
        V.Store(s30, results);
        results += pitch;
        V.Store(s40, results);
        results += pitch;
        V.Store(s50, results);
        results += pitch;
        V.Store(s60, results);
        results += pitch;
        V.Store(s70, results);
    }
}

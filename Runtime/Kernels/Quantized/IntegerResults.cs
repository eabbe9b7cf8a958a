using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Exact sums on their way to the output: as they are, or through an epilogue that sees them as float32.</summary>
internal static unsafe class IntegerResults
{
    /// <summary>Stores sums of neighbouring columns of one row.</summary>
    public static void Store<V, TEpilogue, TOutput>(int* sums, nint columns, TOutput* c, ref TEpilogue epilogue, nint row, nint column)
        where V : struct, IVector<V>
        where TEpilogue : struct, IEpilogue
        where TOutput : unmanaged
    {
        if (typeof(TOutput) == typeof(int))
        {
            Unsafe.CopyBlockUnaligned(c, sums, (uint)columns * sizeof(int));
            return;
        }

        nint lane = 0;
        for (; lane + V.Count <= columns; lane += V.Count)
        {
            V result = epilogue.Apply(V.ConvertFromInt32(V.Load((float*)sums + lane)), row, column + lane);
            if (!TEpilogue.Stores)
            {
                NarrowLanes.Store(result, c + lane);
            }
        }

        for (; lane < columns; lane++)
        {
            ScalarFloat result = epilogue.Apply(new ScalarFloat(sums[lane]), row, column + lane);
            if (!TEpilogue.Stores)
            {
                NarrowLanes.Store(result, c + lane);
            }
        }
    }

    /// <summary>Stores sums of neighbouring pixels of one channel.</summary>
    public static void StoreChannel<V, TEpilogue, TOutput>(int* sums, nint pixels, TOutput* output, ref TEpilogue epilogue, nint channel, nint offset)
        where V : struct, IVector<V>
        where TEpilogue : struct, IChannelEpilogue
        where TOutput : unmanaged
    {
        if (typeof(TOutput) == typeof(int))
        {
            Unsafe.CopyBlockUnaligned(output + offset, sums, (uint)pixels * sizeof(int));
            return;
        }

        nint lane = 0;
        for (; lane + V.Count <= pixels; lane += V.Count)
        {
            NarrowLanes.Store(epilogue.Apply(V.ConvertFromInt32(V.Load((float*)sums + lane)), channel, offset + lane), output + offset + lane);
        }

        for (; lane < pixels; lane++)
        {
            NarrowLanes.Store(epilogue.Apply(new ScalarFloat(sums[lane]), channel, offset + lane), output + offset + lane);
        }
    }
}

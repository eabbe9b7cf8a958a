using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Cameo.Sessions;

/// <summary>Elements of a cache, which holds float32, as a model's interface has them.</summary>
internal static class CacheElements
{
    /// <summary>The elements as float32: the tensor's own, or a widened copy.</summary>
    public static unsafe ReadOnlySpan<float> Widen(TensorView value)
    {
        int count = checked((int)value.ElementCount);
        if (value.ElementType == ElementType.Float32)
        {
            return new ReadOnlySpan<float>(value.Data, count);
        }

        var wide = new float[count];
        if (value.ElementType == ElementType.Float16)
        {
            TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>(value.Data, count), wide);
            return wide;
        }

        var source = new ReadOnlySpan<ushort>(value.Data, count);
        for (int index = 0; index < count; index++)
        {
            wide[index] = BitConverter.UInt32BitsToSingle((uint)source[index] << 16);
        }

        return wide;
    }

    /// <summary>Writes float32 elements into a tensor of the interface's type, rounded to nearest even.</summary>
    public static void Narrow(ReadOnlySpan<float> source, Tensor target)
    {
        if (target.ElementType == ElementType.Float32)
        {
            source.CopyTo(target.AsSpan<float>());
            return;
        }

        if (target.ElementType == ElementType.Float16)
        {
            TensorPrimitives.ConvertToHalf(source, target.AsSpan<Half>());
            return;
        }

        Span<ushort> narrow = MemoryMarshal.Cast<byte, ushort>(target.Bytes);
        for (int index = 0; index < source.Length; index++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(source[index]);
            narrow[index] = float.IsNaN(source[index]) ? (ushort)((bits >> 16) | 0x40) : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
        }
    }
}

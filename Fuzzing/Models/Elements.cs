using System.Runtime.InteropServices;
using Cameo.Benchmarks.Peers;
using Cameo.Generator.Onnx.Proto;
using Cameo.Sessions;
using Cameo.Tests.Models;
using Google.Protobuf;

namespace Cameo.Fuzzing.Models;

/// <summary>Elements of tensors: made from numbers, read as numbers.</summary>
internal static class Elements
{
    public static long Count(ReadOnlySpan<long> shape)
    {
        long count = 1;
        foreach (long size in shape)
        {
            count *= size;
        }

        return count;
    }

    public static bool IsFloat(ElementType type) => type is ElementType.Float32 or ElementType.Float64 or ElementType.Float16 or ElementType.BFloat16;

    public static bool IsInteger(ElementType type) => type is ElementType.Int8 or ElementType.UInt8 or ElementType.Int16 or ElementType.UInt16
        or ElementType.Int32 or ElementType.UInt32 or ElementType.Int64 or ElementType.UInt64;

    public static double[] Numbers(OnnxRuntimeTensor tensor) => TensorNumbers.Read((ElementType)tensor.ElementType, tensor.Bytes);

    /// <summary>A tensor of numbers, rounded to its type.</summary>
    public static OnnxRuntimeTensor Create(ElementType type, long[] shape, double[] numbers) => new((int)type, shape, type switch
    {
        ElementType.Float32 => Convert(numbers, static number => (float)number),
        ElementType.Float64 => Convert(numbers, static number => number),
        ElementType.Float16 => Convert(numbers, static number => (Half)number),
        ElementType.BFloat16 => Convert(numbers, static number => ToBFloat16((float)number)),
        ElementType.Int8 => Convert(numbers, static number => (sbyte)number),
        ElementType.UInt8 => Convert(numbers, static number => (byte)number),
        ElementType.Int16 => Convert(numbers, static number => (short)number),
        ElementType.UInt16 => Convert(numbers, static number => (ushort)number),
        ElementType.Int32 => Convert(numbers, static number => (int)number),
        ElementType.UInt32 => Convert(numbers, static number => (uint)number),
        ElementType.Int64 => Convert(numbers, static number => (long)number),
        ElementType.UInt64 => Convert(numbers, static number => (ulong)number),
        ElementType.Boolean => Convert(numbers, static number => number != 0),
        _ => throw new NotSupportedException($"{type}"),
    });

    public static TensorProto ToProto(string name, OnnxRuntimeTensor tensor)
    {
        TensorProto proto = new() { Name = name, DataType = tensor.ElementType, RawData = ByteString.CopyFrom(tensor.Bytes) };
        proto.Dims.Add(tensor.Shape);
        return proto;
    }

    // To nearest, ties to even.
    private static ushort ToBFloat16(float number)
    {
        uint bits = BitConverter.SingleToUInt32Bits(number);
        return float.IsNaN(number) ? (ushort)0x7FC0 : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static byte[] Convert<T>(double[] numbers, Func<double, T> convert)
        where T : unmanaged => MemoryMarshal.AsBytes<T>(Array.ConvertAll(numbers, number => convert(number))).ToArray();
}

using Cameo.Sessions;
using Cameo.Tests.Infrastructure;

namespace Cameo.Tests.Models;

/// <summary>Brings stored tensors into the form of the untyped interface.</summary>
internal static class StoredTensors
{
    public static Tensor ToTensor(StoredTensor stored)
    {
        // The numbers of the element types are ONNX's in both.
        var type = (ElementType)(int)stored.ElementType;
        return Tensor.FromBytes(type, Unpack(type, stored), [.. stored.Shape]);
    }

    /// <summary>Elements of less than a byte take a whole one in the untyped interface.</summary>
    public static byte[] Unpack(ElementType type, StoredTensor stored)
    {
        (int bits, bool signed) = type switch
        {
            ElementType.Int4 => (4, true),
            ElementType.UInt4 or ElementType.Float4E2M1 => (4, false),
            ElementType.Int2 => (2, true),
            ElementType.UInt2 => (2, false),
            _ => (8, false),
        };
        if (bits == 8)
        {
            return stored.Bytes;
        }

        var elements = new byte[stored.Shape.Aggregate(1L, static (product, size) => product * size)];
        for (int index = 0; index < elements.Length; index++)
        {
            int bit = index * bits;
            int value = (stored.Bytes[bit / 8] >> (bit % 8)) & ((1 << bits) - 1);
            elements[index] = (byte)(signed && value >> (bits - 1) != 0 ? value - (1 << bits) : value);
        }

        return elements;
    }
}

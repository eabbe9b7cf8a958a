using Cameo.Generator.Onnx.Proto;
using static Cameo.Generator.Onnx.Proto.TensorProto.Types;

namespace Cameo.Generator.Onnx;

/// <summary>What the file format says of each element type.</summary>
internal static class ElementTypes
{
    // No tensor in memory is longer, whatever its element type.
    private const long MaximumElements = long.MaxValue / 16;

    /// <summary>The size of an element; 0 for types without a fixed size (string) and unknown ones.</summary>
    public static int Bits(DataType type) => type switch
    {
        DataType.Uint2 or DataType.Int2 => 2,
        DataType.Uint4 or DataType.Int4 or DataType.Float4E2M1 => 4,
        DataType.Uint8 or DataType.Int8 or DataType.Bool => 8,
        DataType.Float8E4M3Fn or DataType.Float8E4M3Fnuz or DataType.Float8E5M2 or DataType.Float8E5M2Fnuz or DataType.Float8E8M0 => 8,
        DataType.Uint16 or DataType.Int16 or DataType.Float16 or DataType.Bfloat16 => 16,
        DataType.Float or DataType.Int32 or DataType.Uint32 => 32,
        DataType.Double or DataType.Int64 or DataType.Uint64 or DataType.Complex64 => 64,
        DataType.Complex128 => 128,
        _ => 0,
    };

    public static bool IsFloatingPoint(DataType type) => type
        is DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16
        or DataType.Float8E4M3Fn or DataType.Float8E4M3Fnuz or DataType.Float8E5M2 or DataType.Float8E5M2Fnuz or DataType.Float8E8M0
        or DataType.Float4E2M1 or DataType.Complex64 or DataType.Complex128;

    /// <summary>The field that holds elements of this type when they are not in raw_data.</summary>
    public static int TypedField(DataType type) => type switch
    {
        DataType.Float or DataType.Complex64 => TensorProto.FloatDataFieldNumber,
        DataType.Double or DataType.Complex128 => TensorProto.DoubleDataFieldNumber,
        DataType.Int64 => TensorProto.Int64DataFieldNumber,
        DataType.Uint32 or DataType.Uint64 => TensorProto.Uint64DataFieldNumber,
        DataType.String => TensorProto.StringDataFieldNumber,
        _ => TensorProto.Int32DataFieldNumber,
    };

    /// <summary>The number of elements of a shape; null if a dimension is negative or the number too large.</summary>
    public static long? ElementCount(IReadOnlyList<long> dimensions)
    {
        bool empty = false;
        foreach (long dimension in dimensions)
        {
            if (dimension < 0)
            {
                return null;
            }

            empty |= dimension == 0;
        }

        if (empty)
        {
            return 0;
        }

        long count = 1;
        foreach (long dimension in dimensions)
        {
            if (count > MaximumElements / dimension)
            {
                return null;
            }

            count *= dimension;
        }

        return count;
    }

    /// <summary>The bytes that elements take in raw form; those below 8 bits share bytes.</summary>
    public static long ByteLength(DataType type, long elements)
    {
        int bits = Bits(type);
        return bits >= 8 ? elements * (bits / 8) : (elements / (8 / bits)) + (elements % (8 / bits) == 0 ? 0 : 1);
    }
}

using System.Numerics;
using Cameo.Vectors;

namespace Cameo.Sessions;

/// <summary>Facts about element types.</summary>
public static class ElementTypes
{
    /// <summary>Bytes of one element in a tensor at run time, where types of less than a byte take a whole one.</summary>
    /// <param name="type">The element type.</param>
    /// <exception cref="NotSupportedException">The type has no fixed size.</exception>
    public static int Bytes(this ElementType type) => type switch
    {
        ElementType.UInt8 or ElementType.Int8 or ElementType.Boolean or ElementType.Float8E4M3FN or ElementType.Float8E4M3FNUZ
            or ElementType.Float8E5M2 or ElementType.Float8E5M2FNUZ or ElementType.Float8E8M0 or ElementType.UInt4 or ElementType.Int4
            or ElementType.Float4E2M1 or ElementType.UInt2 or ElementType.Int2 => 1,
        ElementType.UInt16 or ElementType.Int16 or ElementType.Float16 or ElementType.BFloat16 => 2,
        ElementType.Float32 or ElementType.Int32 or ElementType.UInt32 => 4,
        ElementType.Float64 or ElementType.Int64 or ElementType.UInt64 or ElementType.Complex64 => 8,
        ElementType.Complex128 => 16,
        _ => throw new NotSupportedException($"Elements of type {type} have no fixed size."),
    };

    /// <summary>The element type of a .NET type.</summary>
    /// <typeparam name="T">A numeric type (of .NET or <see cref="Cameo.Vectors"/>), <see cref="bool"/> or <see cref="Complex"/>.</typeparam>
    /// <exception cref="NotSupportedException">No element type has these values.</exception>
    public static ElementType Of<T>()
        where T : unmanaged
    {
        // Comparisons of types are settled when the code is compiled for T.
        if (typeof(T) == typeof(float)) { return ElementType.Float32; }
        if (typeof(T) == typeof(long)) { return ElementType.Int64; }
        if (typeof(T) == typeof(int)) { return ElementType.Int32; }
        if (typeof(T) == typeof(bool)) { return ElementType.Boolean; }
        if (typeof(T) == typeof(double)) { return ElementType.Float64; }
        if (typeof(T) == typeof(Half)) { return ElementType.Float16; }
        if (typeof(T) == typeof(byte)) { return ElementType.UInt8; }
        if (typeof(T) == typeof(sbyte)) { return ElementType.Int8; }
        if (typeof(T) == typeof(ushort)) { return ElementType.UInt16; }
        if (typeof(T) == typeof(short)) { return ElementType.Int16; }
        if (typeof(T) == typeof(uint)) { return ElementType.UInt32; }
        if (typeof(T) == typeof(ulong)) { return ElementType.UInt64; }
        if (typeof(T) == typeof(BFloat16)) { return ElementType.BFloat16; }
        if (typeof(T) == typeof(Float8E4M3FN)) { return ElementType.Float8E4M3FN; }
        if (typeof(T) == typeof(Float8E4M3FNUZ)) { return ElementType.Float8E4M3FNUZ; }
        if (typeof(T) == typeof(Float8E5M2)) { return ElementType.Float8E5M2; }
        if (typeof(T) == typeof(Float8E5M2FNUZ)) { return ElementType.Float8E5M2FNUZ; }
        if (typeof(T) == typeof(Float8E8M0)) { return ElementType.Float8E8M0; }
        if (typeof(T) == typeof(Float4E2M1)) { return ElementType.Float4E2M1; }
        if (typeof(T) == typeof(Complex)) { return ElementType.Complex128; }
        throw new NotSupportedException($"No element type has the values of {typeof(T)}.");
    }

    /// <summary>Number of elements of a shape.</summary>
    /// <param name="shape">Sizes of the dimensions, outermost first; empty for a scalar.</param>
    /// <exception cref="OverflowException">The number does not fit.</exception>
    public static long CountElements(ReadOnlySpan<long> shape)
    {
        long count = 1;
        foreach (long size in shape)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(size, nameof(shape));
            count = checked(count * size);
        }

        return count;
    }
}

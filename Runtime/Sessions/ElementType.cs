namespace Cameo.Sessions;

/// <summary>Element types of tensors, with the numbers of ONNX's <c>TensorProto.DataType</c>.</summary>
public enum ElementType
{
    /// <summary>No type.</summary>
    Undefined = 0,

    /// <summary>32-bit floating point, <see cref="float"/>.</summary>
    Float32 = 1,

    /// <summary><see cref="byte"/>.</summary>
    UInt8 = 2,

    /// <summary><see cref="sbyte"/>.</summary>
    Int8 = 3,

    /// <summary><see cref="ushort"/>.</summary>
    UInt16 = 4,

    /// <summary><see cref="short"/>.</summary>
    Int16 = 5,

    /// <summary><see cref="int"/>.</summary>
    Int32 = 6,

    /// <summary><see cref="long"/>.</summary>
    Int64 = 7,

    /// <summary>Text; not a fixed-size element.</summary>
    String = 8,

    /// <summary><see cref="bool"/>, one byte, 0 or 1.</summary>
    Boolean = 9,

    /// <summary>16-bit floating point, <see cref="Half"/>.</summary>
    Float16 = 10,

    /// <summary>64-bit floating point, <see cref="double"/>.</summary>
    Float64 = 11,

    /// <summary><see cref="uint"/>.</summary>
    UInt32 = 12,

    /// <summary><see cref="ulong"/>.</summary>
    UInt64 = 13,

    /// <summary>Two 32-bit floating-point numbers.</summary>
    Complex64 = 14,

    /// <summary>Two 64-bit floating-point numbers, <see cref="System.Numerics.Complex"/>.</summary>
    Complex128 = 15,

    /// <summary>The upper half of a 32-bit floating-point number.</summary>
    BFloat16 = 16,

    /// <summary>8-bit floating point, 4 exponent bits, no infinities.</summary>
    Float8E4M3FN = 17,

    /// <summary>8-bit floating point, 4 exponent bits, no infinities, no negative zero.</summary>
    Float8E4M3FNUZ = 18,

    /// <summary>8-bit floating point, 5 exponent bits.</summary>
    Float8E5M2 = 19,

    /// <summary>8-bit floating point, 5 exponent bits, no infinities, no negative zero.</summary>
    Float8E5M2FNUZ = 20,

    /// <summary>Unsigned 4-bit integer; one byte an element outside packed weights.</summary>
    UInt4 = 21,

    /// <summary>Signed 4-bit integer; one byte an element outside packed weights.</summary>
    Int4 = 22,

    /// <summary>4-bit floating point, 2 exponent bits; one byte an element outside packed weights.</summary>
    Float4E2M1 = 23,

    /// <summary>8-bit power of two.</summary>
    Float8E8M0 = 24,

    /// <summary>Unsigned 2-bit integer; one byte an element outside packed weights.</summary>
    UInt2 = 25,

    /// <summary>Signed 2-bit integer; one byte an element outside packed weights.</summary>
    Int2 = 26,
}

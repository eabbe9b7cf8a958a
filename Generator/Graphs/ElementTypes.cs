namespace Cameo.Generator.Graphs;

/// <summary>Facts about element types: their size, their C# spelling, their kind.</summary>
internal static class ElementTypes
{
    /// <summary>Bits of one element in a packed buffer; of a string, those of its handle (see <see cref="TextTable"/>).</summary>
    public static int Bits(this ElementType type) => type switch
    {
        ElementType.Int2 or ElementType.UInt2 => 2,
        ElementType.Int4 or ElementType.UInt4 or ElementType.Float4E2M1 => 4,
        ElementType.Boolean or ElementType.UInt8 or ElementType.Int8 or ElementType.Float8E4M3FN or ElementType.Float8E4M3FNUZ
            or ElementType.Float8E5M2 or ElementType.Float8E5M2FNUZ or ElementType.Float8E8M0 => 8,
        ElementType.UInt16 or ElementType.Int16 or ElementType.Float16 or ElementType.BFloat16 => 16,
        ElementType.Float32 or ElementType.Int32 or ElementType.UInt32 => 32,
        ElementType.Float64 or ElementType.Int64 or ElementType.UInt64 or ElementType.Complex64 or ElementType.String => 64,
        ElementType.Complex128 => 128,
        _ => 0,
    };

    /// <summary>Bytes of one element; types of less than a byte are widened to one byte in run-time buffers.</summary>
    public static int Bytes(this ElementType type) => Math.Max(1, type.Bits() / 8);

    /// <summary>The C# type whose values have this element type in generated code, or <see langword="null"/> where there is none yet.</summary>
    public static string? CSharpName(this ElementType type) => type switch
    {
        ElementType.Float32 => "float",
        ElementType.Float64 => "double",
        ElementType.Float16 => "Half",
        ElementType.BFloat16 => "BFloat16",
        ElementType.UInt8 or ElementType.UInt4 or ElementType.UInt2 => "byte",
        ElementType.Int8 or ElementType.Int4 or ElementType.Int2 => "sbyte",
        ElementType.UInt16 => "ushort",
        ElementType.Int16 => "short",
        ElementType.UInt32 => "uint",
        ElementType.Int32 => "int",
        ElementType.UInt64 => "ulong",
        ElementType.Int64 or ElementType.String => "long",
        ElementType.Boolean => "bool",
        _ when type.IsSmallFloat() => type.ToString(),
        _ => null,
    };

    /// <summary>The C# type that users of a model have for the elements, or <see langword="null"/> where there is none yet.</summary>
    public static string? InterfaceName(this ElementType type) => type == ElementType.String ? "string" : type.CSharpName();

    public static bool IsInteger(this ElementType type) => type is ElementType.UInt8 or ElementType.Int8 or ElementType.UInt16
        or ElementType.Int16 or ElementType.UInt32 or ElementType.Int32 or ElementType.UInt64 or ElementType.Int64;

    public static bool IsSigned(this ElementType type) => type is ElementType.Int8 or ElementType.Int16 or ElementType.Int32 or ElementType.Int64;

    public static bool IsFloat(this ElementType type) => type is ElementType.Float32 or ElementType.Float64 or ElementType.Float16 or ElementType.BFloat16;

    /// <summary>Whether it is a floating-point type of at most 8 bits: elements are stored, moved and converted; there is no arithmetic on them.</summary>
    public static bool IsSmallFloat(this ElementType type) => type is ElementType.Float8E4M3FN or ElementType.Float8E4M3FNUZ or ElementType.Float8E5M2
        or ElementType.Float8E5M2FNUZ or ElementType.Float8E8M0 or ElementType.Float4E2M1;

    /// <summary>The spelling of ONNX's type strings, as in <c>tensor(float)</c>, for messages and dumps.</summary>
    public static string OnnxName(this ElementType type) => type switch
    {
        ElementType.Float32 => "float",
        ElementType.Float64 => "double",
        ElementType.Boolean => "bool",
        _ => type.ToString().ToLowerInvariant(),
    };
}

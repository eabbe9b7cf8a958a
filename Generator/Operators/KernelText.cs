using System.Globalization;
using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>Spells what operators write into kernels: literals, arrays on the stack, and values that are known as expressions over sizes.</summary>
internal static class KernelText
{
    /// <summary>The node as kernels name it in exceptions.</summary>
    public static string Name(Node node) => CSharpText.Literal(node.ToString());

    /// <summary>A float32 literal.</summary>
    public static string Float(double value) => VectorSpelling.Single((float)value);

    /// <summary>A literal of an element type.</summary>
    public static string Number(double value, ElementType type) => type switch
    {
        ElementType.Float64 when !double.IsNaN(value) && !double.IsInfinity(value) => value.ToString("R", CultureInfo.InvariantCulture) + "d",
        _ when type.IsFloat() => Float(value),
        ElementType.Boolean => Boolean(value != 0),
        _ => Integer((long)value),
    };

    public static string Integer(long value) => value == long.MinValue ? "long.MinValue" : value.ToString(CultureInfo.InvariantCulture);

    public static string Boolean(bool value) => value ? "true" : "false";

    /// <summary>A stack-allocated list of sizes: "stackalloc long[] { 1, 2 }".</summary>
    public static string Sizes(KernelWriter writer, IEnumerable<Dimension> sizes) => $"stackalloc long[] {{ {string.Join(", ", sizes.Select(writer.Size))} }}";

    /// <summary>A size as an argument of type nint.</summary>
    public static string Native(KernelWriter writer, Dimension size) =>
        size.Value is <= int.MaxValue and >= int.MinValue ? writer.Size(size) : $"(nint)({writer.Size(size)})";

    /// <summary>A size as an argument of type int; the kernels that take it are limited to such sizes.</summary>
    public static string Int(KernelWriter writer, Dimension size) =>
        size.Value is <= int.MaxValue and >= int.MinValue ? writer.Size(size) : $"checked((int)({writer.Size(size)}))";

    /// <summary>A typed pointer to a view, where elements only move: any type of the same size, as "(uint*)".</summary>
    public static string Bytes(KernelWriter writer, View view) => $"(byte*)({writer.Pointer(view)})";

    /// <summary>The type that a C# expression of the form "new Type(…)" or "default(Type)" has.</summary>
    public static string ConstructedType(string construction) => construction.StartsWith("default(", StringComparison.Ordinal)
        ? construction.Substring(8, construction.Length - 9)
        : construction.Substring(4, construction.IndexOf('(') - 4);

    /// <summary>C# name of an element type; throws where generated code has none.</summary>
    public static string TypeName(Node node, ElementType type) =>
        type.CSharpName() ?? throw ModelException.Unsupported(node, $"elements of type {type.OnnxName()} are not supported at run time");
}

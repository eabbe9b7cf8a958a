using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>C# of what kernels say to sequences.</summary>
internal static class SequenceText
{
    /// <summary>The session's field that holds a sequence.</summary>
    public static string Field(int sequence) => $"_tensors{sequence}";

    /// <summary>A shape as a span.</summary>
    public static string Sizes(Shape shape, KernelWriter writer) => $"[{string.Join(", ", shape.Select(writer.Size))}]";

    /// <summary>The node, for messages.</summary>
    public static string Name(Node node) => CSharpText.Literal(node.ToString());

    /// <summary>A position: a number, or read from memory.</summary>
    public static string Position(Value position, View? view, KernelWriter writer) => view is null ? writer.Size(position.Elements![0]) : $"*{writer.Pointer(view)}";

    /// <summary>Where a position is read from memory; null where it follows from sizes.</summary>
    public static View? Read(Value? position, LoweringContext context) => position is null || position.Elements is { Count: 1 } ? null : context.Read(position);
}

using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>Shapes of tensors that come out of sequences and optionals.</summary>
internal static class SequenceSizes
{
    /// <summary>Sets the type of a result that is one of the tensors a container holds; leaves it open while nothing is known of them.</summary>
    public static void SetItem(Node node, ContainerType container, InferenceContext context)
    {
        if (Items(node, container, node.Output.DeclaredType?.Rank, context) is { } items)
        {
            context.SetType(node.Output, new TensorType(container.ElementType, Shape(node, items, context)));
        }
    }

    /// <summary>Sizes of each tensor in a container, null where they may differ; null as a whole while nothing is known of them.</summary>
    /// <param name="node">The node that reads them.</param>
    /// <param name="container">What it reads.</param>
    /// <param name="declaredRank">The rank that follows from what the model declares for the result.</param>
    /// <param name="context">The context.</param>
    public static IReadOnlyList<Dimension?>? Items(Node node, ContainerType container, int? declaredRank, InferenceContext context)
    {
        if (container.Items.IsNone || container.ElementType == ElementType.Undefined)
        {
            return context.IsTentative ? null : throw new ModelException(node, $"'{node.Input(0).Name}' never holds a tensor");
        }

        return container.Items.Sizes ?? (declaredRank is { } rank and >= 0
            ? [.. Enumerable.Repeat<Dimension?>(null, rank)]
            : throw ModelException.Unsupported(node, $"the rank of the tensors in '{node.Input(0).Name}' is not known, and the model declares none for '{node.Output.Name}'"));
    }

    /// <summary>A shape whose open sizes are symbols that the node's kernel sets.</summary>
    public static Shape Shape(Node node, IReadOnlyList<Dimension?> sizes, InferenceContext context)
    {
        if (sizes.All(size => size is not null))
        {
            return new Shape([.. sizes.Select(size => size!)]);
        }

        // One for each axis, so that a size that turns out to be open when a loop's body is inferred again gets no other's symbol.
        Dimension[] symbols = [.. sizes.Select((_, axis) => context.DataSize(node, $"axis {axis}"))];
        return new Shape([.. sizes.Select((size, axis) => size ?? symbols[axis])]);
    }

    /// <summary>Adds a kernel that leaves one tensor in a sequence of its own, of which the result is a view.</summary>
    /// <param name="node">The node.</param>
    /// <param name="context">The context.</param>
    /// <param name="read">Memory that the kernel reads besides the sequence.</param>
    /// <param name="write">Writes the call from the sequence that is read and the sizes expected: -1 where any is right.</param>
    public static void LowerItem(Node node, LoweringContext context, View? read, Func<KernelWriter, string, string, string> write)
    {
        int source = context.Sequences.Number(node.Input(0));
        int target = context.Sequences.AddItem(node.Output);
        Shape shape = node.Output.Shape;
        IReadOnlyList<string> open = DataSizes.Names(node);
        context.Add(new Kernel("sequence", node, read is null ? [] : [read], [], writer =>
        {
            string field = SequenceText.Field(target);
            string sizes = string.Join(", ", shape.Select(size => IsOpen(size, open) ? "-1" : writer.Size(size)));
            writer.Line($"{field}.{write(writer, SequenceText.Field(source), $"[{sizes}]")};");
            for (int axis = 0; axis < Math.Min(open.Count, shape.Rank); axis++)
            {
                writer.SetSize(Dimension.Symbol(open[axis]), $"{field}.Size({axis})");
            }
        })
        {
            UpdatesState = true,
            Sizes = open,
            Summary = $"a tensor of {node.Input(0).Name}",
        });
        context.SetView(node.Output, new View(new MemoryBuffer(node.Output.Name, MemoryKind.Sequence, node.Output.ElementType, shape.ElementCount) { Index = target }, shape));
    }

    private static bool IsOpen(Dimension size, IReadOnlyList<string> open) => size.AsSymbol() is { } symbol && open.Contains(symbol);
}

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>
/// Finds the product that gives the logits of every position of a decoder. Continuing a text takes those of the last position, and a vocabulary makes the product a fifth of a small model's work,
/// so that it is written to compute the last row alone where the session asks for that.
/// </summary>
internal static class LastPosition
{
    /// <summary>The session's field: whether only the last position's logits are wanted.</summary>
    public const string Field = "_lastPositionOnly";

    /// <summary>Marks the product, if there is one.</summary>
    public static void Run(Graph graph, LoweredModel model)
    {
        if (graph.Sequence is not { } sequence)
        {
            return;
        }

        for (int output = 0; output < graph.Outputs.Count; output++)
        {
            Value value = graph.Outputs[output];
            if (value.ElementType != ElementType.Float32 || value.Shape.Rank != 3 || value.Shape[1] != sequence.NewTokens || model.Outputs[output] is not { } view)
            {
                continue;
            }

            int index = model.Kernels.FindIndex(kernel => kernel.Owner is null && kernel.Product is { Stores: false } product && product.Parts[0].Output.Buffer == view.Buffer);
            if (index >= 0 && model.Kernels[index].Product is { } head && CanSkipRows(head, value) && !IsRead(model, view.Buffer, model.Outputs.Count(other => other?.Buffer == view.Buffer)))
            {
                model.Kernels[index] = (head with { CanSkipRows = true }).ToKernel();
            }
        }
    }

    /// <summary>Whether rows are the positions, and what is done to their sums is the same for all of them.</summary>
    private static bool CanSkipRows(PackedProduct product, Value value) =>
        product.Rows == value.Shape[0] * value.Shape[1]
        && product.Parts[0].Epilogue.Inputs.All(static input => input.Strides.Take(input.Rank - 1).All(static stride => stride == Dimension.Zero));

    private static bool IsRead(LoweredModel model, MemoryBuffer buffer, int outputs) =>
        outputs > 1 || model.Kernels.Any(kernel => kernel.Reads.Any(read => read.Buffer == buffer));
}

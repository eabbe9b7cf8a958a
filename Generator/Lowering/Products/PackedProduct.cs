using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Lowering;

/// <summary>
/// A product of rows with packed constant weights: one value of the graph, or several that have the left operand in common (<see cref="ProductJoining"/>), each with its own epilogue.
/// </summary>
/// <param name="Node">The node that names the kernel.</param>
/// <param name="Left">[rows, depth], elements of a row side by side.</param>
/// <param name="Weights">The right operand.</param>
/// <param name="Parts">What its columns are; each part begins with a panel.</param>
internal sealed record PackedProduct(Node Node, View Left, ProductWeights Weights, IReadOnlyList<ProductPart> Parts)
{
    /// <summary>
    /// Whether the panels of the two parts stand in turn and the second part's epilogue reads the first part, column by column: the first part waits in the second one's memory
    /// for the panel after it.
    /// </summary>
    public bool IsGated { get; init; }

    /// <summary>Whether the last row alone is computed where the session wants no other (<see cref="LastPosition"/>).</summary>
    public bool CanSkipRows { get; init; }

    public Dimension Rows => Left.Shape[0];

    public Dimension Depth => Left.Shape[1];

    /// <summary>Whether columns go to other places than one matrix.</summary>
    public bool Stores => Parts.Count > 1 || Parts[0].Ranges.Count > 0;

    public Kernel ToKernel()
    {
        ProductPart[] written = [.. Parts.Where((part, index) => part.WritesOutput && !(IsGated && index == 0))];
        IEnumerable<View> inputs = Parts.SelectMany(part => part.Epilogue.Inputs).Where(view => !IsGated || view.Buffer != Parts[0].Output.Buffer);
        string columns = string.Join(" + ", Parts.Select(part => part.Columns));
        bool isCached = Parts.Any(part => part.Ranges.Count > 0);
        return new Kernel(Weights.Kind, Node, [Left, .. Weights.Reads, .. inputs], [.. written.Select(part => part.Output)], Emit)
        {
            Nodes = [.. Parts.SelectMany(part => part.Epilogue.Nodes).Distinct()],
            MultiplyAdds = Rows * Parts.Aggregate(Dimension.Zero, (sum, part) => sum + part.Columns) * Depth,
            Summary = $"[{Rows}, {Depth}]{Weights.LeftNote} · {Weights.Description} [{Depth}, {columns}]{(isCached ? ", into the session's cache" : "")}",
            UpdatesState = isCached,
            Product = this,
            Redirect = append => Redirect(append)?.ToKernel(),
        };
    }

    private PackedProduct? Redirect(CacheAppend append)
    {
        ProductPart part = Parts.Single(part => part.Output.Buffer == append.Source.Buffer);
        return !IsGated && part.Redirect(append, Rows) is { } redirected ? this with { Parts = [.. Parts.Select(other => other == part ? redirected : other)] } : null;
    }

    private void Emit(KernelWriter writer)
    {
        string left = writer.Pointer(Left), leftStride = KernelText.Native(writer, Left.Strides[0]);
        string rows = KernelText.Native(writer, Rows);
        ProductPart part = Parts[0];
        if (CanSkipRows)
        {
            string output = writer.Pointer(part.Output), outputStride = KernelText.Native(writer, part.RowStride);
            writer.Line($"nint skipped = {LastPosition.Field} ? {rows} - 1 : 0; // whoever continues a text reads the last position alone");
            Weights.WriteCall(
                writer, $"{left} + (skipped * {leftStride}), {leftStride}", Left.ElementType, $"{output} + (skipped * {outputStride}), {outputStride}", $"{rows} - skipped", part.Output.ElementType,
                writer.MatrixEpilogue(part.Epilogue));
            return;
        }

        if (Stores)
        {
            Weights.WriteCall(writer, $"{left}, {leftStride}", Left.ElementType, "null, 0", rows, ElementType.Float32, writer.StoringEpilogue(this));
            return;
        }

        Weights.WriteCall(writer, $"{left}, {leftStride}", Left.ElementType, $"{writer.Pointer(part.Output)}, {KernelText.Native(writer, part.RowStride)}", rows, part.Output.ElementType, writer.MatrixEpilogue(part.Epilogue));
    }
}

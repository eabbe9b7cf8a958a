using System.Globalization;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Outlining;
using Cameo.Generator.Planning;

namespace Cameo.Generator.Emitting;

/// <summary>
/// Writes what a model tells of itself on demand: kernels, patterns, memory plan. It is an override that only asking calls, so that a program that never asks pays for it
/// neither in time nor, trimmed, in size.
/// </summary>
internal static class DetailsEmitter
{
    public static void Write(CodeWriter code, EmissionModel model)
    {
        Graph graph = model.Graph;
        code.Line();
        code.Line("/// <inheritdoc/>");
        using (code.Block("protected override ModelDetails DescribeDetails() => new()", "};"))
        {
            code.Line("Kernels = DescribeKernels(),");
            code.Line("MemoryPlan = DescribeMemory(),");
            code.Line("Patterns = DescribePatterns(),");
            code.Line("Misses = DescribeMisses(),");
        }

        DescriptionList.Write(code, "DescribeKernels", "KernelDescription", [.. model.Schedule.Sites.Select(site => DescribeKernel(model, site))]);
        DescriptionList.Write(code, "DescribeMemory", "BufferDescription", model.Plan.IsStatic ? [.. ArenaSeries.Of(model.Plan, model.Schedule).Select(series => DescribeMemory(series, graph))] : []);
        DescriptionList.Write(code, "DescribePatterns", "PatternDescription", [.. PatternGroup.Of(graph.Recognitions).Select(Describe)]);
        DescriptionList.Write(code, "DescribeMisses", "PatternDescription", [.. PatternGroup.Of(graph.Misses).Select(Describe)]);
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Describe(PatternGroup group) =>
        $"new({CSharpText.Literal(group.Pattern)}, {CSharpText.Literal(group.Nodes)}, {group.Count}){(group.Reason.Length > 0 ? $" {{ Reason = {CSharpText.Literal(group.Reason)} }}" : "")}";

    private static string DescribeMemory(ArenaSeries series, Graph graph) =>
        $"new({CSharpText.Literal(SlotText.Name(series))}, {Number(series.Offset)}, {Number(series.Bytes.Range(graph.Symbols.Range).Maximum)}, {series.FirstKernel}, {series.LastKernel}){SlotText.Repetitions(series)}";

    private static string DescribeKernel(EmissionModel model, CallSite site)
    {
        Kernel kernel = site.Template.Kernel;
        Dimension bytes = kernel.Reads.Concat(kernel.Writes).Aggregate(Dimension.Zero, (sum, view) => sum + view.Shape.ElementCount * view.ElementType.Bytes());
        return $"new() {{ Index = {site.First}, {(site.IsRepeated ? $"Repetitions = {site.Repetitions}, " : "")}Name = {CSharpText.Literal(model.Method(site))}, Kind = {CSharpText.Literal(kernel.Kind)}, Nodes = {CSharpText.List(Nodes(model, site))}, {Figure("MultiplyAdds", kernel.MultiplyAdds)}, {Figure("Bytes", bytes)} }}";
    }

    /// <summary>The ONNX nodes of a kernel; of repeated ones with the pattern of their names.</summary>
    private static IEnumerable<string> Nodes(EmissionModel model, CallSite site)
    {
        IReadOnlyList<string> first = site.Template.Kernel.Nodes;
        IReadOnlyList<string>[] all = [.. site.Kernels.Select(kernel => model.Schedule.Template(kernel).Kernel.Nodes)];
        for (int index = 0; index < first.Count; index++)
        {
            int node = index;
            yield return all.All(nodes => nodes.Count == first.Count) && NamePattern.Find([.. all.Select(nodes => nodes[node])]) is { } pattern ? pattern.ToString() : first[index];
        }
    }

    private static string Figure(string property, Dimension figure) => figure.Value is { } known
        ? $"{property} = {Number(known)}"
        : $"{property}Text = {CSharpText.Literal(figure.ToString())}";
}

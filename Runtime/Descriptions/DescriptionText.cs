using System.Globalization;
using System.Text;
using Cameo.Sessions;

namespace Cameo.Descriptions;

/// <summary>Writes a <see cref="ModelDescription"/> as text in columns, the same under every culture.</summary>
public static class DescriptionText
{
    /// <summary>All that is known of a model as text, lines ended by a line feed.</summary>
    /// <param name="model">The model.</param>
    public static string Write(CompiledModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Write(model.Description, model.Details);
    }

    /// <summary>A description as text, lines ended by a line feed.</summary>
    /// <param name="model">The description.</param>
    /// <param name="details">What else is known; <see langword="null"/> for none.</param>
    public static string Write(ModelDescription model, ModelDetails? details = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        details ??= new ModelDetails();
        var text = new StringBuilder();
        WriteHead(text, model);
        WriteLines(text, "inputs", model.Inputs, static value => WithMember(value.ToString(), value.MemberName));
        WriteLines(text, "outputs", model.Outputs, static value => WithMember(value.ToString(), value.MemberName));
        WriteLines(text, "sequence and optional inputs", model.SequenceInputs, static value => WithMember(value.ToString(), value.MemberName));
        WriteLines(text, "sequence and optional outputs", model.SequenceOutputs, static value => WithMember(value.ToString(), value.MemberName));
        WriteLines(text, "map inputs", model.MapInputs, static value => WithMember(value.ToString(), value.MemberName));
        WriteLines(text, "states", model.States, static state => $"{state}  {state.Kind}{Separator(state.Kind)}{Size(state.Bytes)}");
        WriteLines(text, "dimensions", model.Dimensions, static dimension => dimension.ToString());
        WriteSizes(text, model);
        WriteKernels(text, details.Kernels);
        WriteLines(text, "recognised patterns", details.Patterns, static pattern => Times(pattern));
        WriteLines(text, "patterns not recognised", details.Misses, static pattern => $"{Times(pattern)}: {pattern.Reason}");
        WriteMemoryPlan(text, details.MemoryPlan);
        return text.ToString();
    }

    /// <summary>A number of bytes with a unit and three digits or so, such as <c>1.25 MiB</c>.</summary>
    /// <param name="bytes">The number of bytes.</param>
    public static string Size(long bytes)
    {
        ReadOnlySpan<string> units = ["B", "KiB", "MiB", "GiB", "TiB"];
        double value = bytes;
        int unit = 0;
        while (Math.Abs(value) >= 1024 && unit < units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.##} {units[unit]}");
    }

    private static void WriteHead(StringBuilder text, ModelDescription model)
    {
        text.Append(model.Name);
        if (model.Producer.Length != 0)
        {
            text.Append(" (written by ").Append(model.Producer).Append(')');
        }

        text.Append('\n');
        if (model.OperatorSets.Length != 0)
        {
            IEnumerable<string> sets = model.OperatorSets.Select(
                static set => string.Create(CultureInfo.InvariantCulture, $"{(set.Domain.Length == 0 ? "ai.onnx" : set.Domain)} {set.Version}"));
            text.Append("operator sets: ").AppendJoin(", ", sets).Append('\n');
        }

        if (model.Identity.Length != 0)
        {
            text.Append("identity: ").Append(model.Identity).Append('\n');
        }
    }

    private static void WriteLines<T>(StringBuilder text, string title, T[] items, Func<T, string> line)
    {
        if (items.Length == 0)
        {
            return;
        }

        text.Append('\n').Append(title).Append('\n');
        foreach (T item in items)
        {
            text.Append("  ").Append(line(item).TrimEnd()).Append('\n');
        }
    }

    private static void WriteSizes(StringBuilder text, ModelDescription model)
    {
        text.Append("\nmemory\n");
        text.Append("  weights   ").Append(SizeAndBytes(model.WeightBytes));
        if (model.ColdWeightBytes != 0)
        {
            text.Append(", of which hardly read by runs ").Append(SizeAndBytes(model.ColdWeightBytes));
        }

        text.Append('\n');
        if (model.PreparedBytes != 0)
        {
            text.Append("  prepared  ").Append(SizeAndBytes(model.PreparedBytes)).Append('\n');
        }

        text.Append("  arena     ").Append(model.ArenaBytes == 0 ? "by shape" : SizeAndBytes(model.ArenaBytes));
        if (model.ArenaBytesBeforePlanning != 0)
        {
            text.Append(", before planning ").Append(SizeAndBytes(model.ArenaBytesBeforePlanning));
        }

        text.Append("\n  states    ").Append(SizeAndBytes(model.StateBytes)).Append('\n');
    }

    private static void WriteKernels(StringBuilder text, KernelDescription[] kernels)
    {
        if (kernels.Length == 0)
        {
            return;
        }

        string[] multiplyAdds = [.. kernels.Select(static kernel => Figure(kernel.MultiplyAdds, kernel.MultiplyAddsText))];
        string[] bytes = [.. kernels.Select(static kernel => Figure(kernel.Bytes, kernel.BytesText))];
        string[] repetitions = [.. kernels.Select(static kernel => kernel.Repetitions == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"× {kernel.Repetitions}"))];
        int repetitionsWidth = repetitions.Max(static repetition => repetition.Length);
        int numberWidth = kernels[^1].Index.ToString(CultureInfo.InvariantCulture).Length;
        int nameWidth = kernels.Max(static kernel => kernel.Name.Length);
        int kindWidth = kernels.Max(static kernel => kernel.Kind.Length);
        int multiplyAddsWidth = multiplyAdds.Max(static figure => figure.Length);
        int bytesWidth = bytes.Max(static figure => figure.Length);
        text.Append(repetitionsWidth == 0 ? "\nkernels (multiply-adds, bytes moved, nodes)\n" : "\nkernels (times a run, multiply-adds and bytes moved each time, nodes)\n");
        for (int index = 0; index < kernels.Length; index++)
        {
            KernelDescription kernel = kernels[index];
            text.Append("  ").Append(kernel.Index.ToString(CultureInfo.InvariantCulture).PadLeft(numberWidth))
                .Append("  ").Append(kernel.Name.PadRight(nameWidth))
                .Append("  ").Append(kernel.Kind.PadRight(kindWidth))
                .Append(repetitionsWidth == 0 ? "" : "  ").Append(repetitions[index].PadRight(repetitionsWidth))
                .Append("  ").Append(multiplyAdds[index].PadLeft(multiplyAddsWidth))
                .Append("  ").Append(bytes[index].PadLeft(bytesWidth))
                .Append("  ").AppendJoin(", ", kernel.Nodes).Append('\n');
        }
    }

    private static void WriteMemoryPlan(StringBuilder text, BufferDescription[] plan)
    {
        if (plan.Length == 0)
        {
            return;
        }

        text.Append("\nmemory plan (offset, bytes, kernels, buffer)\n");
        foreach (BufferDescription buffer in plan.OrderBy(static buffer => buffer.Offset).ThenBy(static buffer => buffer.FirstKernel))
        {
            text.Append(CultureInfo.InvariantCulture, $"  {buffer.Offset,12}  {buffer.Bytes,12}  {buffer.FirstKernel,4}..{buffer.LastKernel,-4}  {buffer.Name}{Times(buffer)}\n");
        }
    }

    private static string Times(PatternDescription pattern) =>
        string.Create(CultureInfo.InvariantCulture, $"{pattern.Pattern}  {pattern.Nodes}{(pattern.Count == 1 ? "" : $" × {pattern.Count}")}");

    private static string Times(BufferDescription buffer) => buffer.Repetitions == 1 ? ""
        : buffer.Period == 0 ? string.Create(CultureInfo.InvariantCulture, $" × {buffer.Repetitions}")
        : string.Create(CultureInfo.InvariantCulture, $" × {buffer.Repetitions}, every {buffer.Period} kernels")
            + (buffer.OffsetStep == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" {buffer.OffsetStep} bytes further"));

    private static string WithMember(string line, string member) => member.Length == 0 ? line : $"{line}  ({member})";

    private static string Separator(string kind) => kind.Length == 0 ? "" : ", ";

    private static string Figure(long number, string expression) =>
        expression.Length != 0 ? expression : number.ToString("N0", CultureInfo.InvariantCulture);

    private static string SizeAndBytes(long bytes) =>
        bytes < 1024 ? Size(bytes) : string.Create(CultureInfo.InvariantCulture, $"{Size(bytes)} ({bytes:N0} B)");
}

using System.Globalization;
using System.Text;
using Cameo.Generator.Lowering;
using Cameo.Generator.Memory;
using Cameo.Generator.Planning;

namespace Cameo.Generator.Reports;

/// <summary>Draws the arena over a run: kernels from left to right, bytes upwards, a rectangle for each use of a place, coloured by the kind of kernel that writes it.</summary>
internal static class MemoryPicture
{
    private const double Width = 1100;
    private const double Height = 420;
    private const double Left = 70;
    private const double Bottom = 24;

    /// <summary>More rectangles than these nobody sees, and browsers draw them slowly.</summary>
    private const int MaximumUses = 5000;

    private static readonly string[] Colors = ["#4e79a7", "#f28e2b", "#76b7b2", "#e15759", "#59a14f", "#edc948", "#b07aa1", "#9c755f"];

    /// <param name="plan">Where buffers lie.</param>
    /// <param name="kernels">The kernels of a run.</param>
    /// <param name="sizeOf">The size of an open symbol that the picture is drawn for.</param>
    public static string Draw(MemoryPlan plan, IReadOnlyList<Kernel> kernels, Func<string, long> sizeOf)
    {
        long[] sizes = [.. plan.Slots.Select(slot => slot.Bytes.Evaluate(sizeOf))];
        long[] offsets = Place(plan, sizes, out long total);
        int uses = plan.Slots.Sum(slot => slot.Uses.Count);
        if (total == 0 || uses > MaximumUses)
        {
            return "";
        }

        var picture = new StringBuilder();
        picture.Append(FormattableString.Invariant($"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"memory plan\">\n"));
        double columnWidth = (Width - Left) / (kernels.Count + 1);
        double rowHeight = (Height - Bottom - 20) / total;
        string[] kinds = [.. kernels.Select(kernel => kernel.Kind).Distinct()];
        for (int slot = 0; slot < sizes.Length; slot++)
        {
            foreach (ArenaUse use in plan.Slots[slot].Uses)
            {
                string kind = use.FirstKernel < kernels.Count ? kernels[use.FirstKernel].Kind : "";
                double x = Left + use.FirstKernel * columnWidth;
                double width = Math.Max(0.5, (use.LastKernel - use.FirstKernel + 1) * columnWidth);
                double height = Math.Max(0.5, sizes[slot] * rowHeight);
                double y = Height - Bottom - offsets[slot] * rowHeight - height;
                string title = ReportPage.Escape(FormattableString.Invariant($"{string.Join(" ← ", use.Buffers.Take(4).Select(buffer => buffer.Name))}: {sizes[slot]} bytes at {offsets[slot]}, kernels {use.FirstKernel} to {use.LastKernel}"));
                picture.Append(FormattableString.Invariant($"<rect x=\"{x:0.##}\" y=\"{y:0.##}\" width=\"{width:0.##}\" height=\"{height:0.##}\" fill=\"{Colors[Math.Max(0, Array.IndexOf(kinds, kind)) % Colors.Length]}\" stroke=\"#0006\" stroke-width=\"0.4\"><title>{title}</title></rect>\n"));
            }
        }

        picture.Append(FormattableString.Invariant($"<text x=\"{Left - 6}\" y=\"{Height - Bottom}\" text-anchor=\"end\">0</text><text x=\"{Left - 6}\" y=\"24\" text-anchor=\"end\">{Amount(total)}</text>"));
        picture.Append(FormattableString.Invariant($"<text x=\"{Left}\" y=\"{Height - 8}\">kernel 0</text><text x=\"{Width}\" y=\"{Height - 8}\" text-anchor=\"end\">{kernels.Count - 1}</text>\n"));
        for (int kind = 0; kind < Math.Min(kinds.Length, Colors.Length); kind++)
        {
            double x = Left + 90 + kind * 110;
            picture.Append(FormattableString.Invariant($"<rect x=\"{x}\" y=\"{Height - 17}\" width=\"10\" height=\"10\" fill=\"{Colors[kind]}\"/><text x=\"{x + 14}\" y=\"{Height - 8}\">{ReportPage.Escape(kinds[kind])}</text>\n"));
        }

        return picture.Append("</svg>\n").ToString();
    }

    /// <summary>A number of bytes with a unit.</summary>
    public static string Amount(long bytes) => bytes >= 1 << 20 ? FormattableString.Invariant($"{bytes / 1048576.0:0.##} MiB")
        : bytes >= 1 << 10 ? FormattableString.Invariant($"{bytes / 1024.0:0.##} KiB")
        : bytes.ToString(CultureInfo.InvariantCulture) + " B";

    private static long[] Place(MemoryPlan plan, long[] sizes, out long total)
    {
        if (plan.IsStatic)
        {
            total = plan.ArenaBytes;
            return [.. plan.Slots.Select(slot => slot.Offset)];
        }

        var offsets = new long[sizes.Length];
        total = ArenaPlacement.Place(
            sizes.Length,
            sizes,
            [.. plan.Slots.Select(slot => slot.Item.First)],
            [.. plan.Slots.Select(slot => slot.Item.Last)],
            [.. plan.Slots.Select(slot => slot.Item.IdleFrom)],
            [.. plan.Slots.Select(slot => slot.Item.IdleTo)],
            offsets,
            new int[ArenaPlacement.WorkLength(sizes.Length)]);
        return offsets;
    }
}

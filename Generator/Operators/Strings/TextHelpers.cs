using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>What kernels over strings have in common.</summary>
internal static class TextHelpers
{
    /// <summary>An object that is made once and shared by all sessions; returns the C# that names it.</summary>
    public static string Instance(KernelWriter writer, string type, string arguments)
    {
        string name = $"{writer.Name}{type}";
        writer.Helper(code =>
        {
            using (code.Block($"file static class {name}"))
            {
                code.Line($"internal static readonly {type} Instance = new({arguments});");
            }
        });
        return $"{name}.Instance";
    }

    /// <summary>
    /// Adds two kernels: one that takes strings apart and tells how many pieces a string has at most, and one that writes them. The pieces wait in the session's texts in between, so
    /// nothing may stand between the two.
    /// </summary>
    /// <param name="node">The node; its first output is written.</param>
    /// <param name="context">Where the kernels go.</param>
    /// <param name="from">The strings.</param>
    /// <param name="lengths">The pieces of each.</param>
    /// <param name="width">The size to set.</param>
    /// <param name="split">The C# that takes the strings apart.</param>
    /// <param name="marks">Handles of padding and marks, as arguments.</param>
    public static void AddSplitting(Node node, LoweringContext context, View from, View lengths, Dimension width, Func<KernelWriter, string> split, string marks)
    {
        context.Add(new Kernel("text", node, [from], [lengths], writer => writer.SetSize(width, split(writer))) { NeedsSession = true, Sizes = DataSizes.Names(node) });
        if (node.Outputs[0] is not { } output)
        {
            return;
        }

        View to = context.Write(output);
        context.Add(new Kernel("text", node, [lengths], [to], writer => writer.Line(
            $"TextPieces.Write(Texts, {writer.Pointer(lengths)}, {writer.Size(lengths.Shape.ElementCount)}, {writer.Size(width)}, {marks}, {writer.Pointer(to)});"))
        {
            NeedsSession = true,
        });
    }
}

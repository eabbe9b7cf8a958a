using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>How many keys each row of an attention has, where the graph says so: what <c>AttentionLengths</c> makes of it at run time, in scratch memory of a number a row.</summary>
internal sealed class AttentionRows
{
    private readonly Node _node;
    private readonly AttentionSizes _sizes;
    private readonly LoweringContext _context;
    private readonly View? _past;

    private AttentionRows(Node node, AttentionSizes sizes, LoweringContext context, View keys, View? offsets, View? past)
    {
        _node = node;
        _sizes = sizes;
        _context = context;
        Keys = keys;
        Offsets = offsets;
        _past = past;
    }

    /// <summary>Keys of each row.</summary>
    public View Keys { get; }

    /// <summary>Position of each row's first query; null where it is the past's length for all.</summary>
    public View? Offsets { get; }

    /// <summary>Adds the kernel that computes them; null where all rows have all keys.</summary>
    public static AttentionRows? Plan(Node node, AttentionSizes sizes, LoweringContext context)
    {
        bool hasPast = node.OptionalInput(AttentionNode.PastKey) is not null;
        View? total = node.OptionalInput(AttentionNode.TotalLength) is { IsKnown: false } length ? context.ReadContiguous(length) : null;
        if (node.OptionalInput(AttentionNode.KeyLengths) is not { } lengths)
        {
            return total is null ? null : throw ModelException.Unsupported(node, "a total length that is computed at run time, without lengths of the rows");
        }

        View given = context.ReadContiguous(lengths);
        View keys = context.Scratch(node, ElementType.Int32, lengths.Shape);
        View offsets = context.Scratch(node, ElementType.Int32, lengths.Shape);
        bool aligns = node.IntegerAttribute(AttentionNode.AlignsToLengths, 0) != 0;
        context.Add(new Kernel("attention lengths", node, total is null ? [given] : [given, total], [keys, offsets], writer =>
        {
            string targets = $"{writer.Pointer(keys)}, {writer.Pointer(offsets)}";
            if (total is not null)
            {
                writer.Line($"AttentionLengths.CheckPresent({KernelText.Name(node)}, *{writer.Pointer(total)}, {writer.Size(sizes.PastLength)}, {writer.Size(sizes.TotalLength)});");
            }

            writer.Line(hasPast
                ? $"AttentionLengths.Split({KernelText.Name(node)}, {writer.Pointer(given)}, {Native(writer, sizes.Batch)}, {Native(writer, sizes.KeyLength)}, {Native(writer, sizes.PastLength)}, {Native(writer, sizes.TotalLength)}, {targets});"
                : $"AttentionLengths.Read({writer.Pointer(given)}, {Native(writer, sizes.Batch)}, {Native(writer, sizes.QueryLength)}, {Native(writer, sizes.TotalLength)}, {targets});");
        })
        {
            Summary = "keys of each row",

            // Constant lengths are compared with sizes that a run brings.
            NeedsSession = new[] { sizes.Batch, sizes.QueryLength, sizes.KeyLength, sizes.PastLength, sizes.TotalLength }.Any(static size => !size.IsStatic),
        });
        return new AttentionRows(node, sizes, context, keys, hasPast || aligns ? offsets : null, hasPast ? offsets : null);
    }

    /// <summary>Adds the kernel that writes each row's past and new keys (or values) one after the other. All views are [batch, heads, keys, size].</summary>
    public void Join(View past, View current, View whole)
    {
        View before = past.Strides[3] == Dimension.One || past.Shape[3].Value == 1 ? past : _context.MakeContiguous(past, _node);
        _context.Add(new Kernel("attention join", _node, [before, current, _past!], [whole], writer =>
        {
            using (writer.Block("var join = new AttentionJoin").AsInitializer())
            {
                Operand(writer, "Past", before);
                Operand(writer, "New", current);
                writer.Line($"Present = {KernelText.Bytes(writer, whole)},");
                writer.Line($"Batch = {Native(writer, _sizes.Batch)}, Heads = {Native(writer, _sizes.KeyHeads)}, NewLength = {Native(writer, _sizes.KeyLength)}, PresentLength = {Native(writer, _sizes.TotalLength)},");
                writer.Line($"PastLengths = {writer.Pointer(_past!)}, HeadSize = {Native(writer, whole.Shape[3])}, ElementBytes = {whole.ElementType.Bytes()},");
                if (_node.IntegerAttribute(AttentionNode.KeepsLength, 0) != 0)
                {
                    writer.Line("KeepsRest = true,");
                }
            }

            writer.Line("AttentionJoin.Run(Workers, join);");
        })
        { Summary = "past and new keys of each row" });
    }

    private static void Operand(KernelWriter writer, string name, View view)
    {
        writer.Line($"{name} = {KernelText.Bytes(writer, view)},");
        writer.Line($"{name}BatchStride = {Native(writer, view.Strides[0])}, {name}HeadStride = {Native(writer, view.Strides[1])}, {name}SequenceStride = {Native(writer, view.Strides[2])},");
    }

    private static string Native(KernelWriter writer, Dimension size) => KernelText.Native(writer, size);
}

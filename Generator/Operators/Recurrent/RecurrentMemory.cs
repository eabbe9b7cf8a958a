using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>The attention of a <c>cameo.Recurrence</c> in memory.</summary>
internal sealed class RecurrentMemory
{
    private const int First = 8;

    private readonly List<(string Name, View View)> _reads = [];
    private readonly List<(string Name, View View)> _writes = [];
    private readonly (string Name, Dimension Size)[] _sizes;

    private RecurrentMemory(Node node, Func<Value, View> panels, LoweringContext context)
    {
        string[] names = ["InputWeights", "QueryWeights", "Keys", "Vector", "Memory", "Lengths", "LayerWeights"];
        for (int index = 0; index < names.Length; index++)
        {
            if (node.OptionalInput(First + index) is { } value)
            {
                _reads.Add((names[index], index == 0 ? panels(value) : context.ReadContiguous(value)));
            }
        }

        Dimension size = node.Input(First).Shape[0];
        Shape keys = node.Input(First + 2).Shape;
        Dimension memoryDepth = node.Input(First + 4).Shape[2];
        _writes.Add(("State", context.Scratch(node, ElementType.Float32, new Shape([keys[0], size]))));
        _writes.Add(("Scratch", context.Scratch(node, ElementType.Float32, new Shape([keys[0], keys[2] + keys[1] + memoryDepth]))));
        _sizes = [("Size", size), ("Depth", keys[2]), ("Places", keys[1]), ("MemoryDepth", memoryDepth)];
    }

    public IEnumerable<View> Reads => _reads.Select(read => read.View);

    public IEnumerable<View> Writes => _writes.Select(write => write.View);

    public static RecurrentMemory Create(Node node, Func<Value, View> panels, LoweringContext context) => new(node, panels, context);

    /// <summary>Writes the attention into the kernel's arguments.</summary>
    public void Write(KernelWriter writer)
    {
        writer.Line("arguments.Attention = new RecurrentAttention");
        writer.Line("{");
        foreach ((string name, View view) in _reads.Concat(_writes))
        {
            writer.Line($"    {name} = {writer.Pointer(view)},");
        }

        writer.Line($"    {string.Join(", ", _sizes.Select(size => $"{size.Name} = {KernelText.Native(writer, size.Size)}"))},");
        writer.Line("};");
    }
}

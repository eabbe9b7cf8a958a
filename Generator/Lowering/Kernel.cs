using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>One step of a run: what it reads, what it writes, and how its C# is written.</summary>
internal sealed class Kernel(string kind, Node node, IReadOnlyList<View> reads, IReadOnlyList<View> writes, Action<KernelWriter> emit)
{
    /// <summary>"loop", "matmul", "convolution", "pool", "attention", "copy", "gather", …</summary>
    public string Kind { get; } = kind;

    /// <summary>The node that names the kernel: the last of those it implements.</summary>
    public Node Node { get; } = node;

    public IReadOnlyList<View> Reads { get; } = reads;

    public IReadOnlyList<View> Writes { get; } = writes;

    /// <summary>Writes the body of the kernel's method.</summary>
    public Action<KernelWriter> Emit { get; } = emit;

    /// <summary>The ONNX nodes it implements, as "Operator 'name'".</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [.. node.Origins];

    /// <summary>Multiply-adds a run does, for reports.</summary>
    public Dimension MultiplyAdds { get; init; } = Dimension.Zero;

    /// <summary>Reads whose buffer may be the buffer of <c>Writes[0]</c>: every element is read before the element at its place is written.</summary>
    public IReadOnlyList<View> MayOverwrite { get; init; } = [];

    /// <summary>Reads of which a run needs only the slices that indices name, usually few of many: the rows of an embedding.</summary>
    public IReadOnlyList<View> LookedUp { get; init; } = [];

    /// <summary>Whether it does more than write its results: it updates a state. Others are dropped when nothing reads what they write.</summary>
    public bool UpdatesState { get; init; }

    /// <summary>Whether it uses what only a session has, such as its texts, and so cannot run at load.</summary>
    public bool NeedsSession { get; init; }

    /// <summary>Symbols of sizes that it sets from data: what has such a size is known, and checked, behind it.</summary>
    public IReadOnlyList<string> Sizes { get; init; } = [];

    /// <summary>For a kernel that only copies new keys or values into a cache: what it copies.</summary>
    public CacheAppend? Append { get; init; }

    /// <summary>The kernel that writes what a copy into a cache reads there itself; null where its results cannot go there.</summary>
    public Func<CacheAppend, Kernel?>? Redirect { get; init; }

    /// <summary>For a product with packed weights: what it computes.</summary>
    public PackedProduct? Product { get; init; }

    /// <summary>For control flow: the kernels of each branch or body, which the kernel's method calls. They stand before it in the model's list.</summary>
    public IReadOnlyList<List<Kernel>> Blocks { get; init; } = [];

    /// <summary>Takes a kernel out that turned out to be of no use.</summary>
    public void RemoveFromBlocks(Kernel kernel)
    {
        foreach (List<Kernel> block in Blocks)
        {
            block.Remove(kernel);
        }
    }

    /// <summary>The control-flow kernel that calls it; null for a step of the run.</summary>
    public Kernel? Owner { get; set; }

    /// <summary>A line for a human: what is computed.</summary>
    public string Summary { get; init; } = "";
}

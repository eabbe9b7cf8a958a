using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Outlining;

/// <summary>A place in a kernel's code that says which memory, state or node it is about: all that may differ between kernels that share their code.</summary>
internal abstract record Hole
{
    /// <summary>What must be the same in all kernels that share the code.</summary>
    public abstract string Key { get; }
}

/// <summary>A typed pointer to a view's first element.</summary>
internal sealed record PointerHole(View View) : Hole
{
    public override string Key => $"{View.ElementType}* {View.Buffer.Kind}";
}

/// <summary>The slot of a buffer that grows.</summary>
internal sealed record PoolHole(MemoryBuffer Buffer) : Hole
{
    public override string Key => "pool";
}

/// <summary>A state of the session.</summary>
internal sealed record StateHole(StatePair State) : Hole
{
    public override string Key => $"state {State.Kind}";
}

/// <summary>The call of a kernel of a branch or body.</summary>
internal sealed record CallHole(Kernel Kernel) : Hole
{
    public override string Key => "call";
}

/// <summary>A string literal that names the kernel's node, for messages.</summary>
internal sealed record NameHole(string Name) : Hole
{
    public override string Key => "name";
}

namespace Cameo.Generator.Graphs;

/// <summary>An edge of the graph: an input, a constant or a node's output.</summary>
internal sealed class Value(string name)
{
    private readonly List<Node> _consumers = [];

    public string Name { get; } = name;

    /// <summary>Element type and shape; <see langword="null"/> until inferred.</summary>
    public TensorType? Type { get; set; }

    /// <summary>For a sequence or optional, what it holds; such a value has no <see cref="Type"/>.</summary>
    public ContainerType? Container { get; set; }

    /// <summary>The type the model states for it (graph inputs and outputs, value_info); a claim that inference checks and whose symbols it defines.</summary>
    public TensorType? DeclaredType { get; set; }

    /// <summary>The type the model states for a sequence or optional.</summary>
    public ContainerType? DeclaredContainer { get; set; }

    /// <summary>The node that makes it; <see langword="null"/> for graph inputs and constants.</summary>
    public Node? Producer { get; internal set; }

    /// <summary>The value itself where it is known at build time.</summary>
    public ConstantTensor? Constant { get; set; }

    /// <summary>The elements of a small integer tensor (rank 0 or 1) as expressions over the model's symbols, where they are known.</summary>
    public IReadOnlyList<Dimension>? Elements { get; set; }

    /// <summary>Nodes that read it, once per use.</summary>
    public IReadOnlyList<Node> Consumers => _consumers;

    public ElementType ElementType => RequiredType.ElementType;

    public Shape Shape => RequiredType.Shape;

    public TensorType RequiredType => Type ?? throw new InvalidOperationException($"Value '{Name}' has no type yet.");

    /// <summary>Whether its type is known, be it a tensor or not.</summary>
    public bool HasType => Type is not null || Container is not null;

    public bool IsConstant => Constant is not null;

    /// <summary>Whether the value follows from the model and the symbols alone, so that nothing needs to compute it from data.</summary>
    public bool IsKnown => Constant is not null || Elements is not null;

    public override string ToString() => $"{Name}: {Type?.ToString() ?? Container?.ToString() ?? "?"}";

    internal void AddConsumer(Node node) => _consumers.Add(node);

    internal void RemoveConsumer(Node node) => _consumers.Remove(node);
}

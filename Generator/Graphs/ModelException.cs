namespace Cameo.Generator.Graphs;

/// <summary>The model asks for something that is invalid or not supported; becomes a diagnostic that names the node, the operator and the reason.</summary>
internal sealed class ModelException : Exception
{
    public ModelException(Node? node, string reason, bool unsupported = false)
        : base(node is null ? reason : $"{node}: {reason}")
    {
        Node = node;
        Reason = reason;
        IsUnsupported = unsupported;
    }

    public Node? Node { get; }

    public string Reason { get; }

    /// <summary>Whether the model is valid but Cameo does not support it.</summary>
    public bool IsUnsupported { get; }

    /// <summary>Whether sizes contradict each other: the node is sound and only cannot run on what it is given, so that in a branch it fails when that branch is taken.</summary>
    public bool IsContradiction { get; private init; }

    /// <summary>Sizes that contradict each other.</summary>
    public static ModelException Contradiction(Node node, string reason) => new(node, reason) { IsContradiction = true };

    public static ModelException Unsupported(Node node, string reason) => new(node, reason, unsupported: true);
}

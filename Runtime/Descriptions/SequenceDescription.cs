using Cameo.Sessions;

namespace Cameo.Descriptions;

/// <summary>An input or output that is a sequence or an optional.</summary>
public sealed record SequenceDescription
{
    /// <summary>ONNX name.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the parameter or property in the generated class; empty where there is none.</summary>
    public string MemberName { get; init; } = "";

    /// <summary>What it is.</summary>
    public SequenceKind Kind { get; init; }

    /// <summary>Type of the tensors' elements.</summary>
    public ElementType ElementType { get; init; }

    /// <summary>Dimensions of each tensor as the model states them, outermost first, "?" where each has its own; <see langword="null"/> where their number is open too.</summary>
    public string[]? Dimensions { get; init; }

    /// <summary>Name, kind, element type and shape in one line.</summary>
    public override string ToString()
    {
        string tensor = $"{ElementType}[{(Dimensions is null ? "…" : string.Join(", ", Dimensions))}]";
        return $"{Name}: {Kind switch
        {
            SequenceKind.Sequence => $"sequence of {tensor}",
            SequenceKind.OptionalTensor => $"optional {tensor}",
            _ => $"optional sequence of {tensor}",
        }}";
    }
}

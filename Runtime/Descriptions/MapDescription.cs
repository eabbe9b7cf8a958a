using Cameo.Sessions;

namespace Cameo.Descriptions;

/// <summary>An input that is a map. Among <see cref="ModelDescription.Inputs"/> it is two tensors of rank 1: its keys in ascending order, and their values.</summary>
public sealed record MapDescription
{
    /// <summary>ONNX name.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the parameter in the generated class; empty where there is none.</summary>
    public string MemberName { get; init; } = "";

    /// <summary>Type of the keys.</summary>
    public ElementType KeyType { get; init; }

    /// <summary>Type of the values.</summary>
    public ElementType ValueType { get; init; }

    /// <summary>Name of the tensor of keys.</summary>
    public string KeysName => $"{Name}.keys";

    /// <summary>Name of the tensor of values.</summary>
    public string ValuesName => $"{Name}.values";

    /// <summary>Name and types in one line.</summary>
    public override string ToString() => $"{Name}: map of {KeyType} to {ValueType}";
}

using Cameo.Sessions;

namespace Cameo.Descriptions;

/// <summary>An input or output.</summary>
public sealed record ValueDescription
{
    /// <summary>ONNX name.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the parameter or property in the generated class; empty where there is none.</summary>
    public string MemberName { get; init; } = "";

    /// <summary>Type of the elements.</summary>
    public ElementType ElementType { get; init; }

    /// <summary>Dimensions, outermost first: a number, a symbol, or an expression of symbols.</summary>
    public string[] Dimensions { get; init; } = [];

    /// <summary>Name, element type and shape in one line.</summary>
    public override string ToString() => $"{Name}: {ElementType}[{string.Join(", ", Dimensions)}]";
}

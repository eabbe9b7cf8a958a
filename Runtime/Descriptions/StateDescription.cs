using Cameo.Sessions;

namespace Cameo.Descriptions;

/// <summary>A state: an input and an output of the model that are one buffer of the session.</summary>
public sealed record StateDescription
{
    /// <summary>ONNX name of the input; a tensor of this name loads the state.</summary>
    public required string InputName { get; init; }

    /// <summary>ONNX name of the output; the state is read back under this name. Empty for a state that the model only reads.</summary>
    public required string OutputName { get; init; }

    /// <summary>Name in the generated class; empty where there is none.</summary>
    public string MemberName { get; init; } = "";

    /// <summary>Type of the elements.</summary>
    public ElementType ElementType { get; init; }

    /// <summary>Dimensions of the input, outermost first: a number, a symbol, or an expression of symbols.</summary>
    public string[] Dimensions { get; init; } = [];

    /// <summary>What it is, such as <c>key cache</c>, <c>value cache</c> or <c>hidden vector</c>.</summary>
    public string Kind { get; init; } = "";

    /// <summary>Bytes at full capacity with one row.</summary>
    public long Bytes { get; init; }

    /// <summary>Names, element type and shape in one line.</summary>
    public override string ToString() => $"{InputName}{(OutputName.Length > 0 ? " -> " + OutputName : "")}: {ElementType}[{string.Join(", ", Dimensions)}]";
}

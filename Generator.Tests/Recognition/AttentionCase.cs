using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Recognition;

/// <summary>A spelling of attention, what the compiler must make of it, and what it computes.</summary>
/// <param name="Name">Names the model's class too.</param>
/// <param name="Write">Writes the nodes and returns the outputs.</param>
/// <param name="Expected">The outputs from the inputs by name, in double precision.</param>
internal sealed record AttentionCase(string Name, Func<AttentionSpelling, string[]> Write, Func<IReadOnlyDictionary<string, double[]>, double[][]> Expected)
{
    public int Opset { get; init; } = 18;

    /// <summary>Name, type, declared sizes, sizes at run time. Numbers are random where <see cref="Values"/> gives none.</summary>
    public List<(string Name, DataType Type, object[] Declared, long[] Shape)> Inputs { get; init; } = [];

    public Dictionary<string, double[]> Values { get; init; } = [];

    /// <summary>Parts of the printed canonical node.</summary>
    public string[] Has { get; init; } = [];

    /// <summary>Parts that it must not have.</summary>
    public string[] HasNot { get; init; } = [];

    /// <summary>How many attentions there are; 0 for spellings that must be left alone.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Part of the reason of a miss, and its pattern; null where there must be none.</summary>
    public (string Pattern, string Reason)? Miss { get; init; }

    public double Tolerance { get; init; } = 2e-6;
}

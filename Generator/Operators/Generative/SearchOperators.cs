using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// GreedySearch, BeamSearch, Sampling and WhisperBeamSearch of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.BeamSearch. A node that generates
/// whole texts with a model in its attributes. Refused: the caches of that model grow from step to step, which a body of a graph cannot. The model itself compiles, and its session generates.
/// </summary>
internal sealed class SearchOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new SearchOperators("GreedySearch"),
        new SearchOperators("BeamSearch"),
        new SearchOperators("Sampling"),
        new SearchOperators("WhisperBeamSearch"),
    ];

    private SearchOperators(string type) => Type = type;

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context) => throw ModelException.Unsupported(
        node, "the operator runs its decoder until a text ends, with caches that grow at each step; compile the decoder as a model of its own and let its session generate");
}

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// GreedySearch, BeamSearch, Sampling and WhisperBeamSearch of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.BeamSearch. A node that generates
/// whole texts with a model in its attributes: decoders with or without an encoder (model_type 0, 1, 2; without beams only 0), in float32 or float16. They are written as a loop as types
/// propagate: see <see cref="SearchRewriting"/>. Refused: what is collected of Whisper's cross attention, and the tokens that are decoded for it alone.
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

    public override void Infer(Node node, InferenceContext context) => throw new ModelException(node, "a search is written as a loop before types are known");
}

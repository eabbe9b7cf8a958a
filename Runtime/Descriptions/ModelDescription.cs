namespace Cameo.Descriptions;

/// <summary>What is known of a compiled model: signature, states, sizes. Tools print it; the runtime reads names and sizes from it.</summary>
public sealed record ModelDescription
{
    /// <summary>Name of the model; also the name of its class.</summary>
    public required string Name { get; init; }

    /// <summary>Program that wrote the model; empty where unknown.</summary>
    public string Producer { get; init; } = "";

    /// <summary>Operator sets the model uses.</summary>
    public OperatorSetDescription[] OperatorSets { get; init; } = [];

    /// <summary>Inputs that a run needs, in the order of their indices; states are not among them.</summary>
    public ValueDescription[] Inputs { get; init; } = [];

    /// <summary>Outputs that a run gives, in the order of their indices; states are not among them.</summary>
    public ValueDescription[] Outputs { get; init; } = [];

    /// <summary>Inputs that are sequences or optionals, in the order of their indices.</summary>
    public SequenceDescription[] SequenceInputs { get; init; } = [];

    /// <summary>Outputs that are sequences or optionals, in the order of their indices.</summary>
    public SequenceDescription[] SequenceOutputs { get; init; } = [];

    /// <summary>Inputs that are maps.</summary>
    public MapDescription[] MapInputs { get; init; } = [];

    /// <summary>Pairs of input and output that the session keeps between runs.</summary>
    public StateDescription[] States { get; init; } = [];

    /// <summary>Symbols in shapes with their bounds.</summary>
    public DimensionDescription[] Dimensions { get; init; } = [];

    /// <summary>Bytes of a session's arena, for the largest shapes where they are bounded; 0 where they are not.</summary>
    public long ArenaBytes { get; init; }

    /// <summary>Sum of all buffers: what the arena would take if none shared memory.</summary>
    public long ArenaBytesBeforePlanning { get; init; }

    /// <summary>Bytes of the packed weights, without the file's header; 0 for a model without weights.</summary>
    public long WeightBytes { get; init; }

    /// <summary>
    /// How many of <see cref="WeightBytes"/>, at their end, runs read little or nothing of: tables of which indices name the rows that are needed, such as embeddings, and what constants are
    /// computed from at load. 0 where these are small.
    /// </summary>
    public long ColdWeightBytes { get; init; }

    /// <summary>Bytes of the constants that are computed once at load; 0 where there are none.</summary>
    public long PreparedBytes { get; init; }

    /// <summary>Bytes of a session's states at full capacity with one row.</summary>
    public long StateBytes { get; init; }

    /// <summary>SHA-256 of the compilation in 64 hexadecimal digits; a weight file carries the same.</summary>
    public string Identity { get; init; } = "";

    /// <summary>Name of the weight file beside the program; empty for embedded weights.</summary>
    public string WeightFile { get; init; } = "";

    /// <summary>Opens the embedded weights; <see langword="null"/> where they are a file.</summary>
    public Func<Stream?>? EmbeddedWeights { get; init; }

    /// <summary>The whole description as readable text.</summary>
    public override string ToString() => DescriptionText.Write(this);
}

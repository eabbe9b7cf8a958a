namespace Cameo.Descriptions;

/// <summary>A kernel: one method of the generated session that does the work of one or more ONNX nodes.</summary>
public sealed record KernelDescription
{
    /// <summary>Place in the order of a run, counted from 0; of a kernel of a repeated block that of the first time.</summary>
    public int Index { get; init; }

    /// <summary>How often a run calls it: more than once where a block of kernels repeats. Names of nodes then say what counts, as <c>layers.{0..29}.q</c> does.</summary>
    public int Repetitions { get; init; } = 1;

    /// <summary>Name of the method.</summary>
    public required string Name { get; init; }

    /// <summary>What it is, such as <c>contraction</c>, <c>loop</c>, <c>attention</c> or <c>move</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The ONNX nodes it does, such as <c>MatMul /layer0/q</c>.</summary>
    public string[] Nodes { get; init; } = [];

    /// <summary>Multiply-adds of one call where all sizes are known, else 0.</summary>
    public long MultiplyAdds { get; init; }

    /// <summary>Multiply-adds as an expression of the symbols; empty where <see cref="MultiplyAdds"/> says it all.</summary>
    public string MultiplyAddsText { get; init; } = "";

    /// <summary>Bytes that one call reads and writes where all sizes are known, else 0.</summary>
    public long Bytes { get; init; }

    /// <summary>Bytes read and written as an expression of the symbols; empty where <see cref="Bytes"/> says it all.</summary>
    public string BytesText { get; init; } = "";
}

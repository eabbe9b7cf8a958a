using Cameo.Benchmarks.Models;

namespace Cameo.Benchmarks.Footprints;

/// <summary>What a child process is to do with one engine, so that its memory and its time to the first result are that engine's alone.</summary>
internal sealed record ChildWork
{
    /// <summary>"Cameo", "ONNX Runtime" or "llama.cpp".</summary>
    public required string Engine { get; init; }

    /// <summary>The compiled model, for Cameo.</summary>
    public BuiltModel? Built { get; init; }

    /// <summary>The model's file, for the others.</summary>
    public string Path { get; init; } = "";

    /// <summary>Inputs of a model that is no language model.</summary>
    public ChildInput[] Inputs { get; init; } = [];

    /// <summary>Name of a language model's configuration; empty for others.</summary>
    public string Shape { get; init; } = "";
}

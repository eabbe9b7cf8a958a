namespace Cameo.Generator.Build;

/// <summary>The files that the build makes of one model.</summary>
internal sealed class ImportedFiles(string folder, string name)
{
    public string Text { get; } = Path.Combine(folder, name + Pipeline.GraphText.Extension);

    public string Index { get; } = Path.Combine(folder, name + ".onnx.index");

    /// <summary>From what text and index were made.</summary>
    public string State { get; } = Path.Combine(folder, name + ".import.state");

    /// <summary>From what the weights were made.</summary>
    public string PackingState { get; } = Path.Combine(folder, name + ".packing.state");
}

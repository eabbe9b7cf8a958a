namespace Cameo.Generator.Build;

/// <summary>The files that the build makes of one model.</summary>
internal sealed class ImportedFiles(string folder, string name)
{
    private const string StateExtension = ".import.state";

    public string Text { get; } = Path.Combine(folder, name + Pipeline.GraphText.Extension);

    public string Index { get; } = Path.Combine(folder, name + ".onnx.index");

    /// <summary>From what text and index were made.</summary>
    public string State { get; } = Path.Combine(folder, name + StateExtension);

    /// <summary>From what the weights were made.</summary>
    public string PackingState { get; } = Path.Combine(folder, name + ".packing.state");

    /// <summary>The report as a page and as Markdown.</summary>
    public IReadOnlyList<string> Reports { get; } = [Path.Combine(folder, name + ".report.html"), Path.Combine(folder, name + ".report.md")];

    public IEnumerable<string> All => [Text, Index, State, PackingState, Path.Combine(folder, name + ".weights"), .. Reports];

    /// <summary>The models that a folder has files of.</summary>
    public static IReadOnlyList<string> NamesIn(string folder)
        => [.. Directory.GetFiles(folder, "*" + StateExtension).Select(static file => Path.GetFileName(file)).Select(static file => file.Substring(0, file.Length - StateExtension.Length))];
}

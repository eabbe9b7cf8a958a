using Microsoft.CodeAnalysis;

namespace Cameo.Generator.Pipeline;

/// <summary>A model as it reaches the generator; equal texts at the same place are the same input.</summary>
/// <param name="Path">The file of the text.</param>
/// <param name="Text">Graph and options.</param>
internal sealed record GraphText(string Path, string Text)
{
    public const string Extension = ".onnx.json";

    /// <summary>The model's name for messages.</summary>
    public string Name
    {
        get
        {
            string file = System.IO.Path.GetFileName(Path);
            return file.Substring(0, file.Length - Extension.Length);
        }
    }

    public static bool IsGraphText(string path) => path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase);

    public static GraphText Read(AdditionalText file, CancellationToken cancellationToken)
        => new(file.Path, file.GetText(cancellationToken)?.ToString() ?? "");
}

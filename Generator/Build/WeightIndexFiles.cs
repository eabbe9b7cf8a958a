using Cameo.Generator.Onnx;

namespace Cameo.Generator.Build;

/// <summary>The files behind a weight index.</summary>
internal static class WeightIndexFiles
{
    /// <summary>The model's file, then its files of external data.</summary>
    public static IEnumerable<string> ModelFiles(this WeightIndex index, string modelPath)
    {
        string folder = ModelImporter.FolderOf(modelPath);
        return index.Files.Select(file => file.Length == 0 ? modelPath : Path.Combine([folder, .. file.Split('/', '\\')]));
    }
}

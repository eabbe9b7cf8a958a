using System.IO.Compression;
using Cameo.Generator.Onnx;
using Cameo.Tests.Infrastructure;
using Xunit;

namespace Cameo.Tests.Import;

/// <summary>Imports the test data's models and compares graph text and weights with what the protobuf library reads from the same file.</summary>
public sealed class ImportModelsTests
{
    /// <summary>The larger zips have thousands of models of a few operators each: every one of this many is imported.</summary>
    private const int SampleStep = 7;

    public static TheoryData<string> Models => [.. TestData.ModelNames.DefaultIfEmpty("")];

    [SkippableTheory]
    [MemberData(nameof(Models))]
    public void EveryModelIsTheSameAfterImport(string name)
    {
        TestData.RequireModels();
        string path = TestData.ModelPath(name);

        ImportResult result = ModelImporter.Import(path, ImportOptions.Default);

        Assert.Empty(result.Diagnostics);
        ImportComparison.AssertSame(ImportComparison.Parse(path), result, path);
    }

    [SkippableTheory]
    [InlineData("onnx-node.zip", SampleStep)]
    [InlineData("onnx-pytorch.zip", SampleStep)]
    [InlineData("onnx-simple.zip", 1)]
    [InlineData("onnx-light.zip", 1)]
    [InlineData("ort-contrib.zip", SampleStep)]
    public void ModelsOfZipAreTheSameAfterImport(string zip, int step)
    {
        using ZipArchive archive = TestData.OpenZip(zip);
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "model.onnx");
        ZipArchiveEntry[] models = [.. archive.Entries.Where(static entry => entry.Name == "model.onnx")];
        Assert.NotEmpty(models);
        for (int index = 0; index < models.Length; index += step)
        {
            models[index].ExtractToFile(path, overwrite: true);

            ImportResult result = ModelImporter.Import(path, ImportOptions.Default);

            Assert.True(result.Succeeded, $"{models[index].FullName}: {string.Join("; ", result.Diagnostics)}");
            ImportComparison.AssertSame(ImportComparison.Parse(path), result, path);
        }
    }
}

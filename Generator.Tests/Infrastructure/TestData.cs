using System.IO.Compression;
using Xunit;

namespace Cameo.Tests.Infrastructure;

/// <summary>
/// Finds the test data: the folder that the environment variable CAMEO_TEST_DATA names, else the folder "shared" beside the repository. It has
/// "models" (a folder a model) and "onnx-tests" (zip files). Tests that need what is not there are skipped with a reason.
/// </summary>
internal static class TestData
{
    /// <summary>The environment variable that names the folder.</summary>
    public const string Variable = "CAMEO_TEST_DATA";

    /// <summary>The repository's folder, the nearest one above the tests' binaries that has the solution.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The folder of the test data, whether or not it exists.</summary>
    public static string Root { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } root
        ? Path.GetFullPath(root)
        : Path.GetFullPath(Path.Combine(Repository, "..", "shared"));

    public static string Models { get; } = Path.Combine(Root, "models");

    public static string Zips { get; } = Path.Combine(Root, "onnx-tests");

    /// <summary>The names of the folders under "models" that have a model, in ordinal order; none if there are no test data.</summary>
    public static IReadOnlyList<string> ModelNames { get; } = FindModelNames();

    public static string ModelPath(string name) => Path.Combine(Models, name, "model.onnx");

    /// <summary>The folders with inputs and outputs of a model, in ordinal order.</summary>
    public static IReadOnlyList<string> DataSets(string name)
        => [.. Directory.GetDirectories(Path.Combine(Models, name), "test_data_set_*").Order(StringComparer.Ordinal)];

    /// <summary>Opens one of the zip files of "onnx-tests"; skips the test where it is absent.</summary>
    public static ZipArchive OpenZip(string fileName)
    {
        string path = Path.Combine(Zips, fileName);
        Skip.IfNot(File.Exists(path), Missing(path));
        return ZipFile.OpenRead(path);
    }

    /// <summary>Skips the test where the models are absent.</summary>
    public static void RequireModels() => Skip.If(ModelNames.Count == 0, Missing(Models));

    /// <summary>The path of a model; skips the test where it is absent.</summary>
    public static string RequireModel(string name)
    {
        string path = ModelPath(name);
        Skip.IfNot(File.Exists(path), Missing(path));
        return path;
    }

    private static string Missing(string path) => $"The test data '{path}' are absent; {Variable} names the folder of the test data.";

    private static IReadOnlyList<string> FindModelNames()
        => Directory.Exists(Models)
            ? [.. Directory.GetDirectories(Models)
                .Where(static folder => File.Exists(Path.Combine(folder, "model.onnx")))
                .Select(static folder => Path.GetFileName(folder))
                .Order(StringComparer.Ordinal)]
            : [];

    private static string FindRepository()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Compiler.sln")))
            {
                return folder;
            }
        }

        throw new DirectoryNotFoundException($"There is no Compiler.sln above '{AppContext.BaseDirectory}'.");
    }
}

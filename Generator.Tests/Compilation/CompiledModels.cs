using Cameo.Generator.Build;
using Cameo.Tests.Infrastructure;

namespace Cameo.Tests.Compilation;

/// <summary>
/// The models of the test data, compiled in this process. The first ones that are asked for are compiled alone, so that a run of a few tests is quick; after these
/// all the others together. The environment variable CAMEO_DUMP names a folder in which everything generated is kept, the graph after each pass included.
/// </summary>
internal static class CompiledModels
{
    private const int CompiledAlone = 4;
    private const string FolderPrefix = "cameo-models-";

    private static readonly TimeSpan KeepTime = TimeSpan.FromHours(6);

    private static readonly Lock Access = new();
    private static readonly Dictionary<string, ModelCompilation> Models = new(StringComparer.Ordinal);
    private static readonly string Folder = CreateFolder();
    private static bool s_keep = GeneratedDump.IsWanted;

    /// <summary>A model of the test data that must compile.</summary>
    /// <exception cref="InvalidOperationException">It does not.</exception>
    public static ModelCompilation Require(string name)
    {
        ModelCompilation model = Get(name);
        return model.Type is not null ? model : throw new InvalidOperationException(model.Explain());
    }

    /// <summary>A model of the test data, compiled or with the reason why not.</summary>
    public static ModelCompilation Get(string name)
    {
        lock (Access)
        {
            if (!Models.TryGetValue(name, out ModelCompilation? model))
            {
                Compile(Models.Count < CompiledAlone ? [name] : [name, .. TestData.ModelNames.Where(other => other != name && !Models.ContainsKey(other))]);
                model = Models[name];
            }

            // Whoever reads about a failure wants to read the code.
            s_keep |= model.Fault is not null;
            return model;
        }
    }

    /// <summary>Compiles a model of the test data once more, with options of its own.</summary>
    public static ModelCompilation CompileVariant(string name, string variant, IReadOnlyDictionary<string, string> options)
    {
        var model = ModelCompilation.Run(name, TestData.ModelPath(name), ClassName(name) + variant, Path.Combine(Folder, name + variant), options);
        GeneratedAssembly.Build([model]);
        return model.Type is not null ? model : throw new InvalidOperationException(model.Explain());
    }

    /// <summary>All models of the test data.</summary>
    public static IReadOnlyList<ModelCompilation> GetAll() => [.. TestData.ModelNames.Select(Get)];

    /// <summary>Keeps the generated files after the end of the process; a test that found a fault in a model calls it.</summary>
    public static void KeepFiles() => s_keep = true;

    private static void Compile(IReadOnlyList<string> names)
    {
        ModelCompilation[] compiled = [.. names
            .AsParallel().AsOrdered().WithDegreeOfParallelism(Math.Max(1, Environment.ProcessorCount))
            .Select(static name => ModelCompilation.Run(name, TestData.ModelPath(name), ClassName(name), Path.Combine(Folder, name)))];
        GeneratedAssembly.Build(compiled);
        foreach (ModelCompilation model in compiled)
        {
            Models.Add(model.Name, model);
        }
    }

    /// <summary>Folders may differ in characters that class names can't have, so that those with such a character get their place in the list as well.</summary>
    private static string ClassName(string name)
    {
        string className = ModelNames.ClassFromFile(name + ".onnx");
        bool unique = TestData.ModelNames.Count(other => ModelNames.ClassFromFile(other + ".onnx") == className) <= 1;
        return unique ? className : $"{className}_{TestData.ModelNames.ToList().IndexOf(name)}";
    }

    /// <summary>What earlier processes kept for their readers, or had no time to delete.</summary>
    private static void DeleteOldFolders()
    {
        foreach (string folder in Directory.GetDirectories(Path.GetTempPath(), FolderPrefix + "*").Where(static folder => DateTime.UtcNow - Directory.GetLastWriteTimeUtc(folder) > KeepTime))
        {
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Another process deletes it, or it is another user's.
            }
        }
    }

    private static string CreateFolder()
    {
        if (GeneratedDump.Folder is { } folder)
        {
            return Directory.CreateDirectory(folder).FullName;
        }

        DeleteOldFolders();
        string created = Directory.CreateTempSubdirectory(FolderPrefix).FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            if (!s_keep)
            {
                Directory.Delete(created, recursive: true);
            }
        };
        return created;
    }
}

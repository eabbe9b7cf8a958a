namespace Cameo.Benchmarks;

/// <summary>
/// Where models and what is compiled from them are kept from one run to the next: making them takes minutes. <c>CAMEO_BENCHMARK_FOLDER</c> names another place
/// than the one in the system's folder for temporary files.
/// </summary>
internal static class BenchmarkFolder
{
    public static string Root { get; } =
        Environment.GetEnvironmentVariable("CAMEO_BENCHMARK_FOLDER") is { Length: > 0 } given ? given : Path.Combine(Path.GetTempPath(), "cameo-benchmarks");

    /// <summary>A folder below the root, made whole or not at all.</summary>
    /// <param name="name">Its name; what it holds must follow from the name alone.</param>
    /// <param name="make">Fills the folder it is given.</param>
    public static string Get(string name, Action<string> make)
    {
        string folder = Path.Combine(Root, name);
        if (!Directory.Exists(folder))
        {
            string unfinished = $"{folder}.{Environment.ProcessId}";
            Directory.CreateDirectory(unfinished);
            try
            {
                make(unfinished);
                Directory.Move(unfinished, folder);
            }
            catch (IOException) when (Directory.Exists(folder))
            {
                // Another process was faster.
            }
            finally
            {
                if (Directory.Exists(unfinished))
                {
                    Directory.Delete(unfinished, recursive: true);
                }
            }
        }

        return folder;
    }

    /// <summary>Deletes all but the newest folders of a kind.</summary>
    public static void KeepNewest(string parent, string pattern, int count)
    {
        var folder = new DirectoryInfo(Path.Combine(Root, parent));
        foreach (DirectoryInfo old in folder.EnumerateDirectories(pattern).OrderByDescending(static entry => entry.LastWriteTimeUtc).Skip(count))
        {
            try
            {
                old.Delete(recursive: true);
            }
            catch (IOException)
            {
                // Another process is at it.
            }
        }
    }
}

using Cameo.Generator.Packing;

namespace Cameo.Generator.Build;

/// <summary>
/// What a task's outputs were made from, kept in a file beside them: options, and the sizes and times of the files read. External data are among those files, which is why
/// the tasks keep track themselves; MSBuild would have to know all inputs beforehand.
/// </summary>
internal sealed class BuildState
{
    private const string FileKey = "file";
    private const string ResultKey = "result";

    private readonly List<string> _lines = [];
    private readonly List<string> _files = [];
    private readonly Dictionary<string, string> _stamps = new(StringComparer.Ordinal);
    private readonly List<string> _results = [];

    public BuildState()
    {
        // Another build of the compiler makes everything anew.
        AddValue("tool", typeof(BuildState).Module.ModuleVersionId.ToString());
    }

    /// <summary>The lines that the task kept for itself.</summary>
    public IReadOnlyList<string> Results => _results;

    public void AddValue(string key, string value) => _lines.Add(key + "\t" + Escape(value));

    public void AddFile(string path) => _files.Add(path);

    /// <summary>Takes the stamps of the files added so far: before they are read, so that a change during the reading is noticed the next time.</summary>
    public void Stamp()
    {
        foreach (string file in _files)
        {
            _stamps[file] = Stamp(file);
        }
    }

    public void AddResult(string text) => _results.Add(text);

    /// <summary>
    /// The state of an earlier run with the same values, if all files that it read or wrote are as they were. The files need not be known now; those of the earlier run count.
    /// </summary>
    public BuildState? FindUnchanged(string path)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (IOException)
        {
            return null;
        }

        BuildState earlier = new();
        earlier._lines.Clear();
        foreach (string line in lines)
        {
            int tab = line.IndexOf('\t');
            string key = tab < 0 ? line : line.Substring(0, tab);
            string value = line.Substring(tab + 1);
            if (key == FileKey)
            {
                string[] fields = value.Split(['\t'], 2);
                if (fields.Length != 2 || Stamp(Unescape(fields[1])) != fields[0])
                {
                    return null;
                }

                earlier.AddFile(Unescape(fields[1]));
            }
            else if (key == ResultKey)
            {
                earlier.AddResult(Unescape(value));
            }
            else
            {
                earlier._lines.Add(line);
            }
        }

        return earlier._lines.SequenceEqual(_lines) ? earlier : null;
    }

    public void Write(string path)
    {
        IEnumerable<string> files = _files.Select(file => $"{FileKey}\t{_stamps.GetValueOrDefault(file) ?? Stamp(file)}\t{Escape(file)}");
        IEnumerable<string> results = _results.Select(static result => ResultKey + "\t" + Escape(result));
        AtomicFile.WriteTextIfChanged(path, string.Concat(_lines.Concat(files).Concat(results).Select(static line => line + "\n")));
    }

    private static string Stamp(string path)
    {
        FileInfo file = new(path);
        return file.Exists
            ? FormattableString.Invariant($"{file.Length}:{file.LastWriteTimeUtc.Ticks}")
            : "missing";
    }

    private static string Escape(string text) => text.Replace("\\", "\\\\").Replace("\n", "\\n").Replace("\r", "\\r");

    private static string Unescape(string text)
    {
        // Backslashes are doubled, so a placeholder keeps an escaped one apart from those that start an escape.
        const string Placeholder = "\0";
        return text.Replace("\\\\", Placeholder).Replace("\\n", "\n").Replace("\\r", "\r").Replace(Placeholder, "\\");
    }
}

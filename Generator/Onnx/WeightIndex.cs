using System.Globalization;
using System.Text;
using Cameo.Generator.Onnx.Proto;

namespace Cameo.Generator.Onnx;

/// <summary>
/// Where the bytes of a model's large tensors lie. Unlike the graph text it changes with every training, and the compiler never sees it. As text it has a
/// line for each file and each tensor, with tab-separated fields.
/// </summary>
internal sealed class WeightIndex
{
    private const string Header = "cameo-weight-index 1";
    private const string FileLine = "file";
    private const string WeightLine = "weight";
    private const int WeightFields = 9;

    private readonly List<string> _files = [""];
    private readonly List<WeightEntry> _entries = [];
    private readonly Dictionary<string, WeightEntry> _byName = new(StringComparer.Ordinal);

    // Where the last tensor of each file ends.
    private readonly Dictionary<int, long> _ends = [];

    /// <summary>The files with weights as paths relative to the model's folder. The first one is empty: it stands for the model's file itself.</summary>
    public IReadOnlyList<string> Files => _files;

    public IReadOnlyList<WeightEntry> Entries => _entries;

    public WeightEntry this[string name] => _byName[name];

    public bool TryGet(string name, out WeightEntry? entry) => _byName.TryGetValue(name, out entry);

    /// <summary>The index of a file of external data, which is added if it is new.</summary>
    public int AddFile(string path)
    {
        int index = _files.IndexOf(path);
        if (index < 0)
        {
            index = _files.Count;
            _files.Add(path);
        }

        return index;
    }

    public void Add(WeightEntry entry)
    {
        _byName.Add(entry.Name, entry);
        _entries.Add(entry);
        _ends.TryGetValue(entry.File, out long end);
        _ends[entry.File] = Math.Max(end, entry.Offset + entry.Length);
    }

    /// <summary>Finds that a file is long enough for all tensors that lie in it; import saw to that, but the file may have been written anew since.</summary>
    /// <param name="file">The index of the file.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <exception cref="ImportException">It is shorter.</exception>
    public void RequireLength(int file, long length)
    {
        if (!_ends.TryGetValue(file, out long end) || end <= length)
        {
            return;
        }

        string name = file == 0 ? "The model's file" : $"The file of external data '{Files[file]}'";
        throw new ImportException(
            file == 0 ? ImportDiagnosticIds.UnreadableFile : ImportDiagnosticIds.ExternalDataUnreadable,
            FormattableString.Invariant($"{name} has {length} bytes, but its tensors need {end}: it was cut short, or is being written, while the model is built."));
    }

    public void Write(TextWriter writer)
    {
        writer.Write(Header + "\n");
        foreach (string file in _files)
        {
            writer.Write($"{FileLine}\t{Escape(file)}\n");
        }

        foreach (WeightEntry entry in _entries)
        {
            string dimensions = string.Join(",", entry.Dimensions.Select(static dimension => dimension.ToString(CultureInfo.InvariantCulture)));
            writer.Write(FormattableString.Invariant(
                $"{WeightLine}\t{Escape(entry.Name)}\t{entry.File}\t{entry.Storage}\t{entry.Offset}\t{entry.Length}\t{entry.ElementType}\t{dimensions}\t{entry.ByteLength}\n"));
        }
    }

    /// <exception cref="FormatException">The text is not an index of this version.</exception>
    public static WeightIndex Read(TextReader reader)
    {
        if (reader.ReadLine() != Header)
        {
            throw new FormatException("The file is not a weight index of this version.");
        }

        WeightIndex index = new();
        while (reader.ReadLine() is { } line)
        {
            string[] fields = line.Split('\t');
            if (fields is [FileLine, var file])
            {
                index.AddFile(Unescape(file));
            }
            else if (fields.Length == WeightFields && fields[0] == WeightLine)
            {
                index.Add(ParseEntry(fields));
            }
            else
            {
                throw new FormatException($"The weight index has the invalid line '{line}'.");
            }
        }

        return index;
    }

    private static WeightEntry ParseEntry(string[] fields) => new(
        Unescape(fields[1]),
        (int)ParseNumber(fields[2]),
        (WeightStorage)Enum.Parse(typeof(WeightStorage), fields[3]),
        ParseNumber(fields[4]),
        ParseNumber(fields[5]),
        (TensorProto.Types.DataType)Enum.Parse(typeof(TensorProto.Types.DataType), fields[6]),
        fields[7].Length == 0 ? [] : [.. fields[7].Split(',').Select(ParseNumber)],
        ParseNumber(fields[8]));

    private static long ParseNumber(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    private static string Escape(string text)
        => text.Replace("\\", "\\\\").Replace("\t", "\\t").Replace("\n", "\\n").Replace("\r", "\\r");

    private static string Unescape(string text)
    {
        if (!text.Contains('\\'))
        {
            return text;
        }

        StringBuilder result = new(text.Length);
        for (int index = 0; index < text.Length; index++)
        {
            char character = text[index];
            if (character == '\\' && index + 1 < text.Length)
            {
                index++;
                character = text[index] switch
                {
                    't' => '\t',
                    'n' => '\n',
                    'r' => '\r',
                    var other => other,
                };
            }

            result.Append(character);
        }

        return result.ToString();
    }
}

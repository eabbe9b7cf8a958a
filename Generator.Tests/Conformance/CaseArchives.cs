using System.Globalization;
using System.IO.Compression;
using Cameo.Tests.Infrastructure;

namespace Cameo.Tests.Conformance;

/// <summary>Reads cases in place: nothing of them is unpacked to files. Not for several threads at once.</summary>
internal sealed class CaseArchives : IDisposable
{
    private const string ModelFile = "/model.onnx";
    private const string DataFolder = "test_data_set_0";

    private readonly Dictionary<string, ZipArchive> _archives = new(StringComparer.Ordinal);

    /// <summary>Cases of a suite: every folder with a model.</summary>
    public IEnumerable<ConformanceCase> FindCases(string suite) => Open(suite).Entries
        .Where(static entry => entry.FullName.EndsWith(ModelFile, StringComparison.Ordinal))
        .Select(entry => new ConformanceCase(suite, entry.FullName[..^ModelFile.Length]))
        .OrderBy(static @case => @case.Folder, StringComparer.Ordinal);

    public byte[] ReadModel(ConformanceCase @case) => Find(@case, ModelFile[1..]) ?? throw new InvalidDataException($"{@case.Key} has no model.");

    /// <summary>A stored input; null where there is none.</summary>
    public byte[]? FindInput(ConformanceCase @case, int index) => Find(@case, string.Create(CultureInfo.InvariantCulture, $"{DataFolder}/input_{index}.pb"));

    /// <summary>A stored output; null where there is none.</summary>
    public byte[]? FindOutput(ConformanceCase @case, int index) => Find(@case, string.Create(CultureInfo.InvariantCulture, $"{DataFolder}/output_{index}.pb"));

    /// <summary>A file of the case; null where there is none.</summary>
    public byte[]? Find(ConformanceCase @case, string file)
    {
        if (Open(@case.Suite).GetEntry($"{@case.Folder}/{file}") is not { } entry)
        {
            return null;
        }

        using Stream stream = entry.Open();
        byte[] content = new byte[entry.Length];
        stream.ReadExactly(content);
        return content;
    }

    public void Dispose()
    {
        foreach (ZipArchive archive in _archives.Values)
        {
            archive.Dispose();
        }
    }

    private ZipArchive Open(string suite)
    {
        if (!_archives.TryGetValue(suite, out ZipArchive? archive))
        {
            archive = ZipFile.OpenRead(Path.Combine(TestData.Zips, suite + ".zip"));
            _archives.Add(suite, archive);
        }

        return archive;
    }
}

using System.Diagnostics;
using Cameo.Generator.Graphs;
using Cameo.Generator.Onnx;
using Cameo.Generator.Onnx.Proto;
using Cameo.Generator.Packing;
using Cameo.Tests.Infrastructure;
using Google.Protobuf;
using Xunit;

namespace Cameo.Tests.Import;

/// <summary>Tensors whose data lie in files beside the model.</summary>
public sealed class ExternalDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("weights.bin")]
    [InlineData("below/weights.bin")]
    [InlineData("./weights.bin")]
    public void DataInTheFolderAreFound(string location)
    {
        WriteFile(location, [.. Enumerable.Range(0, 100).Select(static value => (byte)value)]);
        TensorProto tensor = ModelFiles.External("t", 20, ("location", location), ("offset", "10"), ("length", "20"), ("checksum", "x"));

        ImportResult result = Import(ModelFiles.NothingInline, tensor);

        Assert.Empty(result.Diagnostics);
        Assert.Equal(location, result.WeightIndex!.Files[1]);
        using WeightSourceReader reader = new(result.WeightIndex, ModelPath);
        Assert.Equal(Enumerable.Range(10, 20).Select(static value => (byte)value), reader.Read("t"));
        byte[] part = new byte[3];
        reader.Read("t", 17, part);
        Assert.Equal([27, 28, 29], part);
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.Read("t", 18, part));
    }

    [Fact]
    public void LengthFollowsFromTheShapeWhereItIsNotStated()
    {
        WriteFile("w", [1, 2, 3, 4, 5]);

        ImportResult result = Import(ImportOptions.Default, ModelFiles.External("t", 3, ("location", "w"), ("offset", "1")));

        Assert.Empty(result.Diagnostics);
        Assert.Equal([2, 3, 4], GraphTextReader.Read(result.GraphText!).Graph.Initializer[0].RawData.ToByteArray());
    }

    [Fact]
    public void TheTextHasNeitherFilesNorOffsets()
    {
        WriteFile("secret-file-name", new byte[5000]);

        ImportResult result = Import(ImportOptions.Default, ModelFiles.External("t", 4321, ("location", "secret-file-name"), ("offset", "77")));

        Assert.DoesNotContain("secret-file-name", result.GraphText, StringComparison.Ordinal);
        Assert.DoesNotContain("77", result.GraphText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../weights.bin")]
    [InlineData("below/../../weights.bin")]
    [InlineData("below/..")]
    [InlineData("/etc/passwd")]
    [InlineData("\\\\server\\share\\weights.bin")]
    [InlineData("..\\weights.bin")]
    [InlineData("C:\\weights.bin")]
    [InlineData("C:weights.bin")]
    [InlineData("weights\0.bin")]
    public void DataOutsideTheFolderAreRefused(string location)
    {
        File.WriteAllBytes(_folder.File("weights.bin"), new byte[10]);
        string path = Path.Combine(Directory.CreateDirectory(_folder.File("inner")).FullName, "model.onnx");
        File.WriteAllBytes(path, ModelFiles.Model(ModelFiles.External("t", 10, ("location", location))).ToByteArray());

        ImportDiagnostic diagnostic = Assert.Single(ModelImporter.Import(path, ImportOptions.Default).Diagnostics);

        Assert.Equal(ImportDiagnosticIds.ExternalDataOutsideFolder, diagnostic.Id);
        Assert.Contains("'t'", diagnostic.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ImportDiagnosticIds.ExternalDataUnreadable, "location", "missing")]
    [InlineData(ImportDiagnosticIds.ExternalDataUnreadable, "location", ".")]
    [InlineData(ImportDiagnosticIds.InvalidExternalData, "offset", "3")]
    [InlineData(ImportDiagnosticIds.InvalidExternalData, "offset", "9223372036854775807")]
    [InlineData(ImportDiagnosticIds.InvalidExternalData, "offset", "99999999999999999999")]
    [InlineData(ImportDiagnosticIds.InvalidExternalData, "offset", "-1")]
    [InlineData(ImportDiagnosticIds.InvalidExternalData, "length", "many")]
    [InlineData(ImportDiagnosticIds.DataSizeMismatch, "length", "9")]
    [InlineData(ImportDiagnosticIds.InvalidExternalData, "location", "")]
    public void WrongDescriptionsAreErrors(string id, string key, string value)
    {
        WriteFile("w", new byte[12]);
        TensorProto tensor = ModelFiles.External("t", 10, ("location", "w"), (key, value));

        ImportDiagnostic diagnostic = Assert.Single(Import(ImportOptions.Default, tensor).Diagnostics);

        Assert.Equal(id, diagnostic.Id);
        Assert.Contains("'t'", diagnostic.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ExternalDataNeedAFolder()
    {
        ImportResult result = ModelFiles.Import(ModelFiles.Model(ModelFiles.External("t", 10, ("location", "w"))));

        Assert.Equal(ImportDiagnosticIds.ExternalDataUnreadable, Assert.Single(result.Diagnostics).Id);
    }

    [Fact]
    public void ManyTensorsOverTheSameBytesAreReadAFewTimesOnly()
    {
        WriteFile("w", new byte[1 << 20]);
        TensorProto[] tensors = [.. Enumerable.Range(0, 100).Select(static index => ModelFiles.External($"t{index}", 1 << 20, ("location", "w")))];

        ImportResult result = Import(ImportOptions.Default, tensors);

        Assert.Empty(result.Diagnostics);
        Assert.Equal(100, result.WeightIndex!.Entries.Count);
        ulong?[] uniform = [.. GraphTextReader.Read(result.GraphText!).Graph.Initializer.Select(static tensor => TensorFacts.Read(tensor)!.Uniform)];
        Assert.Equal([0UL, 0UL, 0UL, 0UL, null], uniform[..5]);
    }

    [Fact]
    public void AFileThatBecameShorterIsAnError()
    {
        WriteFile("w", new byte[5000]);
        ImportResult result = Import(ImportOptions.Default, ModelFiles.External("t", 5000, ("location", "w")));
        WriteFile("w", new byte[4000]);

        using WeightSourceReader reader = new(result.WeightIndex!, ModelPath);

        AssertNamesLengths(Assert.Throws<ImportException>(() => reader.Read("t")));
    }

    [Fact]
    public void AFileThatBecameShorterIsNotMapped()
    {
        WriteFile("w", new byte[5000]);
        ImportResult result = Import(ImportOptions.Default, ModelFiles.External("t", 5000, ("location", "w")));
        WriteFile("w", new byte[4000]);

        using ModelTensorSource source = new(result.WeightIndex!, ModelPath);

        AssertNamesLengths(Assert.Throws<ImportException>(() => source.TryMap("t")));
    }

    [Fact]
    public void AModelThatBecameShorterIsNotMapped()
    {
        TensorProto tensor = ModelFiles.External("t", 5000, ("location", "w"));
        tensor.ClearDataLocation();
        tensor.ExternalData.Clear();
        tensor.RawData = ByteString.CopyFrom(new byte[5000]);
        ImportResult result = Import(ImportOptions.Default, tensor);
        byte[] model = File.ReadAllBytes(ModelPath);
        File.WriteAllBytes(ModelPath, model[..1000]);

        using ModelTensorSource source = new(result.WeightIndex!, ModelPath);

        ImportException exception = Assert.Throws<ImportException>(() => source.TryMap("t"));
        Assert.Equal(ImportDiagnosticIds.UnreadableFile, exception.Id);
        Assert.Contains("has 1000 bytes", exception.Message, StringComparison.Ordinal);
    }

    /// <summary>The first chunk is read, then the file is cut: packing must end with an error, not the process with a signal.</summary>
    [Fact]
    public void AFileThatIsCutShortWhileItIsPackedIsAnError()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        WriteFile("w", new byte[5000]);
        ImportResult result = Import(ImportOptions.Default, ModelFiles.External("t", 5000, ("location", "w")));
        using ModelTensorSource source = new(result.WeightIndex!, ModelPath);
        Assert.NotNull(source.TryMap("t"));
        source.RequireLengths();
        using (Process cut = Process.Start("truncate", ["--size=4000", _folder.File("w")]))
        {
            cut.WaitForExit();
            Assert.Equal(0, cut.ExitCode);
        }

        // The lengths are looked at again after some time only.
        ImportException? exception = null;
        Assert.True(SpinWait.SpinUntil(() => (exception = Record.Exception(source.RequireLengths) as ImportException) is not null, TimeSpan.FromSeconds(10)));
        AssertNamesLengths(exception!);

        WeightRecipe recipe = new([new Generator.Graphs.WeightEntry("t", 0, new WeightSource("t", ElementType.UInt8, [5000]))], 5000, new byte[32]);
        using ModelTensorSource again = new(result.WeightIndex!, ModelPath);
        AssertNamesLengths(Assert.Throws<ImportException>(() => new WeightPacker(again, 2).Pack(recipe, _folder.File("packed"), CancellationToken.None)));
        Assert.False(File.Exists(_folder.File("packed")));
    }

    [Fact]
    public unsafe void AFileThatIsDeletedWhileItIsPackedStaysReadable()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        byte[] data = new byte[5000];
        new Random(2).NextBytes(data);
        WriteFile("w", data);
        ImportResult result = Import(ImportOptions.Default, ModelFiles.External("t", 5000, ("location", "w")));
        using ModelTensorSource source = new(result.WeightIndex!, ModelPath);
        NativeBuffer memory = source.TryMap("t")!;
        File.Delete(_folder.File("w"));

        source.RequireLengths();
        Assert.True(data.AsSpan().SequenceEqual(new ReadOnlySpan<byte>(memory.Pointer, 5000)));
    }

    private static void AssertNamesLengths(ImportException exception)
    {
        Assert.Equal(ImportDiagnosticIds.ExternalDataUnreadable, exception.Id);
        Assert.Contains("'w' has 4000 bytes", exception.Message, StringComparison.Ordinal);
        Assert.Contains("need 5000", exception.Message, StringComparison.Ordinal);
    }

    private string ModelPath => _folder.File("model.onnx");

    private ImportResult Import(ImportOptions options, params TensorProto[] tensors)
    {
        File.WriteAllBytes(ModelPath, ModelFiles.Model(tensors).ToByteArray());
        return ModelImporter.Import(ModelPath, options);
    }

    private void WriteFile(string location, byte[] contents)
    {
        string path = _folder.File(location);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, contents);
    }
}

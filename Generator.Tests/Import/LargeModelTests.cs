using Cameo.Generator.Onnx;
using Cameo.Generator.Onnx.Proto;
using Cameo.Tests.Infrastructure;
using Google.Protobuf;
using Xunit;

namespace Cameo.Tests.Import;

/// <summary>Models whose tensors are far larger than what the import may hold in memory.</summary>
public sealed class LargeModelTests
{
    private const long TensorBytes = 100L << 20;

    // Buffers of 64 KiB and 256 KiB and the graph itself; nothing that grows with a tensor.
    private const long MaximumAllocation = 8L << 20;

    [Fact]
    public void MemoryDoesNotGrowWithTheTensors()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("large.onnx");
        WriteModel(path, tensors: 3);
        Assert.True(new FileInfo(path).Length > 3 * TensorBytes);
        ModelFiles.Import(ModelFiles.Model());
        long before = GC.GetAllocatedBytesForCurrentThread();

        ImportResult result = ModelImporter.Import(path, ImportOptions.Default);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MaximumAllocation);
        Assert.Empty(result.Diagnostics);
        Assert.Equal(3, result.WeightIndex!.Entries.Count);
        Assert.All(result.WeightIndex.Entries, static entry => Assert.Equal(TensorBytes, entry.Length));
        Assert.InRange(result.GraphText!.Length, 0, 10_000);
    }

    [Fact]
    public void ExternalDataBeyondFourGigabytesAreAddressed()
    {
        const long Offset = 5L << 30;
        using TemporaryFolder folder = new();
        using (FileStream data = File.Create(folder.File("w")))
        {
            data.Position = Offset;
            data.Write([1, 2, 3]);
        }

        string path = folder.File("model.onnx");
        TensorProto small = ModelFiles.External("small", 3, ("location", "w"), ("offset", Offset.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        File.WriteAllBytes(path, ModelFiles.Model(small).ToByteArray());

        ImportResult result = ModelImporter.Import(path, ModelFiles.NothingInline);

        Assert.Empty(result.Diagnostics);
        using WeightSourceReader reader = new(result.WeightIndex!, path);
        Assert.Equal([1, 2, 3], reader.Read("small"));
    }

    /// <summary>A model with tensors of zeros, which a file system that knows sparse files does not store.</summary>
    private static void WriteModel(string path, int tensors)
    {
        byte[] header = ModelFiles.Tensor("", TensorProto.Types.DataType.Float, TensorBytes / sizeof(float)).ToByteArray();
        long tensorLength = header.Length + Prefix(TensorProto.RawDataFieldNumber, TensorBytes).Length + TensorBytes;
        byte[] tensorPrefix = Prefix(GraphProto.InitializerFieldNumber, tensorLength);
        using FileStream stream = File.Create(path);
        stream.Write(Prefix(ModelProto.GraphFieldNumber, tensors * (tensorPrefix.Length + tensorLength)));
        for (int index = 0; index < tensors; index++)
        {
            stream.Write(tensorPrefix);
            stream.Write(header);
            stream.Write(Prefix(TensorProto.RawDataFieldNumber, TensorBytes));
            stream.Position += TensorBytes;
        }

        stream.SetLength(stream.Position);
    }

    private static byte[] Prefix(int field, long length)
    {
        MemoryStream stream = new();
        using CodedOutputStream writer = new(stream);
        writer.WriteTag(field, WireFormat.WireType.LengthDelimited);
        writer.WriteUInt64((ulong)length);
        writer.Flush();
        return stream.ToArray();
    }
}

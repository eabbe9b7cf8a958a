using System.IO.Compression;
using System.Runtime.InteropServices;
using Cameo.Generator.Onnx.Proto;
using Cameo.Tests.Infrastructure;
using Cameo.Threading;
using Xunit;

namespace Cameo.Tests.Kernels;

/// <summary>ONNX's own single-node cases, run by the kernels alone: attributes to shapes here, numbers from ONNX.</summary>
[Trait("Suite", "onnx")]
public sealed unsafe class ConvolutionBackendTests
{
    private static readonly Workers Threads = new(2);

    [SkippableTheory]
    [InlineData("test_basic_conv", 2)]
    [InlineData("test_conv_with", 4)]
    [InlineData("test_convtranspose", 8)]
    [InlineData("test_maxpool", 15)]
    [InlineData("test_averagepool", 18)]
    [InlineData("test_resize", 14)]
    public void EveryCaseOfTheFamilyMatches(string prefix, int least)
    {
        using ZipArchive zip = TestData.OpenZip("onnx-node.zip");
        int run = 0;
        foreach (ZipArchiveEntry entry in zip.Entries)
        {
            if (entry.FullName.StartsWith(prefix, StringComparison.Ordinal) && entry.Name == "model.onnx")
            {
                run += RunCase(zip, entry) ? 1 : 0;
            }
        }

        Assert.True(run >= least, $"Only {run} cases of {prefix} could be run.");
    }

    private static bool RunCase(ZipArchive zip, ZipArchiveEntry model)
    {
        string folder = model.FullName[..^"model.onnx".Length];
        NodeProto node = ModelProto.Parser.ParseFrom(Read(model)).Graph.Node[0];
        StoredTensor?[] inputs = Tensors(zip, folder, "input", node.Input);
        StoredTensor[] outputs = [.. Tensors(zip, folder, "output", node.Output).OfType<StoredTensor>()];
        if (outputs[0].ElementType != TensorProto.Types.DataType.Float)
        {
            return false;
        }

        var actual = new float[outputs[0].Bytes.Length / sizeof(float)];
        long[]? indices = outputs.Length > 1 ? new long[actual.Length] : null;
        if (!ConvolutionBackendNode.TryRun(node, inputs, outputs[0].Shape, Threads, actual, indices))
        {
            return false;
        }

        ReadOnlySpan<float> expected = MemoryMarshal.Cast<byte, float>(outputs[0].Bytes);
        for (int index = 0; index < actual.Length; index++)
        {
            // ONNX's tolerances.
            double tolerance = 1e-7 + (1e-3 * Math.Abs(expected[index]));
            Assert.True(Math.Abs(actual[index] - expected[index]) <= tolerance, $"{folder}: element {index} is {actual[index]}, expected {expected[index]}.");
        }

        if (indices is not null)
        {
            Assert.Equal(MemoryMarshal.Cast<byte, long>(outputs[1].Bytes).ToArray(), indices);
        }

        return true;
    }

    private static StoredTensor?[] Tensors(ZipArchive zip, string folder, string kind, IReadOnlyList<string> names)
    {
        int file = 0;
        return [.. names.Select(name => name.Length == 0
            ? null
            : TensorProtoReader.Read(Read(zip.GetEntry($"{folder}test_data_set_0/{kind}_{file++}.pb")!)))];
    }

    private static byte[] Read(ZipArchiveEntry entry)
    {
        using Stream stream = entry.Open();
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}

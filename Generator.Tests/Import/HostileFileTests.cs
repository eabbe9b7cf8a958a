using System.Diagnostics;
using Cameo.Generator.Onnx;
using Cameo.Generator.Onnx.Proto;
using Cameo.Tests.Infrastructure;
using Google.Protobuf;
using Xunit;

namespace Cameo.Tests.Import;

/// <summary>Damaged and malicious files end in a diagnostic, in bounded time and memory.</summary>
public sealed class HostileFileTests
{
    private const int Seed = 20260;

    // What an import of a small file may allocate, however the file is damaged: the budget of a graph's structure, several times over for its text.
    private const long MaximumAllocation = 64L << 20;

    // A model of a kilobyte imports in well under a millisecond; ten times a whole run's time on a slow machine.
    private static readonly TimeSpan MaximumTime = TimeSpan.FromSeconds(60);

    public static TheoryData<string> FuzzedModels => ["mnist_8", "dynamo_local_functions_nested", "dynamo_rotary_1", "fusion_gqa_1"];

    [SkippableTheory]
    [MemberData(nameof(FuzzedModels))]
    public void TruncatedModelsAreErrors(string name)
    {
        byte[] model = File.ReadAllBytes(TestData.RequireModel(name));
        ModelProto original = ModelProto.Parser.ParseFrom(model);
        int step = Math.Max(model.Length / 1500, 1);
        var watch = Stopwatch.StartNew();
        int failures = 0;
        for (int length = 0; length < model.Length; length += step)
        {
            ImportResult result = Import(model[..length]);
            failures += result.Succeeded ? 0 : 1;

            // A cut between two fields of the model itself leaves a valid file; one inside the graph does not.
            Assert.True(!result.Succeeded || GraphTextReader.Read(result.GraphText!).Graph.Node.Count == original.Graph.Node.Count);
        }

        Assert.True(failures > 0);
        Assert.True(watch.Elapsed < MaximumTime, $"{watch.Elapsed} for all truncations");
    }

    [SkippableTheory]
    [MemberData(nameof(FuzzedModels))]
    public void FlippedBitsNeverEscapeAsExceptions(string name)
    {
        byte[] model = File.ReadAllBytes(TestData.RequireModel(name));
        Random random = new(Seed);
        var watch = Stopwatch.StartNew();
        int failures = 0;
        for (int round = 0; round < 2000; round++)
        {
            byte[] damaged = [.. model];
            for (int flips = random.Next(1, 6); flips > 0; flips--)
            {
                // Weights fill most of a file, and in them a flipped bit changes nothing of interest: most flips go to the beginning and the end.
                int region = Math.Min(model.Length, 4096);
                int offset = random.Next(3) switch
                {
                    0 => random.Next(model.Length),
                    1 => random.Next(region),
                    _ => model.Length - 1 - random.Next(region),
                };
                damaged[offset] ^= (byte)(1 << random.Next(8));
            }

            failures += Import(damaged).Succeeded ? 0 : 1;
        }

        Assert.InRange(failures, 100, 2000);
        Assert.True(watch.Elapsed < MaximumTime, $"{watch.Elapsed} for all damaged models");
    }

    [Fact]
    public void RandomBytesAreErrors()
    {
        Random random = new(Seed);
        for (int round = 0; round < 2000; round++)
        {
            byte[] noise = new byte[random.Next(0, 300)];
            random.NextBytes(noise);
            Assert.False(Import(noise).Succeeded);
        }
    }

    [Theory]
    [InlineData(-1L, 4L)]
    [InlineData(long.MaxValue, 4L)]
    [InlineData(1L << 32, 1L << 32)]
    [InlineData(long.MinValue, -1L)]
    public void ShapesWithoutASizeAreErrors(long first, long second)
    {
        TensorProto tensor = ModelFiles.Tensor("giant", TensorProto.Types.DataType.Float, new byte[16], first, second);

        ImportDiagnostic diagnostic = Assert.Single(Import(ModelFiles.Model(tensor).ToByteArray()).Diagnostics);

        Assert.Equal(ImportDiagnosticIds.InvalidShape, diagnostic.Id);
        Assert.Contains("'giant'", diagnostic.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData((int)TensorProto.Types.DataType.Float, 1L << 58)]
    [InlineData((int)TensorProto.Types.DataType.Float, 5L)]
    [InlineData((int)TensorProto.Types.DataType.Int4, 30L)]
    [InlineData((int)TensorProto.Types.DataType.Float, 0L)]
    public void DataOfAnotherSizeAreErrors(int type, long elements)
    {
        TensorProto tensor = ModelFiles.Tensor("t", (TensorProto.Types.DataType)type, new byte[16], elements);

        Assert.Equal(ImportDiagnosticIds.DataSizeMismatch, Assert.Single(Import(ModelFiles.Model(tensor).ToByteArray()).Diagnostics).Id);
    }

    [Fact]
    public void TensorsWithoutDataAreErrors()
    {
        TensorProto tensor = ModelFiles.Tensor("t", TensorProto.Types.DataType.Float, 1L << 50);
        TensorProto typed = ModelFiles.Tensor("u", TensorProto.Types.DataType.Int64, 1L << 50);
        typed.Int64Data.Add(3);

        ImportResult result = Import(ModelFiles.Model(tensor, typed).ToByteArray());

        Assert.Equal(2, result.Diagnostics.Count);
        Assert.All(result.Diagnostics, static diagnostic => Assert.Equal(ImportDiagnosticIds.DataSizeMismatch, diagnostic.Id));
    }

    [Fact]
    public void UnknownElementTypesAreErrors()
    {
        TensorProto tensor = ModelFiles.Tensor("t", (TensorProto.Types.DataType)99, new byte[4], 1);

        Assert.Equal(ImportDiagnosticIds.UnknownElementType, Assert.Single(Import(ModelFiles.Model(tensor).ToByteArray()).Diagnostics).Id);
    }

    [Fact]
    public void EmptyFilesHaveNoGraph()
        => Assert.Equal(ImportDiagnosticIds.NoGraph, Assert.Single(Import([]).Diagnostics).Id);

    [Fact]
    public void MissingFilesAreErrors()
    {
        using TemporaryFolder folder = new();

        ImportDiagnostic diagnostic = Assert.Single(ModelImporter.Import(folder.File("none.onnx"), ImportOptions.Default).Diagnostics);

        Assert.Equal(ImportDiagnosticIds.UnreadableFile, diagnostic.Id);
        Assert.Contains("none.onnx", diagnostic.Message, StringComparison.Ordinal);
        Assert.Equal(ImportDiagnosticIds.UnreadableFile, Assert.Single(ModelImporter.Import(folder.Path, ImportOptions.Default).Diagnostics).Id);
        Assert.Equal(ImportDiagnosticIds.UnreadableFile, Assert.Single(ModelImporter.Import("", ImportOptions.Default).Diagnostics).Id);
    }

    [Theory]
    [InlineData(30, true)]
    [InlineData(40, false)]
    [InlineData(500, false)]
    public void DeeplyNestedGraphsAreErrors(int depth, bool succeeds)
    {
        GraphProto graph = new() { Name = "innermost" };
        for (int level = 0; level < depth; level++)
        {
            GraphProto outer = new();
            outer.Node.Add(ModelFiles.Node("If", new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = graph }));
            graph = outer;
        }

        ImportResult result = Import(new ModelProto { Graph = graph }.ToByteArray());

        Assert.Equal(succeeds, result.Succeeded);
        Assert.All(result.Diagnostics, static diagnostic => Assert.Equal(ImportDiagnosticIds.NestedTooDeeply, diagnostic.Id));
    }

    [Theory]
    [InlineData(20, true)]
    [InlineData(1000, false)]
    public void DeeplyNestedTypesAreErrors(int depth, bool succeeds)
    {
        TypeProto type = new() { TensorType = new TypeProto.Types.Tensor { ElemType = 1 } };
        for (int level = 0; level < depth; level++)
        {
            type = new TypeProto { SequenceType = new TypeProto.Types.Sequence { ElemType = type } };
        }

        ModelProto model = ModelFiles.Model();
        model.Graph.Input.Add(new ValueInfoProto { Name = "x", Type = type });

        ImportResult result = Import(model.ToByteArray());

        Assert.Equal(succeeds, result.Succeeded);
        Assert.All(result.Diagnostics, static diagnostic => Assert.Equal(ImportDiagnosticIds.MalformedFile, diagnostic.Id));
    }

    [Fact]
    public void LengthsBeyondTheFileAreErrorsWithTheirOffset()
    {
        // Field 7 (the graph) of a claimed 2^62 bytes, behind a valid field of two bytes.
        byte[] model = [0x08, 0x08, 0x3A, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40];

        ImportDiagnostic diagnostic = Assert.Single(Import(model).Diagnostics);

        Assert.Equal(ImportDiagnosticIds.MalformedFile, diagnostic.Id);
        Assert.Contains("byte offset 2", diagnostic.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MillionsOfEmptyNodesStopAtTheBudget()
    {
        // Two bytes a node: in memory each would be a hundred times as much.
        byte[] graph = new byte[16 << 20];
        for (int offset = 0; offset < graph.Length; offset += 2)
        {
            graph[offset] = (GraphProto.NodeFieldNumber << 3) | 2;
        }

        MemoryStream model = new();
        using CodedOutputStream writer = new(model);
        writer.WriteTag(ModelProto.GraphFieldNumber, WireFormat.WireType.LengthDelimited);
        writer.WriteBytes(ByteString.CopyFrom(graph));
        writer.Flush();
        byte[] bytes = model.ToArray();
        long before = GC.GetAllocatedBytesForCurrentThread();

        ImportResult result = ModelFiles.Import(bytes);

        Assert.Equal(ImportDiagnosticIds.GraphTooLarge, Assert.Single(result.Diagnostics).Id);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 512L << 20);
    }

    [Fact]
    public void ErrorsOfManyTensorsAreReportedTogetherUpToALimit()
    {
        TensorProto[] tensors = [.. Enumerable.Range(0, 1000).Select(static index => ModelFiles.Tensor($"t{index}", TensorProto.Types.DataType.Float, 5))];

        Assert.InRange(Import(ModelFiles.Model(tensors).ToByteArray()).Diagnostics.Count, 2, 20);
    }

    /// <summary>Imports and asserts what holds for any bytes at all.</summary>
    private static ImportResult Import(byte[] model)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        ImportResult result = ModelFiles.Import(model);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(allocated, 0, MaximumAllocation);
        Assert.DoesNotContain(result.Diagnostics, static diagnostic => diagnostic.Id == ImportDiagnosticIds.InternalError);
        Assert.Equal(result.Succeeded, result.Diagnostics.All(static diagnostic => diagnostic.Severity != ImportDiagnosticSeverity.Error));
        if (result.Succeeded)
        {
            GraphTextReader.Read(result.GraphText!);
        }

        return result;
    }
}

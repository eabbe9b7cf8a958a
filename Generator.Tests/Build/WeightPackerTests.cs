using Cameo.Generator.Graphs;
using Cameo.Generator.Packing;
using Cameo.Memory;
using Xunit;

namespace Cameo.Tests.Build;

public sealed class WeightPackerTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cameo-packing");

    private string Target => Path.Combine(_folder.FullName, "model.weights");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void FileHoldsHeaderEntriesAndZerosBetween(int threads)
    {
        MemoryTensorSource source = new();
        WeightRecipe recipe = LargeRecipe(source);
        new WeightPacker(source, threads).Pack(recipe, Target, CancellationToken.None);

        byte[] file = File.ReadAllBytes(Target);
        byte[] payload = new byte[recipe.PayloadBytes];
        foreach (WeightEntry entry in recipe.Entries)
        {
            NaiveWeights.Evaluate(entry.Expression, source).CopyTo(payload, entry.Offset);
        }

        WeightChecksum checksum = new();
        checksum.Append(payload, 0, payload.Length);
        Assert.Equal(WeightFileFormat.WriteHeader(recipe.Identity, payload.Length, checksum.Finish()), file[..WeightFileFormat.HeaderBytes]);
        Assert.True(payload.AsSpan().SequenceEqual(file.AsSpan(WeightFileFormat.HeaderBytes)));
        Assert.Single(_folder.GetFiles());
    }

    /// <summary>Elements that would cross the end of a chunk.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(15)]
    [InlineData(61)]
    public void ElementsNeedNotFillChunks(int before)
    {
        const int ChunkBytes = 1024 * 1024;
        MemoryTensorSource source = new();
        byte[] wide = new byte[3 * ChunkBytes];
        new Random(7).NextBytes(wide);
        source.Add("wide", wide);
        WeightFill fill = new([7], ElementType.UInt8, [ChunkBytes - WeightFileFormat.HeaderBytes - before]);
        WeightSource numbers = new("wide", ElementType.Complex128, [wide.Length / 16]);
        WeightRecipe recipe = new([new WeightEntry("a", 0, fill), new WeightEntry("b", fill.Count, numbers)], fill.Count + wide.Length + 5, new byte[32]);
        new WeightPacker(source, 2).Pack(recipe, Target, CancellationToken.None);

        byte[] payload = File.ReadAllBytes(Target)[WeightFileFormat.HeaderBytes..];
        byte[] expected = [.. Enumerable.Repeat((byte)7, (int)fill.Count), .. wide, 0, 0, 0, 0, 0];
        Assert.True(expected.AsSpan().SequenceEqual(payload));
    }

    /// <summary>The old file may be in use: who has it open keeps what it held.</summary>
    [Fact]
    public void AFileInUseIsReplaced()
    {
        File.WriteAllText(Target, "old");
        using FileStream reader = new(Target, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        MemoryTensorSource source = new();
        WeightRecipe recipe = LargeRecipe(source);
        new WeightPacker(source, 2).Pack(recipe, Target, CancellationToken.None);
        Assert.Equal(WeightFileFormat.HeaderBytes + recipe.PayloadBytes, new FileInfo(Target).Length);
        Assert.Single(_folder.GetFiles());
        using StreamReader text = new(reader);
        Assert.Equal("old", text.ReadToEnd());
    }

    [Fact]
    public void EmptyRecipeGivesAHeaderAlone()
    {
        new WeightPacker(new MemoryTensorSource(), 2).Pack(new WeightRecipe([], 0, new byte[32]), Target, CancellationToken.None);
        Assert.Equal(WeightFileFormat.HeaderBytes, new FileInfo(Target).Length);
    }

    [Fact]
    public void FailureLeavesTheOldFileAlone()
    {
        File.WriteAllText(Target, "old");
        MemoryTensorSource source = new();
        WeightRecipe recipe = LargeRecipe(source);
        WeightRecipe broken = recipe with
        {
            Entries = [.. recipe.Entries, new WeightEntry("missing", recipe.PayloadBytes, new WeightSource("missing", ElementType.Float32, [16]))],
            PayloadBytes = recipe.PayloadBytes + 64,
        };

        Assert.Throws<KeyNotFoundException>(() => new WeightPacker(source, 2).Pack(broken, Target, CancellationToken.None));
        Assert.Equal("old", File.ReadAllText(Target));
        Assert.Single(_folder.GetFiles());
    }

    [Fact]
    public void OverlappingEntriesAreRefused()
    {
        WeightFill fill = new([1], ElementType.UInt8, [100]);
        WeightRecipe recipe = new([new WeightEntry("a", 0, fill), new WeightEntry("b", 64, fill)], 256, new byte[32]);
        PackingException exception = Assert.Throws<PackingException>(
            () => new WeightPacker(new MemoryTensorSource(), 2).Pack(recipe, Target, CancellationToken.None));
        Assert.Contains("'b'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CancellationStops()
    {
        MemoryTensorSource source = new();
        using CancellationTokenSource cancellation = new();
        cancellation.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => new WeightPacker(source, 2).Pack(LargeRecipe(source), Target, cancellation.Token));
        Assert.Empty(_folder.GetFiles());
    }

    /// <summary>Several chunks an entry, and entries of every kind.</summary>
    private static WeightRecipe LargeRecipe(MemoryTensorSource source)
    {
        RandomWeights random = new(11, source);
        Random values = new(3);
        byte[] large = new byte[400 * 700 * 4];
        values.NextBytes(large);
        source.Add("large", large);
        WeightSource matrix = new("large", ElementType.Float32, [400, 700]);
        WeightExpression[] expressions =
        [
            random.Next(3),
            matrix,
            new WeightPanels(new WeightReshape(new WeightTranspose(matrix, [1, 0]), [1, 700, 400]), 32),
            new WeightFill(BitConverter.GetBytes(1.5f), ElementType.Float32, [3, 50, 7]),
            new WeightTranspose(matrix, [1, 0]),
            new WeightFill([1], ElementType.UInt8, [0]),
            random.Next(3),
        ];
        List<WeightEntry> entries = [];
        long offset = 0;
        foreach (WeightExpression expression in expressions)
        {
            WeightEntry entry = new("entry" + entries.Count, offset, expression);
            entries.Add(entry);
            offset = (entry.Offset + entry.Bytes + 191) / 64 * 64;
        }

        return new WeightRecipe(entries, offset + 128, [.. Enumerable.Range(0, 32).Select(static index => (byte)index)]);
    }
}

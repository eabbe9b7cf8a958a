using System.Security.Cryptography;
using Cameo.Memory;
using Xunit;

namespace Cameo.Tests.Sessions;

public sealed unsafe class WeightFileTests
{
    private const int PayloadBytes = 200;

    private static readonly byte[] Identity = SHA256.HashData("a compilation"u8);
    private static readonly byte[] Payload = [.. Enumerable.Range(0, PayloadBytes).Select(index => (byte)(index * 7))];

    [Theory]
    [InlineData(null)]
    [InlineData(true)]
    [InlineData(false)]
    public void AGoodFileIsMappedAligned(bool? verify)
    {
        using var file = new TemporaryFile(Content());
        using WeightFile weights = WeightFile.Map(file.Path, Identity, PayloadBytes, verify);
        Assert.Equal(0, (nint)weights.Payload % 64);
        Assert.Equal(PayloadBytes, weights.PayloadBytes);
        Assert.True(new ReadOnlySpan<byte>(weights.Payload, PayloadBytes).SequenceEqual(Payload));
        weights.Dispose();
        Assert.True(weights.Payload == null);
    }

    [Fact]
    public void TheHeaderHasTheDocumentedLayout()
    {
        byte[] content = Content();
        Assert.Equal("CAMEOWTS"u8.ToArray(), content[..8]);
        Assert.Equal([1, 0, 0, 0, 64, 0, 0, 0], content[8..16]);
        Assert.Equal(Identity, content[16..48]);
        Assert.Equal((ulong)content.Length, BitConverter.ToUInt64(content, 48));
        Assert.Equal(WeightChecksumTests.Compute(Payload), BitConverter.ToUInt64(content, 56));
    }

    [Fact]
    public void DamageOfAnyByteIsFoundAndNamed()
    {
        byte[] content = Content();
        for (int position = 0; position < content.Length; position++)
        {
            byte[] damaged = [.. content];
            damaged[position] ^= 0x10;
            string expected = position switch
            {
                < 8 => "not a weight file",
                < 12 => "format version 1 expected",
                < 16 => "header of 64 bytes expected",
                < 48 => "another compilation",
                < 56 => $"must state {content.Length} bytes",
                _ => "checksum",
            };
            AssertRefused(damaged, expected);
        }
    }

    [Fact]
    public void AFileOfAnyOtherLengthIsRefused()
    {
        byte[] content = Content();
        for (int length = 0; length < content.Length; length++)
        {
            AssertRefused(content[..length], $"truncated: {content.Length} bytes expected, {length} found");
        }

        AssertRefused([.. content, 0], $"{content.Length} bytes expected, {content.Length + 1} found");
    }

    [Fact]
    public void AMissingFileIsNamed()
    {
        string path = Path.Combine(Path.GetTempPath(), "cameo-there-is-no-such-directory", "model.weights");
        var exception = Assert.Throws<WeightFileException>(() => WeightFile.Map(path, Identity, PayloadBytes));
        Assert.Equal(path, exception.WeightSource);
        Assert.Contains(path, exception.Message, StringComparison.Ordinal);
        Assert.Contains("missing", exception.Message, StringComparison.Ordinal);
        Assert.Contains("ModelOptions.WeightsPath", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ADirectoryIsRefused() =>
        Assert.Throws<WeightFileException>(() => WeightFile.Map(Path.GetTempPath(), Identity, PayloadBytes));

    [Fact]
    public void ThePayloadIsComparedOnRequestOnly()
    {
        byte[] damaged = Content();
        damaged[200] ^= 1;
        using var file = new TemporaryFile(damaged);
        WeightFile.Map(file.Path, Identity, PayloadBytes, verify: false).Dispose();
        Assert.Throws<WeightFileException>(() => WeightFile.Map(file.Path, Identity, PayloadBytes, verify: true));
    }

    [Fact]
    public void LargeFilesAreComparedOnRequestOnly()
    {
        // A sparse file of just the size from which on the payload is not read by default; its checksum is wrong.
        long payload = WeightFile.VerifyByDefaultBelowBytes - WeightFileFormat.HeaderBytes;
        using var file = new TemporaryFile(WeightFileFormat.WriteHeader(Identity, payload, checksum: 1));
        using (FileStream stream = File.OpenWrite(file.Path))
        {
            stream.SetLength(WeightFile.VerifyByDefaultBelowBytes);
        }

        WeightFile.Map(file.Path, Identity, payload).Dispose();
        Assert.Throws<WeightFileException>(() => WeightFile.Map(file.Path, Identity, payload, verify: true));
    }

    [Fact]
    public void AMappedFileCanBeReplaced()
    {
        using var file = new TemporaryFile(Content());
        using WeightFile weights = WeightFile.Map(file.Path, Identity, PayloadBytes);
        using var other = new TemporaryFile(new byte[10]);
        File.Move(other.Path, file.Path, overwrite: true);
        Assert.True(new ReadOnlySpan<byte>(weights.Payload, PayloadBytes).SequenceEqual(Payload));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void ACopyHoldsEveryByteOfTheFile(int threads)
    {
        // More than two pieces of what one thread reads at a time, and no multiple of them.
        byte[] payload = new byte[(33 << 20) + 12345];
        new Random(7).NextBytes(payload);
        using var file = new TemporaryFile([.. WeightFileFormat.WriteHeader(Identity, payload.Length, WeightChecksumTests.Compute(payload)), .. payload]);
        using WeightFile weights = WeightFile.Load(file.Path, Identity, payload.Length, 0, verify: true, WeightMemory.Copied, threads);
        Assert.Equal(0, (nint)weights.Payload % 64);
        File.WriteAllBytes(file.Path, new byte[payload.Length]);
        Assert.True(new ReadOnlySpan<byte>(weights.Payload, payload.Length).SequenceEqual(payload));
        weights.Dispose();
        Assert.True(weights.Payload == null);
    }

    [SkippableTheory]
    [InlineData(1 << 20)]
    [InlineData((3 << 20) + 64)]
    [InlineData(4096)]
    public void TablesAtTheEndStayInTheFile(int coldBytes)
    {
        Skip.IfNot(HugePages.AreAvailable, "The system has no large pages for who asks, so that weights are mapped as a whole.");
        byte[] payload = new byte[(40 << 20) + 12345];
        new Random(7).NextBytes(payload);
        byte[] content = [.. WeightFileFormat.WriteHeader(Identity, payload.Length, WeightChecksumTests.Compute(payload)), .. payload];
        using var file = new TemporaryFile(content);
        using WeightFile weights = WeightFile.Load(file.Path, Identity, payload.Length, coldBytes, verify: true, WeightMemory.Automatic, threads: 2);
        Assert.Equal(0, (nint)weights.Payload % 64);
        Assert.True(new ReadOnlySpan<byte>(weights.Payload, payload.Length).SequenceEqual(payload));
        string[] mappings = MappingsOf(file.Path);
        string mapping = Assert.Single(mappings);
        string[] range = mapping.Split(' ')[0].Split('-');
        long begin = long.Parse(range[0], System.Globalization.NumberStyles.HexNumber, null);
        long tables = (long)(nint)weights.Payload + payload.Length - coldBytes;
        Assert.InRange(begin, tables, tables + Environment.SystemPageSize - 1);
        weights.DropColdPages();
        Assert.True(new ReadOnlySpan<byte>(weights.Payload, payload.Length).SequenceEqual(payload));
        weights.Dispose();
        Assert.Empty(MappingsOf(file.Path));

        content[^1] ^= 1;
        File.WriteAllBytes(file.Path, content);
        var exception = Assert.Throws<WeightFileException>(() => WeightFile.Load(file.Path, Identity, payload.Length, coldBytes, verify: true, WeightMemory.Automatic, threads: 2));
        Assert.Contains("checksum", exception.Message, StringComparison.Ordinal);
        Assert.Empty(MappingsOf(file.Path));
    }

    [Theory]
    [InlineData(WeightMemory.Automatic)]
    [InlineData(WeightMemory.Mapped)]
    [InlineData(WeightMemory.Copied)]
    public void ABadFileIsRefusedWhateverHoldsIt(WeightMemory memory)
    {
        byte[] good = Content();
        byte[] damaged = [.. good];
        damaged[^1] ^= 1;
        foreach ((byte[] content, string expected) in new[] { (damaged, "checksum"), (good[..100], "truncated"), ([.. good, 0], "bytes expected"), (good[..10], "truncated") })
        {
            using var file = new TemporaryFile(content);
            var exception = Assert.Throws<WeightFileException>(() => WeightFile.Load(file.Path, Identity, PayloadBytes, 0, null, memory, 2));
            Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        }

        string missing = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        Assert.Contains("missing", Assert.Throws<WeightFileException>(() => WeightFile.Load(missing, Identity, PayloadBytes, 0, null, memory, 2)).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void LargeBlocksLieInLargePages()
    {
        Skip.IfNot(HugePages.AreAvailable, "The system has no large pages for who asks.");
        const int bytes = 64 << 20;
        using var block = new NativeBlock(bytes);
        new Span<byte>(block.Pointer, bytes).Fill(1);

        // The block's part of the system's list of the process's memory; AnonHugePages says how much of it lies in large pages.
        long start = (long)(nint)block.Pointer;
        bool isInside = false;
        bool isAdvised = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            string[] range = line.Split(' ')[0].Split('-');
            if (range.Length == 2 && long.TryParse(range[0], System.Globalization.NumberStyles.HexNumber, null, out long begin) && long.TryParse(range[1], System.Globalization.NumberStyles.HexNumber, null, out long end))
            {
                isInside = begin <= start && start < end;
            }
            else if (isInside && line.StartsWith("VmFlags:", StringComparison.Ordinal))
            {
                isAdvised = line.Contains(" hg", StringComparison.Ordinal);
            }
        }

        Assert.True(isAdvised, "The system was not asked for large pages.");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(-1)]
    public void AnEmbeddedResourceIsUsedInPlaceWhereItIsAligned(int misalignment)
    {
        byte[] content = Content();
        using var memory = new Arena(content.Length + 64);
        byte* start = memory.Pointer + Math.Max(misalignment, 0);
        content.CopyTo(new Span<byte>(start, content.Length));
        Func<Stream> open = misalignment < 0 ? () => new MemoryStream(content) : () => new UnmanagedMemoryStream(start, content.Length);
        using WeightFile weights = WeightFile.FromResource("resource", open, Identity, PayloadBytes);
        Assert.Equal(0, (nint)weights.Payload % 64);
        Assert.Equal(misalignment == 0, weights.Payload == start + 64);
        Assert.True(new ReadOnlySpan<byte>(weights.Payload, PayloadBytes).SequenceEqual(Payload));
    }

    [Fact]
    public void ABadResourceIsNamed()
    {
        var missing = Assert.Throws<WeightFileException>(() => WeightFile.FromResource("Digits.weights", () => null, Identity, PayloadBytes));
        Assert.Contains("'Digits.weights'", missing.Message, StringComparison.Ordinal);
        Assert.Contains("missing", missing.Message, StringComparison.Ordinal);
        byte[] damaged = Content();
        damaged[^1] ^= 1;
        Assert.Throws<WeightFileException>(() => WeightFile.FromResource("r", () => new MemoryStream(damaged), Identity, PayloadBytes));
        Assert.Throws<WeightFileException>(() => WeightFile.FromResource("r", () => new MemoryStream(damaged[..40]), Identity, PayloadBytes));
        Assert.Throws<WeightFileException>(() => WeightFile.FromResource("r", () => new MemoryStream(), Identity, PayloadBytes));
    }

    private static byte[] Content() => [.. WeightFileFormat.WriteHeader(Identity, PayloadBytes, WeightChecksumTests.Compute(Payload)), .. Payload];

    private static void AssertRefused(byte[] content, string expected)
    {
        using var file = new TemporaryFile(content);
        var exception = Assert.Throws<WeightFileException>(() => WeightFile.Map(file.Path, Identity, PayloadBytes));
        Assert.Equal(file.Path, exception.WeightSource);
        Assert.Contains(file.Path, exception.Message, StringComparison.Ordinal);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    private static string[] MappingsOf(string path) => [.. File.ReadLines("/proc/self/maps").Where(line => line.EndsWith(path, StringComparison.Ordinal))];
}

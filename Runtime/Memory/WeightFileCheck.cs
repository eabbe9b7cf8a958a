namespace Cameo.Memory;

/// <summary>The checks a weight file must pass before anything reads its weights; every byte of the header is covered by one of them.</summary>
internal static unsafe class WeightFileCheck
{
    public static void Run(string source, byte* start, long length, ReadOnlySpan<byte> identity, long payloadBytes, bool? verify)
    {
        if (!BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException("Weight files are little-endian; this machine is not.");
        }

        long expectedLength = WeightFileFormat.HeaderBytes + payloadBytes;
        if (length < WeightFileFormat.HeaderBytes)
        {
            throw Truncated(source, expectedLength, length);
        }

        byte[] header = new ReadOnlySpan<byte>(start, WeightFileFormat.HeaderBytes).ToArray();
        CheckHeader(source, header, identity);
        CheckLength(source, header, length, expectedLength);
        if (verify ?? length < WeightFile.VerifyByDefaultBelowBytes)
        {
            CheckPayload(source, header, start + WeightFileFormat.HeaderBytes, payloadBytes);
        }
    }

    public static WeightFileException Truncated(string source, long expected, long actual) =>
        new(source, $"the file is truncated: {expected} bytes expected, {actual} found.");

    private static void CheckHeader(string source, byte[] header, ReadOnlySpan<byte> identity)
    {
        if (!WeightFileFormat.HasMagic(header))
        {
            throw new WeightFileException(
                source, $"not a weight file: it must begin with the bytes 43414D454F575453 (\"CAMEOWTS\"), found {Convert.ToHexString(header, 0, 8)}.");
        }

        uint version = WeightFileFormat.ReadVersion(header);
        if (version != WeightFileFormat.Version)
        {
            throw new WeightFileException(source, $"format version {WeightFileFormat.Version} expected, {version} found. Rebuild the project.");
        }

        uint headerBytes = WeightFileFormat.ReadHeaderBytes(header);
        if (headerBytes != WeightFileFormat.HeaderBytes)
        {
            throw new WeightFileException(source, $"the file is damaged: a header of {WeightFileFormat.HeaderBytes} bytes expected, {headerBytes} found.");
        }

        byte[] found = WeightFileFormat.ReadIdentity(header);
        if (!identity.SequenceEqual(found))
        {
            throw new WeightFileException(
                source,
                $"the file belongs to another compilation: identity {Convert.ToHexStringLower(identity)} expected, {Convert.ToHexStringLower(found)} found. "
                + "Rebuild the project and deploy the program with its own weight file.");
        }
    }

    private static void CheckLength(string source, byte[] header, long length, long expectedLength)
    {
        ulong stated = WeightFileFormat.ReadTotalBytes(header);
        if (stated != (ulong)expectedLength)
        {
            throw new WeightFileException(source, $"the file is damaged: its header must state {expectedLength} bytes, but states {stated}.");
        }

        if (length < expectedLength)
        {
            throw Truncated(source, expectedLength, length);
        }

        if (length > expectedLength)
        {
            throw new WeightFileException(source, $"the file is damaged: {expectedLength} bytes expected, {length} found.");
        }
    }

    private static void CheckPayload(string source, byte[] header, byte* payload, long payloadBytes)
    {
        var checksum = new WeightChecksum();
        checksum.Append(payload, payloadBytes);
        ulong actual = checksum.Finish();
        ulong expected = WeightFileFormat.ReadChecksum(header);
        if (actual != expected)
        {
            throw new WeightFileException(source, $"the file is damaged: checksum {expected:x16} expected, {actual:x16} computed.");
        }
    }
}

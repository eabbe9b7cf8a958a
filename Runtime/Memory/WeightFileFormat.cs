// One file for two assemblies: the runtime reads weight files, the compiler writes them. Two namespaces, because tests see both assemblies.
#if NETSTANDARD2_0
namespace Cameo.Generator.Memory;
#else
namespace Cameo.Memory;
#endif

/// <summary>
/// Layout of a weight file: a header of 64 bytes, then the payload. Numbers are little-endian.
/// <code>
/// offset  bytes
///      0      8  magic "CAMEOWTS"
///      8      4  format version, 1
///     12      4  header bytes, 64
///     16     32  identity of the compilation, a SHA-256
///     48      8  bytes of the whole file
///     56      8  checksum of the payload, XXH64 with seed 0
///     64      …  payload
/// </code>
/// </summary>
internal static class WeightFileFormat
{
    public const int HeaderBytes = 64;
    public const int Version = 1;
    public const int IdentityBytes = 32;

    private const int VersionOffset = 8;
    private const int HeaderBytesOffset = 12;
    private const int IdentityOffset = 16;
    private const int TotalBytesOffset = 48;
    private const int ChecksumOffset = 56;

    // "CAMEOWTS" as a little-endian number.
    private const ulong Magic = 0x5354574F_454D4143;

    /// <summary>The header of a file with this payload.</summary>
    /// <param name="identity">32 bytes.</param>
    /// <param name="payloadBytes">Length of the payload.</param>
    /// <param name="checksum">Its checksum (see <see cref="WeightChecksum"/>).</param>
    public static byte[] WriteHeader(byte[] identity, long payloadBytes, ulong checksum)
    {
        if (identity.Length != IdentityBytes)
        {
            throw new ArgumentException("The identity has " + identity.Length + " bytes instead of " + IdentityBytes + ".", nameof(identity));
        }

        var header = new byte[HeaderBytes];
        WriteNumber(header, 0, Magic, 8);
        WriteNumber(header, VersionOffset, Version, 4);
        WriteNumber(header, HeaderBytesOffset, HeaderBytes, 4);
        Array.Copy(identity, 0, header, IdentityOffset, IdentityBytes);
        WriteNumber(header, TotalBytesOffset, checked((ulong)(HeaderBytes + payloadBytes)), 8);
        WriteNumber(header, ChecksumOffset, checksum, 8);
        return header;
    }

    public static bool HasMagic(byte[] header) => ReadNumber(header, 0, 8) == Magic;

    public static uint ReadVersion(byte[] header) => (uint)ReadNumber(header, VersionOffset, 4);

    public static uint ReadHeaderBytes(byte[] header) => (uint)ReadNumber(header, HeaderBytesOffset, 4);

    public static byte[] ReadIdentity(byte[] header)
    {
        var identity = new byte[IdentityBytes];
        Array.Copy(header, IdentityOffset, identity, 0, IdentityBytes);
        return identity;
    }

    public static ulong ReadTotalBytes(byte[] header) => ReadNumber(header, TotalBytesOffset, 8);

    public static ulong ReadChecksum(byte[] header) => ReadNumber(header, ChecksumOffset, 8);

    private static void WriteNumber(byte[] target, int offset, ulong value, int bytes)
    {
        for (int index = 0; index < bytes; index++)
        {
            target[offset + index] = (byte)(value >> (8 * index));
        }
    }

    private static ulong ReadNumber(byte[] source, int offset, int bytes)
    {
        ulong value = 0;
        for (int index = 0; index < bytes; index++)
        {
            value |= (ulong)source[offset + index] << (8 * index);
        }

        return value;
    }
}

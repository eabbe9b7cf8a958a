using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Cameo.Sessions;

namespace Cameo.Kernels;

/// <summary>MurmurHash3 of 32 bits for x86, by Austin Appleby, of the bytes of elements: https://github.com/aappleby/smhasher/wiki/MurmurHash3.</summary>
public static unsafe class MurmurHash
{
    /// <summary>Hashes each element by itself.</summary>
    /// <param name="input">The elements.</param>
    /// <param name="count">Number of elements.</param>
    /// <param name="elementBytes">Bytes of one.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="output">The hashes.</param>
    public static void Elements(byte* input, long count, int elementBytes, uint seed, uint* output)
    {
        for (long index = 0; index < count; index++)
        {
            output[index] = Hash(new ReadOnlySpan<byte>(input + (index * elementBytes), elementBytes), seed);
        }
    }

    /// <summary>Hashes the UTF-8 of each string.</summary>
    /// <param name="texts">The session's texts.</param>
    /// <param name="input">Handles of the strings.</param>
    /// <param name="count">Number of strings.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="output">The hashes.</param>
    public static void Texts(SessionTexts texts, long* input, long count, uint seed, uint* output)
    {
        for (long index = 0; index < count; index++)
        {
            string text = texts[input[index]];
            byte[] bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
            output[index] = Hash(bytes.AsSpan(0, Encoding.UTF8.GetBytes(text, bytes)), seed);
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <summary>The hash of some bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="seed">The seed.</param>
    public static uint Hash(ReadOnlySpan<byte> bytes, uint seed)
    {
        uint hash = seed;
        int length = bytes.Length;
        for (; bytes.Length >= 4; bytes = bytes[4..])
        {
            hash = (BitOperations.RotateLeft(hash ^ Mix(BinaryPrimitives.ReadUInt32LittleEndian(bytes)), 13) * 5) + 0xE6546B64;
        }

        uint rest = 0;
        for (int index = bytes.Length - 1; index >= 0; index--)
        {
            rest = (rest << 8) | bytes[index];
        }

        hash ^= Mix(rest) ^ (uint)length;
        hash = (hash ^ (hash >> 16)) * 0x85EBCA6B;
        hash = (hash ^ (hash >> 13)) * 0xC2B2AE35;
        return hash ^ (hash >> 16);
    }

    private static uint Mix(uint block) => BitOperations.RotateLeft(block * 0xCC9E2D51, 15) * 0x1B873593;
}

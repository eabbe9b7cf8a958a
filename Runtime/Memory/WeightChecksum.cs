// One file for two assemblies; see WeightFileFormat.
#if NETSTANDARD2_0
namespace Cameo.Generator.Memory;
#else
namespace Cameo.Memory;
#endif

/// <summary>
/// XXH64 with seed 0, taken over bytes that come in pieces of any length. It keeps up with memory, and every change within
/// eight bytes changes it. It finds damage, not forgery.
/// </summary>
internal unsafe sealed class WeightChecksum
{
    private const ulong Prime1 = 0x9E3779B185EBCA87;
    private const ulong Prime2 = 0xC2B2AE3D27D4EB4F;
    private const ulong Prime3 = 0x165667B19E3779F9;
    private const ulong Prime4 = 0x85EBCA77C2B2AE63;
    private const ulong Prime5 = 0x27D4EB2F165667C5;
    private const int StripeBytes = 32;

    private readonly byte[] _pending = new byte[StripeBytes];
    private int _pendingBytes;
    private ulong _totalBytes;
    private ulong _lane0 = unchecked(Prime1 + Prime2);
    private ulong _lane1 = Prime2;
    private ulong _lane2;
    private ulong _lane3 = unchecked(0UL - Prime1);

    /// <summary>Takes in more bytes.</summary>
    public void Append(byte[] bytes, int offset, int count)
    {
        if (offset < 0 || count < 0 || offset > bytes.Length - count)
        {
            throw new ArgumentOutOfRangeException(nameof(count));
        }

        fixed (byte* pointer = bytes)
        {
            Append(pointer + offset, count);
        }
    }

    /// <summary>Takes in more bytes.</summary>
    public void Append(byte* bytes, long count)
    {
        _totalBytes += (ulong)count;
        while (_pendingBytes != 0 && count != 0)
        {
            Keep(*bytes++);
            count--;
        }

        long whole = count / StripeBytes * StripeBytes;
        AddStripes(bytes, whole);
        for (long index = whole; index < count; index++)
        {
            Keep(bytes[index]);
        }
    }

    /// <summary>The checksum of everything taken in so far.</summary>
    public ulong Finish()
    {
        unchecked
        {
            ulong hash = Prime5;
            if (_totalBytes >= StripeBytes)
            {
                hash = Rotate(_lane0, 1) + Rotate(_lane1, 7) + Rotate(_lane2, 12) + Rotate(_lane3, 18);
                hash = Merge(Merge(Merge(Merge(hash, _lane0), _lane1), _lane2), _lane3);
            }

            hash += _totalBytes;
            fixed (byte* pending = _pending)
            {
                hash = AddRest(hash, pending, _pendingBytes);
            }

            hash = (hash ^ (hash >> 33)) * Prime2;
            hash = (hash ^ (hash >> 29)) * Prime3;
            return hash ^ (hash >> 32);
        }
    }

    private static ulong AddRest(ulong hash, byte* rest, int count)
    {
        unchecked
        {
            for (; count >= 8; count -= 8, rest += 8)
            {
                hash = (Rotate(hash ^ Round(0, *(ulong*)rest), 27) * Prime1) + Prime4;
            }

            if (count >= 4)
            {
                hash = (Rotate(hash ^ (*(uint*)rest * Prime1), 23) * Prime2) + Prime3;
                count -= 4;
                rest += 4;
            }

            for (; count > 0; count--, rest++)
            {
                hash = Rotate(hash ^ (*rest * Prime5), 11) * Prime1;
            }

            return hash;
        }
    }

    private static ulong Round(ulong lane, ulong word) => unchecked(Rotate(lane + (word * Prime2), 31) * Prime1);

    private static ulong Merge(ulong hash, ulong lane) => unchecked(((hash ^ Round(0, lane)) * Prime1) + Prime4);

    private static ulong Rotate(ulong value, int bits) => (value << bits) | (value >> (64 - bits));

    private void Keep(byte value)
    {
        _pending[_pendingBytes++] = value;
        if (_pendingBytes == StripeBytes)
        {
            fixed (byte* pending = _pending)
            {
                AddStripes(pending, StripeBytes);
            }

            _pendingBytes = 0;
        }
    }

    private void AddStripes(byte* bytes, long count)
    {
        ulong lane0 = _lane0;
        ulong lane1 = _lane1;
        ulong lane2 = _lane2;
        ulong lane3 = _lane3;
        for (byte* end = bytes + count; bytes < end; bytes += StripeBytes)
        {
            ulong* words = (ulong*)bytes;
            lane0 = Round(lane0, words[0]);
            lane1 = Round(lane1, words[1]);
            lane2 = Round(lane2, words[2]);
            lane3 = Round(lane3, words[3]);
        }

        _lane0 = lane0;
        _lane1 = lane1;
        _lane2 = lane2;
        _lane3 = lane3;
    }
}

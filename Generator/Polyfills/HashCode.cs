using Microsoft.CodeAnalysis;

namespace System;

/// <summary>
/// Combines hash codes. The code of a string differs from process to process, so nothing the compiler writes may depend on a hash code or on the
/// order of a hash table.
/// </summary>
[Embedded]
internal struct HashCode
{
    // The 32-bit FNV offset basis and prime.
    private const int OffsetBasis = unchecked((int)2166136261);
    private const int Prime = 16777619;

    private int _hash;

    private bool _started;

    public static int Combine<T1, T2>(T1 first, T2 second) => Combine(first, second, 0, 0);

    public static int Combine<T1, T2, T3>(T1 first, T2 second, T3 third) => Combine(first, second, third, 0);

    public static int Combine<T1, T2, T3, T4>(T1 first, T2 second, T3 third, T4 fourth)
    {
        HashCode hash = default;
        hash.Add(first);
        hash.Add(second);
        hash.Add(third);
        hash.Add(fourth);
        return hash.ToHashCode();
    }

    public static int Combine<T1, T2, T3, T4, T5>(T1 first, T2 second, T3 third, T4 fourth, T5 fifth)
        => Combine(Combine(first, second, third, fourth), fifth);

    public static int Combine<T1, T2, T3, T4, T5, T6>(T1 first, T2 second, T3 third, T4 fourth, T5 fifth, T6 sixth)
        => Combine(Combine(first, second, third, fourth), fifth, sixth);

    public void Add<T>(T value) => Add(value, null);

    public void Add<T>(T value, System.Collections.Generic.IEqualityComparer<T>? comparer)
    {
        int code = value is null ? 0 : comparer?.GetHashCode(value) ?? value.GetHashCode();
        unchecked
        {
            int hash = _started ? _hash : OffsetBasis;
            hash = (hash ^ code) * Prime;
            _hash = hash ^ (hash >> 15);
        }

        _started = true;
    }

    public readonly int ToHashCode() => _started ? _hash : OffsetBasis;
}

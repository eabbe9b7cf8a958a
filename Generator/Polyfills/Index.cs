using Microsoft.CodeAnalysis;

namespace System;

/// <summary>A position counted from the start or from the end, as in <c>list[^1]</c>.</summary>
[Embedded]
internal readonly struct Index : IEquatable<Index>
{
    // An index from the end is stored as its bitwise complement, so that one integer holds both kinds.
    private readonly int _value;

    public Index(int value, bool fromEnd = false)
    {
        if (value < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(value), "An index is not negative.");
        }

        _value = fromEnd ? ~value : value;
    }

    public static Index Start => new(0);

    public static Index End => new(0, fromEnd: true);

    public int Value => _value < 0 ? ~_value : _value;

    public bool IsFromEnd => _value < 0;

    public static implicit operator Index(int value) => new(value);

    public int GetOffset(int length) => IsFromEnd ? length - Value : Value;

    public bool Equals(Index other) => _value == other._value;

    public override bool Equals(object? obj) => obj is Index other && Equals(other);

    public override int GetHashCode() => _value;
}

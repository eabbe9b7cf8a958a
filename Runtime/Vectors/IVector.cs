namespace Cameo.Vectors;

/// <summary>
/// A vector of float32 lanes. A kernel is written once over <typeparamref name="V"/> and instantiated for
/// <see cref="Vector512Float"/>, <see cref="Vector256Float"/>, <see cref="Vector128Float"/> and <see cref="ScalarFloat"/>.
/// </summary>
/// <remarks>
/// Every lane of every implementation gives the same bits for the same input (NaN payloads excepted), so a result does not
/// depend on where the full vectors of an array end and its tail begins. Masks are vectors whose lanes are all ones or all zeros.
/// </remarks>
/// <typeparam name="V">The implementing type.</typeparam>
public unsafe interface IVector<V>
    where V : struct, IVector<V>
{
    /// <summary>Number of lanes.</summary>
    static abstract int Count { get; }

    /// <summary>All lanes 0.</summary>
    static abstract V Zero { get; }

    /// <summary>All lanes 1.</summary>
    static abstract V One { get; }

    /// <summary>Lane i holds the value i.</summary>
    static abstract V LaneIndices { get; }

    /// <summary>Loads <see cref="Count"/> floats; any alignment.</summary>
    static abstract V Load(float* source);

    /// <summary>Loads the first <paramref name="count"/> lanes (0 … <see cref="Count"/>) and sets the others to 0; reads nothing beyond them.</summary>
    static abstract V LoadPartial(float* source, nint count);

    /// <summary>Stores <see cref="Count"/> floats; any alignment.</summary>
    static abstract void Store(V value, float* destination);

    /// <summary>Stores the first <paramref name="count"/> lanes (0 … <see cref="Count"/>); writes nothing beyond them.</summary>
    static abstract void StorePartial(V value, float* destination, nint count);

    /// <summary>All lanes <paramref name="value"/>.</summary>
    static abstract V Broadcast(float value);

    /// <summary>All lanes have the bits of <paramref name="bits"/>.</summary>
    static abstract V BroadcastBits(int bits);

    /// <summary>Sum of lanes.</summary>
    static abstract V operator +(V left, V right);

    /// <summary>Difference of lanes.</summary>
    static abstract V operator -(V left, V right);

    /// <summary>Product of lanes.</summary>
    static abstract V operator *(V left, V right);

    /// <summary>Quotient of lanes.</summary>
    static abstract V operator /(V left, V right);

    /// <summary>Flips the sign of each lane.</summary>
    static abstract V operator -(V value);

    /// <summary><c>a · b + c</c>, rounded once where <see cref="VectorWidth.HasFusedMultiplyAdd"/>, else twice.</summary>
    static abstract V MultiplyAdd(V a, V b, V c);

    /// <summary>Smaller lane; NaN if either is NaN.</summary>
    static abstract V Min(V left, V right);

    /// <summary>Larger lane; NaN if either is NaN.</summary>
    static abstract V Max(V left, V right);

    /// <summary>Clears the sign of each lane.</summary>
    static abstract V Abs(V value);

    /// <summary>Correctly rounded square root.</summary>
    static abstract V Sqrt(V value);

    /// <summary>Rounds towards negative infinity.</summary>
    static abstract V Floor(V value);

    /// <summary>Rounds towards positive infinity.</summary>
    static abstract V Ceiling(V value);

    /// <summary>Rounds to the nearest integer, ties to even.</summary>
    static abstract V Round(V value);

    /// <summary>Rounds towards zero.</summary>
    static abstract V Truncate(V value);

    /// <summary>Mask of lanes where <paramref name="left"/> = <paramref name="right"/>.</summary>
    static abstract V Equal(V left, V right);

    /// <summary>Mask of lanes where <paramref name="left"/> ≠ <paramref name="right"/> (true for NaN).</summary>
    static abstract V NotEqual(V left, V right);

    /// <summary>Mask of lanes where <paramref name="left"/> &lt; <paramref name="right"/>.</summary>
    static abstract V LessThan(V left, V right);

    /// <summary>Mask of lanes where <paramref name="left"/> ≤ <paramref name="right"/>.</summary>
    static abstract V LessThanOrEqual(V left, V right);

    /// <summary>Mask of lanes where <paramref name="left"/> &gt; <paramref name="right"/>.</summary>
    static abstract V GreaterThan(V left, V right);

    /// <summary>Mask of lanes where <paramref name="left"/> ≥ <paramref name="right"/>.</summary>
    static abstract V GreaterThanOrEqual(V left, V right);

    /// <summary><paramref name="whenTrue"/> where the mask is set, else <paramref name="whenFalse"/>; bit by bit.</summary>
    static abstract V Select(V mask, V whenTrue, V whenFalse);

    /// <summary>Bitwise and.</summary>
    static abstract V And(V left, V right);

    /// <summary>Bitwise or.</summary>
    static abstract V Or(V left, V right);

    /// <summary>Bitwise exclusive or.</summary>
    static abstract V Xor(V left, V right);

    /// <summary><paramref name="left"/> with the bits of <paramref name="right"/> cleared.</summary>
    static abstract V AndNot(V left, V right);

    /// <summary>Bitwise complement.</summary>
    static abstract V Not(V value);

    /// <summary>Whether a mask has a lane set.</summary>
    static abstract bool Any(V mask);

    /// <summary>Whether a mask has every lane set.</summary>
    static abstract bool All(V mask);

    /// <summary>Sum of the lanes seen as int32, wrapping.</summary>
    static abstract V AddBits(V left, V right);

    /// <summary>Difference of the lanes seen as int32, wrapping.</summary>
    static abstract V SubtractBits(V left, V right);

    /// <summary>Shifts the lanes seen as int32 to the left.</summary>
    static abstract V ShiftLeft(V value, int count);

    /// <summary>Shifts the lanes seen as int32 to the right, copying the sign.</summary>
    static abstract V ShiftRightArithmetic(V value, int count);

    /// <summary>Shifts the lanes seen as int32 to the right, filling with zeros.</summary>
    static abstract V ShiftRightLogical(V value, int count);

    /// <summary>Truncates to int32 and returns the integers as the lanes' bits; saturates, NaN gives 0.</summary>
    static abstract V ConvertToInt32(V value);

    /// <summary>Converts lanes whose bits are int32 values to float.</summary>
    static abstract V ConvertFromInt32(V bits);

    /// <summary>Sum of all lanes; upper half is added to lower half until one lane is left.</summary>
    static abstract float ReduceAdd(V value);

    /// <summary>Largest lane; NaN if a lane is NaN.</summary>
    static abstract float ReduceMax(V value);

    /// <summary>Smallest lane; NaN if a lane is NaN.</summary>
    static abstract float ReduceMin(V value);
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.Arm;

namespace Cameo.Vectors;

/// <summary>A vector of one lane: the tail of every loop, and all of it where the machine has no vectors.</summary>
/// <remarks>Gives the same bits as one lane of the current vector width.</remarks>
public readonly unsafe struct ScalarFloat : IVector<ScalarFloat>
{
    /// <summary>Wraps <paramref name="value"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ScalarFloat(float value) => Value = value;

    /// <summary>The lane.</summary>
    public float Value { get; }

    /// <inheritdoc/>
    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1;
    }

    /// <inheritdoc/>
    public static ScalarFloat Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => default;
    }

    /// <inheritdoc/>
    public static ScalarFloat One
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(1);
    }

    /// <inheritdoc/>
    public static ScalarFloat LaneIndices
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => default;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat Load(float* source) => new(*source);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat LoadPartial(float* source, nint count) => count > 0 ? new(*source) : default;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ScalarFloat value, float* destination) => *destination = value.Value;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(ScalarFloat value, float* destination, nint count)
    {
        if (count > 0)
        {
            *destination = value.Value;
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat Broadcast(float value) => new(value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat BroadcastBits(int bits) => FromBits(bits);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat operator +(ScalarFloat left, ScalarFloat right) => new(left.Value + right.Value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat operator -(ScalarFloat left, ScalarFloat right) => new(left.Value - right.Value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat operator *(ScalarFloat left, ScalarFloat right) => new(left.Value * right.Value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat operator /(ScalarFloat left, ScalarFloat right) => new(left.Value / right.Value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat operator -(ScalarFloat value) => new(-value.Value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat MultiplyAdd(ScalarFloat a, ScalarFloat b, ScalarFloat c) => VectorWidth.HasFusedMultiplyAdd
        ? new(MathF.FusedMultiplyAdd(a.Value, b.Value, c.Value))
        : new((a.Value * b.Value) + c.Value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat Min(ScalarFloat left, ScalarFloat right)
    {
        if (AdvSimd.IsSupported)
        {
            return new(MathF.Min(left.Value, right.Value));
        }

        // As the vectors do it: the second operand unless the comparison holds or the first is NaN.
        return left.Value < right.Value || float.IsNaN(left.Value) ? left : right;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat Max(ScalarFloat left, ScalarFloat right)
    {
        if (AdvSimd.IsSupported)
        {
            return new(MathF.Max(left.Value, right.Value));
        }

        // As the vectors do it: the second operand unless the comparison holds or the first is NaN.
        return left.Value > right.Value || float.IsNaN(left.Value) ? left : right;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat Abs(ScalarFloat value) => new(MathF.Abs(value.Value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat Sqrt(ScalarFloat value) => new(MathF.Sqrt(value.Value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat Floor(ScalarFloat value) => new(MathF.Floor(value.Value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat Ceiling(ScalarFloat value) => new(MathF.Ceiling(value.Value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat Round(ScalarFloat value) => new(MathF.Round(value.Value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat Truncate(ScalarFloat value) => new(MathF.Truncate(value.Value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat Equal(ScalarFloat left, ScalarFloat right) => Mask(left.Value == right.Value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat NotEqual(ScalarFloat left, ScalarFloat right) => Mask(left.Value != right.Value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat LessThan(ScalarFloat left, ScalarFloat right) => Mask(left.Value < right.Value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat LessThanOrEqual(ScalarFloat left, ScalarFloat right) => Mask(left.Value <= right.Value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat GreaterThan(ScalarFloat left, ScalarFloat right) => Mask(left.Value > right.Value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat GreaterThanOrEqual(ScalarFloat left, ScalarFloat right) => Mask(left.Value >= right.Value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat Select(ScalarFloat mask, ScalarFloat whenTrue, ScalarFloat whenFalse) => FromBits((mask.Bits & whenTrue.Bits) | (~mask.Bits & whenFalse.Bits));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat And(ScalarFloat left, ScalarFloat right) => FromBits(left.Bits & right.Bits);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat Or(ScalarFloat left, ScalarFloat right) => FromBits(left.Bits | right.Bits);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat Xor(ScalarFloat left, ScalarFloat right) => FromBits(left.Bits ^ right.Bits);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat AndNot(ScalarFloat left, ScalarFloat right) => FromBits(left.Bits & ~right.Bits);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat Not(ScalarFloat value) => FromBits(~value.Bits);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Any(ScalarFloat mask) => mask.Bits < 0;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool All(ScalarFloat mask) => mask.Bits < 0;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat AddBits(ScalarFloat left, ScalarFloat right) => FromBits(left.Bits + right.Bits);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat SubtractBits(ScalarFloat left, ScalarFloat right) => FromBits(left.Bits - right.Bits);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat ShiftLeft(ScalarFloat value, int count) => FromBits(value.Bits << count);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat ShiftRightArithmetic(ScalarFloat value, int count) => FromBits(value.Bits >> count);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat ShiftRightLogical(ScalarFloat value, int count) => FromBits(value.Bits >>> count);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat ConvertToInt32(ScalarFloat value) => FromBits((int)value.Value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarFloat ConvertFromInt32(ScalarFloat bits) => new(bits.Bits);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ReduceAdd(ScalarFloat value) => value.Value;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ReduceMax(ScalarFloat value) => value.Value;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ReduceMin(ScalarFloat value) => value.Value;

    private int Bits
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => BitConverter.SingleToInt32Bits(Value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ScalarFloat FromBits(int bits) => new(BitConverter.Int32BitsToSingle(bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ScalarFloat Mask(bool condition) => FromBits(condition ? -1 : 0);
}

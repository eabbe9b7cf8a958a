using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Cameo.Vectors;

/// <summary>Eight float32 lanes in 256 bits (AVX2).</summary>
public readonly unsafe struct Vector256Float : IVector<Vector256Float>
{
    private readonly Vector256<float> _lanes;

    /// <summary>Wraps <paramref name="lanes"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256Float(Vector256<float> lanes) => _lanes = lanes;

    /// <summary>The lanes as a platform vector, for kernels that need its instructions.</summary>
    public Vector256<float> Lanes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _lanes;
    }

    /// <inheritdoc/>
    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 8;
    }

    /// <inheritdoc/>
    public static Vector256Float Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector256<float>.Zero);
    }

    /// <inheritdoc/>
    public static Vector256Float One
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector256<float>.One);
    }

    /// <inheritdoc/>
    public static Vector256Float LaneIndices
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector256<float>.Indices);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float Load(float* source) => new(Vector256.Load(source));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float LoadPartial(float* source, nint count) => PartialVector.Load<Vector256Float>(source, count);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256Float value, float* destination) => value._lanes.Store(destination);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(Vector256Float value, float* destination, nint count) => PartialVector.Store(value, destination, count);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float Broadcast(float value) => new(Vector256.Create(value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float BroadcastBits(int bits) => new(Vector256.Create(bits).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float operator +(Vector256Float left, Vector256Float right) => new(left._lanes + right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float operator -(Vector256Float left, Vector256Float right) => new(left._lanes - right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float operator *(Vector256Float left, Vector256Float right) => new(left._lanes * right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float operator /(Vector256Float left, Vector256Float right) => new(left._lanes / right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float operator -(Vector256Float value) => new(-value._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float MultiplyAdd(Vector256Float a, Vector256Float b, Vector256Float c) => VectorWidth.HasFusedMultiplyAdd
        ? new(Vector256.FusedMultiplyAdd(a._lanes, b._lanes, c._lanes))
        : new((a._lanes * b._lanes) + c._lanes);

    /// <inheritdoc/>
    /// <remarks>The native instruction returns its second operand when either is NaN; only a NaN on the left needs help.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float Min(Vector256Float left, Vector256Float right) =>
        new(Vector256.ConditionalSelect(Vector256.Equals(left._lanes, left._lanes), Vector256.MinNative(left._lanes, right._lanes), left._lanes));

    /// <inheritdoc/>
    /// <remarks>The native instruction returns its second operand when either is NaN; only a NaN on the left needs help.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float Max(Vector256Float left, Vector256Float right) =>
        new(Vector256.ConditionalSelect(Vector256.Equals(left._lanes, left._lanes), Vector256.MaxNative(left._lanes, right._lanes), left._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float Abs(Vector256Float value) => new(Vector256.Abs(value._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float Sqrt(Vector256Float value) => new(Vector256.Sqrt(value._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float Floor(Vector256Float value) => new(Vector256.Floor(value._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float Ceiling(Vector256Float value) => new(Vector256.Ceiling(value._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float Round(Vector256Float value) => new(Vector256.Round(value._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float Truncate(Vector256Float value) => new(Vector256.Truncate(value._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float Equal(Vector256Float left, Vector256Float right) => new(Vector256.Equals(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float NotEqual(Vector256Float left, Vector256Float right) => new(~Vector256.Equals(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float LessThan(Vector256Float left, Vector256Float right) => new(Vector256.LessThan(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float LessThanOrEqual(Vector256Float left, Vector256Float right) => new(Vector256.LessThanOrEqual(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float GreaterThan(Vector256Float left, Vector256Float right) => new(Vector256.GreaterThan(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float GreaterThanOrEqual(Vector256Float left, Vector256Float right) => new(Vector256.GreaterThanOrEqual(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float Select(Vector256Float mask, Vector256Float whenTrue, Vector256Float whenFalse) => new(Vector256.ConditionalSelect(mask._lanes, whenTrue._lanes, whenFalse._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float And(Vector256Float left, Vector256Float right) => new(left._lanes & right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float Or(Vector256Float left, Vector256Float right) => new(left._lanes | right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float Xor(Vector256Float left, Vector256Float right) => new(left._lanes ^ right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float AndNot(Vector256Float left, Vector256Float right) => new(Vector256.AndNot(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float Not(Vector256Float value) => new(~value._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Any(Vector256Float mask) => mask._lanes.ExtractMostSignificantBits() != 0;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool All(Vector256Float mask) => mask._lanes.ExtractMostSignificantBits() == 0xFF;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float AddBits(Vector256Float left, Vector256Float right) => new((left._lanes.AsInt32() + right._lanes.AsInt32()).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float SubtractBits(Vector256Float left, Vector256Float right) => new((left._lanes.AsInt32() - right._lanes.AsInt32()).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float ShiftLeft(Vector256Float value, int count) => new(Vector256.ShiftLeft(value._lanes.AsInt32(), count).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float ShiftRightArithmetic(Vector256Float value, int count) => new(Vector256.ShiftRightArithmetic(value._lanes.AsInt32(), count).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float ShiftRightLogical(Vector256Float value, int count) => new(Vector256.ShiftRightLogical(value._lanes.AsInt32(), count).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float ConvertToInt32(Vector256Float value) => new(Vector256.ConvertToInt32(value._lanes).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256Float ConvertFromInt32(Vector256Float bits) => new(Vector256.ConvertToSingle(bits._lanes.AsInt32()));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ReduceAdd(Vector256Float value) => Vector128Float.ReduceAdd(new(value._lanes.GetLower() + value._lanes.GetUpper()));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ReduceMax(Vector256Float value) => Vector128Float.ReduceMax(Vector128Float.Max(new(value._lanes.GetLower()), new(value._lanes.GetUpper())));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ReduceMin(Vector256Float value) => Vector128Float.ReduceMin(Vector128Float.Min(new(value._lanes.GetLower()), new(value._lanes.GetUpper())));
}

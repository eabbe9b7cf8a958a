using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Cameo.Vectors;

/// <summary>Sixteen float32 lanes in 512 bits (AVX-512).</summary>
public readonly unsafe struct Vector512Float : IVector<Vector512Float>
{
    private readonly Vector512<float> _lanes;

    /// <summary>Wraps <paramref name="lanes"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512Float(Vector512<float> lanes) => _lanes = lanes;

    /// <summary>The lanes as a platform vector, for kernels that need its instructions.</summary>
    public Vector512<float> Lanes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _lanes;
    }

    /// <inheritdoc/>
    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 16;
    }

    /// <inheritdoc/>
    public static Vector512Float Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector512<float>.Zero);
    }

    /// <inheritdoc/>
    public static Vector512Float One
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector512<float>.One);
    }

    /// <inheritdoc/>
    public static Vector512Float LaneIndices
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector512<float>.Indices);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float Load(float* source) => new(Vector512.Load(source));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float LoadPartial(float* source, nint count) => PartialVector.Load<Vector512Float>(source, count);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512Float value, float* destination) => value._lanes.Store(destination);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(Vector512Float value, float* destination, nint count) => PartialVector.Store(value, destination, count);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float Broadcast(float value) => new(Vector512.Create(value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float BroadcastBits(int bits) => new(Vector512.Create(bits).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float operator +(Vector512Float left, Vector512Float right) => new(left._lanes + right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float operator -(Vector512Float left, Vector512Float right) => new(left._lanes - right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float operator *(Vector512Float left, Vector512Float right) => new(left._lanes * right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float operator /(Vector512Float left, Vector512Float right) => new(left._lanes / right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float operator -(Vector512Float value) => new(-value._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float MultiplyAdd(Vector512Float a, Vector512Float b, Vector512Float c) => VectorWidth.HasFusedMultiplyAdd
        ? new(Vector512.FusedMultiplyAdd(a._lanes, b._lanes, c._lanes))
        : new((a._lanes * b._lanes) + c._lanes);

    /// <inheritdoc/>
    /// <remarks>The native instruction returns its second operand when either is NaN; only a NaN on the left needs help.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float Min(Vector512Float left, Vector512Float right) =>
        new(Vector512.ConditionalSelect(Vector512.Equals(left._lanes, left._lanes), Vector512.MinNative(left._lanes, right._lanes), left._lanes));

    /// <inheritdoc/>
    /// <remarks>The native instruction returns its second operand when either is NaN; only a NaN on the left needs help.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float Max(Vector512Float left, Vector512Float right) =>
        new(Vector512.ConditionalSelect(Vector512.Equals(left._lanes, left._lanes), Vector512.MaxNative(left._lanes, right._lanes), left._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float Abs(Vector512Float value) => new(Vector512.Abs(value._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float Sqrt(Vector512Float value) => new(Vector512.Sqrt(value._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float Floor(Vector512Float value) => new(Vector512.Floor(value._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float Ceiling(Vector512Float value) => new(Vector512.Ceiling(value._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float Round(Vector512Float value) => new(Vector512.Round(value._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float Truncate(Vector512Float value) => new(Vector512.Truncate(value._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float Equal(Vector512Float left, Vector512Float right) => new(Vector512.Equals(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float NotEqual(Vector512Float left, Vector512Float right) => new(~Vector512.Equals(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float LessThan(Vector512Float left, Vector512Float right) => new(Vector512.LessThan(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float LessThanOrEqual(Vector512Float left, Vector512Float right) => new(Vector512.LessThanOrEqual(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float GreaterThan(Vector512Float left, Vector512Float right) => new(Vector512.GreaterThan(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float GreaterThanOrEqual(Vector512Float left, Vector512Float right) => new(Vector512.GreaterThanOrEqual(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float Select(Vector512Float mask, Vector512Float whenTrue, Vector512Float whenFalse) => new(Vector512.ConditionalSelect(mask._lanes, whenTrue._lanes, whenFalse._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float And(Vector512Float left, Vector512Float right) => new(left._lanes & right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float Or(Vector512Float left, Vector512Float right) => new(left._lanes | right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float Xor(Vector512Float left, Vector512Float right) => new(left._lanes ^ right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float AndNot(Vector512Float left, Vector512Float right) => new(Vector512.AndNot(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float Not(Vector512Float value) => new(~value._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Any(Vector512Float mask) => mask._lanes.ExtractMostSignificantBits() != 0;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool All(Vector512Float mask) => mask._lanes.ExtractMostSignificantBits() == 0xFFFF;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float AddBits(Vector512Float left, Vector512Float right) => new((left._lanes.AsInt32() + right._lanes.AsInt32()).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float SubtractBits(Vector512Float left, Vector512Float right) => new((left._lanes.AsInt32() - right._lanes.AsInt32()).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float ShiftLeft(Vector512Float value, int count) => new(Vector512.ShiftLeft(value._lanes.AsInt32(), count).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float ShiftRightArithmetic(Vector512Float value, int count) => new(Vector512.ShiftRightArithmetic(value._lanes.AsInt32(), count).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float ShiftRightLogical(Vector512Float value, int count) => new(Vector512.ShiftRightLogical(value._lanes.AsInt32(), count).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float ConvertToInt32(Vector512Float value) => new(Vector512.ConvertToInt32(value._lanes).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Float ConvertFromInt32(Vector512Float bits) => new(Vector512.ConvertToSingle(bits._lanes.AsInt32()));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ReduceAdd(Vector512Float value) => Vector256Float.ReduceAdd(new(value._lanes.GetLower() + value._lanes.GetUpper()));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ReduceMax(Vector512Float value) => Vector256Float.ReduceMax(Vector256Float.Max(new(value._lanes.GetLower()), new(value._lanes.GetUpper())));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ReduceMin(Vector512Float value) => Vector256Float.ReduceMin(Vector256Float.Min(new(value._lanes.GetLower()), new(value._lanes.GetUpper())));
}

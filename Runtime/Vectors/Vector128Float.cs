using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Cameo.Vectors;

/// <summary>Four float32 lanes in 128 bits (SSE4.2, NEON).</summary>
public readonly unsafe struct Vector128Float : IVector<Vector128Float>
{
    private readonly Vector128<float> _lanes;

    /// <summary>Wraps <paramref name="lanes"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector128Float(Vector128<float> lanes) => _lanes = lanes;

    /// <summary>The lanes as a platform vector, for kernels that need its instructions.</summary>
    public Vector128<float> Lanes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _lanes;
    }

    /// <inheritdoc/>
    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 4;
    }

    /// <inheritdoc/>
    public static Vector128Float Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector128<float>.Zero);
    }

    /// <inheritdoc/>
    public static Vector128Float One
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector128<float>.One);
    }

    /// <inheritdoc/>
    public static Vector128Float LaneIndices
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector128<float>.Indices);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float Load(float* source) => new(Vector128.Load(source));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float LoadPartial(float* source, nint count) => PartialVector.Load<Vector128Float>(source, count);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128Float value, float* destination) => value._lanes.Store(destination);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(Vector128Float value, float* destination, nint count) => PartialVector.Store(value, destination, count);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float Broadcast(float value) => new(Vector128.Create(value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float BroadcastBits(int bits) => new(Vector128.Create(bits).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float operator +(Vector128Float left, Vector128Float right) => new(left._lanes + right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float operator -(Vector128Float left, Vector128Float right) => new(left._lanes - right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float operator *(Vector128Float left, Vector128Float right) => new(left._lanes * right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float operator /(Vector128Float left, Vector128Float right) => new(left._lanes / right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float operator -(Vector128Float value) => new(-value._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float MultiplyAdd(Vector128Float a, Vector128Float b, Vector128Float c) => VectorWidth.HasFusedMultiplyAdd
        ? new(Vector128.FusedMultiplyAdd(a._lanes, b._lanes, c._lanes))
        : new((a._lanes * b._lanes) + c._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float Min(Vector128Float left, Vector128Float right)
    {
        if (AdvSimd.IsSupported)
        {
            return new(Vector128.Min(left._lanes, right._lanes));
        }

        // The native x86 instruction returns its second operand when either is NaN; only a NaN on the left needs help.
        return new(Vector128.ConditionalSelect(Vector128.Equals(left._lanes, left._lanes), Vector128.MinNative(left._lanes, right._lanes), left._lanes));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float Max(Vector128Float left, Vector128Float right)
    {
        if (AdvSimd.IsSupported)
        {
            return new(Vector128.Max(left._lanes, right._lanes));
        }

        // The native x86 instruction returns its second operand when either is NaN; only a NaN on the left needs help.
        return new(Vector128.ConditionalSelect(Vector128.Equals(left._lanes, left._lanes), Vector128.MaxNative(left._lanes, right._lanes), left._lanes));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float Abs(Vector128Float value) => new(Vector128.Abs(value._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float Sqrt(Vector128Float value) => new(Vector128.Sqrt(value._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float Floor(Vector128Float value) => new(Vector128.Floor(value._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float Ceiling(Vector128Float value) => new(Vector128.Ceiling(value._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float Round(Vector128Float value) => new(Vector128.Round(value._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float Truncate(Vector128Float value) => new(Vector128.Truncate(value._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float Equal(Vector128Float left, Vector128Float right) => new(Vector128.Equals(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float NotEqual(Vector128Float left, Vector128Float right) => new(~Vector128.Equals(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float LessThan(Vector128Float left, Vector128Float right) => new(Vector128.LessThan(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float LessThanOrEqual(Vector128Float left, Vector128Float right) => new(Vector128.LessThanOrEqual(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float GreaterThan(Vector128Float left, Vector128Float right) => new(Vector128.GreaterThan(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float GreaterThanOrEqual(Vector128Float left, Vector128Float right) => new(Vector128.GreaterThanOrEqual(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float Select(Vector128Float mask, Vector128Float whenTrue, Vector128Float whenFalse) => new(Vector128.ConditionalSelect(mask._lanes, whenTrue._lanes, whenFalse._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float And(Vector128Float left, Vector128Float right) => new(left._lanes & right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float Or(Vector128Float left, Vector128Float right) => new(left._lanes | right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float Xor(Vector128Float left, Vector128Float right) => new(left._lanes ^ right._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float AndNot(Vector128Float left, Vector128Float right) => new(Vector128.AndNot(left._lanes, right._lanes));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float Not(Vector128Float value) => new(~value._lanes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Any(Vector128Float mask) => mask._lanes.ExtractMostSignificantBits() != 0;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool All(Vector128Float mask) => mask._lanes.ExtractMostSignificantBits() == 0xF;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float AddBits(Vector128Float left, Vector128Float right) => new((left._lanes.AsInt32() + right._lanes.AsInt32()).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float SubtractBits(Vector128Float left, Vector128Float right) => new((left._lanes.AsInt32() - right._lanes.AsInt32()).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float ShiftLeft(Vector128Float value, int count) => new(Vector128.ShiftLeft(value._lanes.AsInt32(), count).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float ShiftRightArithmetic(Vector128Float value, int count) => new(Vector128.ShiftRightArithmetic(value._lanes.AsInt32(), count).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float ShiftRightLogical(Vector128Float value, int count) => new(Vector128.ShiftRightLogical(value._lanes.AsInt32(), count).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float ConvertToInt32(Vector128Float value) => new(Vector128.ConvertToInt32(value._lanes).AsSingle());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128Float ConvertFromInt32(Vector128Float bits) => new(Vector128.ConvertToSingle(bits._lanes.AsInt32()));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ReduceAdd(Vector128Float value)
    {
        Vector128<float> halves = value._lanes + Vector128.Shuffle(value._lanes, Vector128.Create(2, 3, 0, 1));
        return halves.GetElement(0) + halves.GetElement(1);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ReduceMax(Vector128Float value)
    {
        Vector128Float halves = Max(value, new(Vector128.Shuffle(value._lanes, Vector128.Create(2, 3, 0, 1))));
        return ScalarFloat.Max(new(halves._lanes.GetElement(0)), new(halves._lanes.GetElement(1))).Value;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ReduceMin(Vector128Float value)
    {
        Vector128Float halves = Min(value, new(Vector128.Shuffle(value._lanes, Vector128.Create(2, 3, 0, 1))));
        return ScalarFloat.Min(new(halves._lanes.GetElement(0)), new(halves._lanes.GetElement(1))).Value;
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Cameo.Vectors;

/// <summary>Loads and stores of element types other than float32 as float32 lanes, so that loops over them are vector code as well.</summary>
public static unsafe class NarrowLanes
{
    /// <summary>Loads as many elements as <typeparamref name="V"/> has lanes, converted to float32; any alignment.</summary>
    /// <typeparam name="V">Vector type; <see cref="ScalarFloat"/> for a tail.</typeparam>
    /// <typeparam name="T">byte, sbyte, short, ushort, int, <see cref="Half"/>, <see cref="BFloat16"/> or float.</typeparam>
    /// <param name="source">First element.</param>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is another type.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<V, T>(T* source)
        where V : struct, IVector<V>
        where T : unmanaged =>
        typeof(T) == typeof(float) ? V.Load((float*)source)
        : typeof(T) == typeof(Half) ? HalfPrecision.FromLowHalf(LoadIntegers<V, ushort>((ushort*)source))
        : typeof(T) == typeof(BFloat16) ? V.ShiftLeft(LoadIntegers<V, ushort>((ushort*)source), 16)
        : V.ConvertFromInt32(LoadIntegers<V, T>(source));

    /// <summary>
    /// Stores as many elements as <typeparamref name="V"/> has lanes; any alignment. For integers the lanes hold whole numbers: those outside the type's range become its limits,
    /// NaN becomes 0. For 16-bit floating point they are rounded to the nearest, ties to even.
    /// </summary>
    /// <typeparam name="V">Vector type; <see cref="ScalarFloat"/> for a tail.</typeparam>
    /// <typeparam name="T">byte, sbyte, short, ushort, int, <see cref="Half"/>, <see cref="BFloat16"/> or float.</typeparam>
    /// <param name="value">Lanes to store.</param>
    /// <param name="destination">First element.</param>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is another type.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<V, T>(V value, T* destination)
        where V : struct, IVector<V>
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
        {
            V.Store(value, (float*)destination);
        }
        else if (typeof(T) == typeof(Half))
        {
            StoreLowHalves(HalfPrecision.ToHalfBits(value), (ushort*)destination);
        }
        else if (typeof(T) == typeof(BFloat16))
        {
            StoreLowHalves(HalfPrecision.ToBFloat16Bits(value), (ushort*)destination);
        }
        else
        {
            StoreIntegers(V.ConvertToInt32(value), destination);
        }
    }

    /// <summary>Rounds lanes to the nearest number that <typeparamref name="T"/> holds, ties to even; they stay float32.</summary>
    /// <typeparam name="V">Vector type.</typeparam>
    /// <typeparam name="T"><see cref="Half"/>, <see cref="BFloat16"/> or float.</typeparam>
    /// <param name="value">Lanes to round.</param>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is another type.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Round<V, T>(V value)
        where V : struct, IVector<V>
        where T : unmanaged =>
        typeof(T) == typeof(float) ? value
        : typeof(T) == typeof(Half) ? HalfPrecision.FromLowHalf(HalfPrecision.ToHalfBits(value))
        : typeof(T) == typeof(BFloat16) ? V.ShiftLeft(HalfPrecision.ToBFloat16Bits(value), 16)
        : throw Unsupported<T>();

    /// <summary>Loads integers, widened to int32, as the lanes' bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V LoadIntegers<V, T>(T* source)
        where V : struct, IVector<V>
        where T : unmanaged =>
        typeof(T) == typeof(int) ? V.Load((float*)source)
        : typeof(V) == typeof(Vector512Float) ? LaneBits.From<V>(Load512(source))
        : typeof(V) == typeof(Vector256Float) ? LaneBits.From<V>(Load256(source))
        : typeof(V) == typeof(Vector128Float) ? LaneBits.From<V>(Load128(source))
        : LaneBits.From<V>(LoadScalar(source));

    /// <summary>Stores lanes whose bits are int32 values, saturated to the range of <typeparamref name="T"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void StoreIntegers<V, T>(V bits, T* destination)
        where V : struct, IVector<V>
        where T : unmanaged
    {
        if (typeof(T) == typeof(int))
        {
            V.Store(bits, (float*)destination);
            return;
        }

        (int low, int high) = Range<T>();
        if (typeof(V) == typeof(Vector512Float))
        {
            Store512(Vector512.Min(Vector512.Max(LaneBits.To512(bits), Vector512.Create(low)), Vector512.Create(high)), (byte*)destination, sizeof(T));
        }
        else if (typeof(V) == typeof(Vector256Float))
        {
            Store256(Vector256.Min(Vector256.Max(LaneBits.To256(bits), Vector256.Create(low)), Vector256.Create(high)), (byte*)destination, sizeof(T));
        }
        else if (typeof(V) == typeof(Vector128Float))
        {
            Store128(Vector128.Min(Vector128.Max(LaneBits.To128(bits), Vector128.Create(low)), Vector128.Create(high)), (byte*)destination, sizeof(T));
        }
        else
        {
            StoreScalar(Math.Clamp(LaneBits.ToScalar(bits), low, high), (byte*)destination, sizeof(T));
        }
    }

    /// <summary>Stores the low 16 bits of each lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreLowHalves<V>(V bits, ushort* destination)
        where V : struct, IVector<V>
    {
        if (typeof(V) == typeof(Vector512Float))
        {
            Store512(LaneBits.To512(bits), (byte*)destination, sizeof(ushort));
        }
        else if (typeof(V) == typeof(Vector256Float))
        {
            Store256(LaneBits.To256(bits), (byte*)destination, sizeof(ushort));
        }
        else if (typeof(V) == typeof(Vector128Float))
        {
            Store128(LaneBits.To128(bits), (byte*)destination, sizeof(ushort));
        }
        else
        {
            StoreScalar(LaneBits.ToScalar(bits), (byte*)destination, sizeof(ushort));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (int Low, int High) Range<T>() =>
        typeof(T) == typeof(byte) ? (byte.MinValue, byte.MaxValue)
        : typeof(T) == typeof(sbyte) ? (sbyte.MinValue, sbyte.MaxValue)
        : typeof(T) == typeof(ushort) ? (ushort.MinValue, ushort.MaxValue)
        : typeof(T) == typeof(short) ? (short.MinValue, short.MaxValue)
        : throw Unsupported<T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Load512<T>(T* source)
        where T : unmanaged =>
        typeof(T) == typeof(byte) ? Avx512F.ConvertToVector512Int32(Vector128.Load((byte*)source))
        : typeof(T) == typeof(sbyte) ? Avx512F.ConvertToVector512Int32(Vector128.Load((sbyte*)source))
        : typeof(T) == typeof(ushort) ? Avx512F.ConvertToVector512Int32(Vector256.Load((ushort*)source))
        : typeof(T) == typeof(short) ? Avx512F.ConvertToVector512Int32(Vector256.Load((short*)source))
        : throw Unsupported<T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Load256<T>(T* source)
        where T : unmanaged =>
        typeof(T) == typeof(byte) ? Avx2.ConvertToVector256Int32((byte*)source)
        : typeof(T) == typeof(sbyte) ? Avx2.ConvertToVector256Int32((sbyte*)source)
        : typeof(T) == typeof(ushort) ? Avx2.ConvertToVector256Int32((ushort*)source)
        : typeof(T) == typeof(short) ? Avx2.ConvertToVector256Int32((short*)source)
        : throw Unsupported<T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Load128<T>(T* source)
        where T : unmanaged =>
        typeof(T) == typeof(byte) ? Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalar(Unsafe.ReadUnaligned<uint>(source)).AsByte())).AsInt32()
        : typeof(T) == typeof(sbyte) ? Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalar(Unsafe.ReadUnaligned<uint>(source)).AsSByte()))
        : typeof(T) == typeof(ushort) ? Vector128.WidenLower(Vector128.CreateScalar(Unsafe.ReadUnaligned<ulong>(source)).AsUInt16()).AsInt32()
        : typeof(T) == typeof(short) ? Vector128.WidenLower(Vector128.CreateScalar(Unsafe.ReadUnaligned<ulong>(source)).AsInt16())
        : throw Unsupported<T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int LoadScalar<T>(T* source)
        where T : unmanaged =>
        typeof(T) == typeof(byte) ? *(byte*)source
        : typeof(T) == typeof(sbyte) ? *(sbyte*)source
        : typeof(T) == typeof(ushort) ? *(ushort*)source
        : typeof(T) == typeof(short) ? *(short*)source
        : throw Unsupported<T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store512(Vector512<int> lanes, byte* destination, int bytes)
    {
        if (bytes == 1)
        {
            Avx512F.ConvertToVector128Byte(lanes).Store(destination);
        }
        else
        {
            Avx512F.ConvertToVector256UInt16(lanes).Store((ushort*)destination);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store256(Vector256<int> lanes, byte* destination, int bytes)
    {
        Vector128<ushort> halves = Vector128.Narrow(lanes.GetLower().AsUInt32(), lanes.GetUpper().AsUInt32());
        if (bytes == 1)
        {
            Unsafe.WriteUnaligned(destination, Vector128.Narrow(halves, halves).AsUInt64().ToScalar());
        }
        else
        {
            halves.Store((ushort*)destination);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store128(Vector128<int> lanes, byte* destination, int bytes)
    {
        Vector128<ushort> halves = Vector128.Narrow(lanes.AsUInt32(), lanes.AsUInt32());
        if (bytes == 1)
        {
            Unsafe.WriteUnaligned(destination, Vector128.Narrow(halves, halves).AsUInt32().ToScalar());
        }
        else
        {
            Unsafe.WriteUnaligned(destination, halves.AsUInt64().ToScalar());
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreScalar(int lane, byte* destination, int bytes)
    {
        if (bytes == 1)
        {
            *destination = (byte)lane;
        }
        else
        {
            *(ushort*)destination = (ushort)lane;
        }
    }

    private static NotSupportedException Unsupported<T>() => new($"Lanes of type {typeof(T)} are not supported.");
}

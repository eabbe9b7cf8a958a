using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// One row of activations times a panel of 16-bit numbers, where memory is to be the limit: a loop of its own, as one that serves all formats keeps too much for registers.
/// Bfloat16 is the upper half of a float32. For float16 .NET has no instruction that widens float16 vectors, and an exact
/// <see cref="HalfPrecision"/> takes nine operations a vector: more than memory leaves time for. Here the bits are moved to their places in a float32, which gives the number
/// times 2^-112, subnormal ones too, in two or three operations; what is missing is in the activations and the sums. Infinities and NaN come out as finite numbers:
/// whether there are any is looked for on the way, and then the panel is computed the other way.
/// </summary>
internal static unsafe class HalfRow
{
    /// <summary>
    /// What activations are multiplied by: so many of the missing 112 powers of two that no product of a weight and an activation of at least 2^-94 loses digits, and that
    /// 256 products of activations up to <see cref="LargestActivation"/> do not overflow.
    /// </summary>
    public const float ActivationScale = 1208925819614629174706176f; // 2^80

    /// <summary>What sums are multiplied by: the rest.</summary>
    public const float SumScale = 4294967296f; // 2^32

    /// <summary>Activations beyond this take the other way.</summary>
    public const float LargestActivation = 4294967296f; // 2^32

    private const int Columns = NarrowMatrix.PanelColumns;
    private const int WidenedBits = unchecked((int)0x8FFF_E000);
    private const int Magnitudes = 0x7FFF_7FFF;
    private const ushort Infinity = 0x7C00;

    /// <summary>Whether float16 weights have code for this vector type.</summary>
    public static bool IsSupported<V>()
        where V : struct, IVector<V> => typeof(V) == typeof(Vector512Float) || typeof(V) == typeof(Vector256Float);

    /// <summary>Sums of two vectors of columns over the rows of words of a segment; false where a float16 weight is not a finite number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Segment<V, TFormat>(float* a, uint* words, nint wordRows, out V sum0, out V sum1)
        where V : struct, IVector<V>
        where TFormat : struct, INarrowFormat
    {
        V even0 = V.Zero, even1 = V.Zero, odd0 = V.Zero, odd1 = V.Zero, largest0 = V.Zero, largest1 = V.Zero;
        for (; wordRows > 0; wordRows--)
        {
            WordStream.FetchFar(words);
            V words0 = V.Load((float*)words), words1 = V.Load((float*)words + V.Count);
            V low = V.Broadcast(a[0]), high = V.Broadcast(a[1]);
            if (typeof(TFormat) == typeof(HalfFormat))
            {
                largest0 = Larger(largest0, words0);
                largest1 = Larger(largest1, words1);
                even0 = V.MultiplyAdd(Widen(V.ShiftLeft(words0, 16)), low, even0);
                even1 = V.MultiplyAdd(Widen(V.ShiftLeft(words1, 16)), low, even1);
                odd0 = V.MultiplyAdd(Widen(words0), high, odd0);
                odd1 = V.MultiplyAdd(Widen(words1), high, odd1);
            }
            else
            {
                even0 = V.MultiplyAdd(TFormat.Decode(words0, 0), low, even0);
                even1 = V.MultiplyAdd(TFormat.Decode(words1, 0), low, even1);
                odd0 = V.MultiplyAdd(TFormat.Decode(words0, 1), high, odd0);
                odd1 = V.MultiplyAdd(TFormat.Decode(words1, 1), high, odd1);
            }

            words += Columns;
            a += 2;
        }

        sum0 = even0 + odd0;
        sum1 = even1 + odd1;
        return typeof(TFormat) != typeof(HalfFormat) || IsFinite(Larger(largest0, largest1));
    }

    /// <summary>The float16 in the high half of each lane times 2^-112: sign, exponent and fraction in their places.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Widen<V>(V words)
        where V : struct, IVector<V> =>
        typeof(V) == typeof(Vector512Float)
            ? LaneBits.From<V>(Vector512.ShiftRightArithmetic(LaneBits.To512(words), 3) & Vector512.Create(WidenedBits))
            : LaneBits.From<V>(Vector256.ShiftRightArithmetic(LaneBits.To256(words), 3) & Vector256.Create(WidenedBits));

    /// <summary>The largest magnitudes so far, of both halves of each lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Larger<V>(V largest, V words)
        where V : struct, IVector<V> =>
        typeof(V) == typeof(Vector512Float)
            ? LaneBits.From<V>(Vector512.Max(LaneBits.To512(largest).AsUInt16(), (LaneBits.To512(words) & Vector512.Create(Magnitudes)).AsUInt16()).AsInt32())
            : LaneBits.From<V>(Vector256.Max(LaneBits.To256(largest).AsUInt16(), (LaneBits.To256(words) & Vector256.Create(Magnitudes)).AsUInt16()).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsFinite<V>(V largest)
        where V : struct, IVector<V> =>
        typeof(V) == typeof(Vector512Float)
            ? Vector512.LessThanAll(LaneBits.To512(largest).AsUInt16(), Vector512.Create(Infinity))
            : Vector256.LessThanAll(LaneBits.To256(largest).AsUInt16(), Vector256.Create(Infinity));
}

using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// A constant right operand [Depth, Columns] of a matrix product in an <see cref="INarrowFormat"/>, packed in panels of 32 columns. All arrays are 64-byte aligned and have
/// whole panels: what they hold in columns beyond <see cref="Columns"/> is read but not used.
/// </summary>
public unsafe struct NarrowMatrix
{
    /// <summary>Columns of a panel.</summary>
    public const int PanelColumns = MatrixMultiply.PanelColumns;

    /// <summary>[⌈Columns / 32⌉][⌈Depth / elements per word⌉][32] words; elements beyond the depth are 0.</summary>
    public uint* Words;

    /// <summary>[⌈Columns / 32⌉][blocks][32] scales of an integer format, unless <see cref="HalfScales"/> has them.</summary>
    public float* Scales;

    /// <summary>The scales as float16.</summary>
    public Half* HalfScales;

    /// <summary>[⌈Columns / 32⌉][blocks][32] zero points in the stored domain of an integer format (of <see cref="Int8Format"/> signed), or null for the format's own.</summary>
    public byte* ZeroPoints;

    /// <summary>[⌈Columns / 32⌉][blocks][32] zero points that need not be whole numbers, or null.</summary>
    public float* FloatZeroPoints;

    /// <summary>Rows of the matrix.</summary>
    public nint Depth;

    /// <summary>Columns of the matrix.</summary>
    public nint Columns;

    /// <summary>Consecutive rows that share a scale; a multiple of 8, or at least <see cref="Depth"/> for one block.</summary>
    public nint BlockSize;

    /// <summary>Blocks of a column.</summary>
    internal readonly nint Blocks => BlockSize >= Depth ? 1 : (Depth + BlockSize - 1) / BlockSize;

    internal readonly bool HasZeroPoints => ZeroPoints != null || FloatZeroPoints != null;

    /// <summary>Scales of neighbouring columns; index as in the array.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly V LoadScales<V>(nint index)
        where V : struct, IVector<V> =>
        Scales != null ? V.Load(Scales + index) : NarrowLanes.Load<V, Half>(HalfScales + index);

    /// <summary>Asks for a panel's row of scales before it is used.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly void FetchScales(nint index)
    {
        if (Scales != null)
        {
            Prefetch.ToSecondLevel(Scales + index);
            Prefetch.ToSecondLevel(Scales + index + Prefetch.LineFloats);
        }
        else
        {
            Prefetch.ToSecondLevel(HalfScales + index);
        }
    }

    /// <summary>Zero points of neighbouring columns; index as in the array.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly V LoadZeroPoints<V, TFormat>(nint index)
        where V : struct, IVector<V>
        where TFormat : struct, INarrowFormat =>
        ZeroPoints != null ? TFormat.LoadZeroPoints<V>(ZeroPoints + index)
        : FloatZeroPoints != null ? V.Load(FloatZeroPoints + index)
        : V.Broadcast(TFormat.DefaultZeroPoint);

    /// <exception cref="ArgumentException">A size or a pointer does not fit the format.</exception>
    internal readonly void Validate<TFormat>()
        where TFormat : struct, INarrowFormat
    {
        if (Words == null || Depth < 0 || Columns < 0)
        {
            throw new ArgumentException($"A packed matrix needs words and sizes of at least 0, not {Depth} × {Columns}.", nameof(Words));
        }

        if (!TFormat.IsInteger)
        {
            return;
        }

        if ((Scales == null) == (HalfScales == null))
        {
            throw new ArgumentException("An integer matrix has either float32 or float16 scales.", nameof(Scales));
        }

        if (BlockSize < 1 || (BlockSize < Depth && BlockSize % 8 != 0))
        {
            throw new ArgumentException($"Blocks of {BlockSize} rows are not supported: a multiple of 8, or all {Depth}.", nameof(BlockSize));
        }
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Rows of uint8 or int8 activations packed in tiles [group of four][rows] for <see cref="IntegerTile"/>, with what their zero points make of the sums.</summary>
internal readonly unsafe struct IntegerLeft
{
    private IntegerLeft(int* elements, int* columnFactors, int* sums, nint rowInts)
    {
        Elements = elements;
        ColumnFactors = columnFactors;
        Sums = sums;
        RowInts = rowInts;
    }

    /// <summary>The elements of all tiles; those of the tile at row r start at r · <see cref="RowInts"/>.</summary>
    public int* Elements { get; }

    /// <summary>What each row's sums lack of each column's sum of weights.</summary>
    public int* ColumnFactors { get; }

    /// <summary>Sums of each row's elements less their zero point.</summary>
    public int* Sums { get; }

    public nint RowInts { get; }

    /// <summary>Bytes of scratch memory that <see cref="Pack"/> needs.</summary>
    public static nint ScratchBytes<TProduct>(nint rows, nint depth)
        where TProduct : struct, IWordProduct => rows * ((RowIntsOf<TProduct>(depth) + 2) * sizeof(int));

    /// <summary>Packs rows.</summary>
    /// <param name="a">Rows of contiguous elements.</param>
    /// <param name="lda">Elements from one row to the next.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="depth">Elements of a row.</param>
    /// <param name="zeroPoints">Zero point of the first row, or null for 0.</param>
    /// <param name="zeroPointStride">Elements to the next row's zero point.</param>
    /// <param name="memory">Room for <see cref="ScratchBytes"/>.</param>
    public static IntegerLeft Pack<V, TProduct, TLeft>(TLeft* a, nint lda, nint rows, nint depth, TLeft* zeroPoints, nint zeroPointStride, byte* memory)
        where V : struct, IVector<V>
        where TProduct : struct, IWordProduct
        where TLeft : unmanaged
    {
        nint rowInts = RowIntsOf<TProduct>(depth);
        var elements = (int*)memory;
        var left = new IntegerLeft(elements, elements + (rows * rowInts), elements + (rows * (rowInts + 1)), rowInts);
        for (nint row = 0; row < rows;)
        {
            int present = IntegerTile.RowsFor<V>(rows - row);
            for (int index = 0; index < present; index++)
            {
                int zeroPoint = zeroPoints == null ? 0 : Value(zeroPoints[(row + index) * zeroPointStride]);
                int* tile = elements + (row * rowInts) + (index * TProduct.LeftInts);
                left.Sums[row + index] = TProduct.LeftInts == 2
                    ? PackShorts(a + ((row + index) * lda), depth, zeroPoint, (ulong*)tile, present)
                    : PackBytes(a + ((row + index) * lda), depth, zeroPoint, tile, present);
                left.ColumnFactors[row + index] = TProduct.LeftInts == 2 ? 0 : ByteProduct.Offset - (zeroPoint + Unsigned<TLeft>());
            }

            row += present;
        }

        return left;
    }

    private static nint RowIntsOf<TProduct>(nint depth)
        where TProduct : struct, IWordProduct => (depth + 3) / 4 * TProduct.LeftInts;

    /// <summary>Elements less their zero point as int16, exactly; the two even ones of four before the odd ones. Returns their sum.</summary>
    private static int PackShorts<TLeft>(TLeft* a, nint depth, int zeroPoint, ulong* packed, nint stride)
        where TLeft : unmanaged
    {
        int sum = 0;
        nint index = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            Vector128<short> zeroPoints = Vector128.Create((short)zeroPoint);
            Vector128<int> sums = Vector128<int>.Zero;
            for (; index + 8 <= depth; index += 8)
            {
                Vector128<byte> bytes = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(a + index)).AsByte();
                Vector128<short> shorts = typeof(TLeft) == typeof(byte) ? Vector128.WidenLower(bytes).AsInt16() : Vector128.WidenLower(bytes.AsSByte());
                shorts -= zeroPoints;
                sums += Vector128.WidenLower(shorts) + Vector128.WidenUpper(shorts);
                Vector128<ulong> arranged = Vector128.Shuffle(shorts, Vector128.Create((short)0, 2, 1, 3, 4, 6, 5, 7)).AsUInt64();
                packed[0] = arranged.GetElement(0);
                packed[stride] = arranged.GetElement(1);
                packed += 2 * stride;
            }

            sum = Vector128.Sum(sums);
        }

        int* four = stackalloc int[4];
        for (; index < depth; index += 4)
        {
            for (int element = 0; element < 4; element++)
            {
                four[element] = index + element < depth ? Value(a[index + element]) - zeroPoint : 0;
                sum += four[element];
            }

            *packed = (uint)ShortDot.Pair(four[0], four[2]) | ((ulong)(uint)ShortDot.Pair(four[1], four[3]) << 32);
            packed += stride;
        }

        return sum;
    }

    /// <summary>Elements as the bytes that <see cref="ByteProduct"/> takes. Returns the sum of the elements less their zero point.</summary>
    private static int PackBytes<TLeft>(TLeft* a, nint depth, int zeroPoint, int* packed, nint stride)
        where TLeft : unmanaged
    {
        int difference = Unsigned<TLeft>() - ByteProduct.Offset;
        int sum = 0;
        for (nint index = 0; index < depth; index += 4)
        {
            int word = 0;
            for (int element = 0; element < 4 && index + element < depth; element++)
            {
                int value = Value(a[index + element]);
                sum += value - zeroPoint;
                word |= (byte)(value + difference) << (8 * element);
            }

            *packed = word;
            packed += stride;
        }

        return sum;
    }

    /// <summary>What makes the type's smallest number 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Unsigned<TLeft>() => typeof(TLeft) == typeof(sbyte) ? 128 : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Value<TLeft>(TLeft element)
        where TLeft : unmanaged => typeof(TLeft) == typeof(sbyte) ? *(sbyte*)&element : *(byte*)&element;
}

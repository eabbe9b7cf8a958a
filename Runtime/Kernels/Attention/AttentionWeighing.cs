using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Sums of values weighted for few rows, for decoding. Memory is read once for all rows and in order.</summary>
internal static unsafe class AttentionWeighing
{
    private const int ScoreStride = AttentionTile.LeftStride;

    // Values that stay in the first-level cache for the rows and columns that do not fit the registers at once: 8 KiB with heads of 128.
    private const nint PartKeys = 16;

    /// <summary>outputs[rows, columns] += weights[rows, count] · values[count, columns].</summary>
    /// <param name="weights">Weights, rows <see cref="AttentionTile.LeftStride"/> apart.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="values">Values.</param>
    /// <param name="valueStride">From one value to the next.</param>
    /// <param name="count">Number of values.</param>
    /// <param name="columns">Elements of a value; a multiple of the vector's lanes.</param>
    /// <param name="outputs">Sums.</param>
    /// <param name="outputStride">From one row of sums to the next.</param>
    /// <param name="fetch">What will be read next.</param>
    public static void Multiply<V>(float* weights, nint rows, float* values, nint valueStride, nint count, nint columns, float* outputs, nint outputStride, in AttentionFetch fetch)
        where V : struct, IVector<V>
    {
        for (nint begin = 0; begin < count; begin += PartKeys)
        {
            nint part = Math.Min(PartKeys, count - begin);
            fetch.Rows(begin, part);
            for (nint column = 0; column < columns;)
            {
                nint vectors = (columns - column) / V.Count;
                vectors = vectors >= 8 ? 8 : vectors >= 4 ? 4 : 1;
                MultiplyColumns<V>(weights + begin, rows, values + (begin * valueStride) + column, valueStride, part, outputs + column, outputStride, vectors);
                column += vectors * V.Count;
            }
        }
    }

    // Rows times vectors are sums; with AVX-512 up to 24 of them and what is multiplied fit the registers, without 8.
    private static nint RowsOfStep<V>(nint rows, nint vectors)
        where V : struct, IVector<V>
    {
        nint most = V.Count < Vector512Float.Count ? 8 / vectors
            : vectors == 8 ? (rows == 4 ? 2 : 3)
            : vectors == 4 ? (rows == 5 || rows == 6 ? 3 : 4)
            : 1;
        return vectors == 1 ? 1 : Math.Min(rows, most);
    }

    private static void MultiplyColumns<V>(float* weights, nint rows, float* values, nint valueStride, nint count, float* outputs, nint outputStride, nint vectors)
        where V : struct, IVector<V>
    {
        while (rows > 0)
        {
            nint step = RowsOfStep<V>(rows, vectors);
            switch ((vectors, step))
            {
                case (8, 3):
                    ThreeRowsOfEight<V>(weights, values, valueStride, count, outputs, outputStride);
                    break;
                case (8, 2):
                    TwoRowsOfEight<V>(weights, values, valueStride, count, outputs, outputStride);
                    break;
                case (8, _):
                    OneRowOfEight<V>(weights, values, valueStride, count, outputs);
                    break;
                case (4, 4):
                    FourRowsOfFour<V>(weights, values, valueStride, count, outputs, outputStride);
                    break;
                case (4, 3):
                    ThreeRowsOfFour<V>(weights, values, valueStride, count, outputs, outputStride);
                    break;
                case (4, 2):
                    TwoRowsOfFour<V>(weights, values, valueStride, count, outputs, outputStride);
                    break;
                case (4, _):
                    OneRowOfFour<V>(weights, values, valueStride, count, outputs);
                    break;
                default:
                    OneRowOfOne<V>(weights, values, valueStride, count, outputs);
                    break;
            }

            rows -= step;
            weights += step * ScoreStride;
            outputs += step * outputStride;
        }
    }

    private static void ThreeRowsOfEight<V>(float* weights, float* values, nint valueStride, nint count, float* outputs, nint outputStride)
        where V : struct, IVector<V>
    {
        V s00 = V.Load(outputs), s01 = V.Load(outputs + V.Count), s02 = V.Load(outputs + (2 * V.Count)), s03 = V.Load(outputs + (3 * V.Count));
        V s04 = V.Load(outputs + (4 * V.Count)), s05 = V.Load(outputs + (5 * V.Count)), s06 = V.Load(outputs + (6 * V.Count)), s07 = V.Load(outputs + (7 * V.Count));
        V s10 = V.Load(outputs + outputStride), s11 = V.Load(outputs + outputStride + V.Count), s12 = V.Load(outputs + outputStride + (2 * V.Count)), s13 = V.Load(outputs + outputStride + (3 * V.Count));
        V s14 = V.Load(outputs + outputStride + (4 * V.Count)), s15 = V.Load(outputs + outputStride + (5 * V.Count)), s16 = V.Load(outputs + outputStride + (6 * V.Count)), s17 = V.Load(outputs + outputStride + (7 * V.Count));
        V s20 = V.Load(outputs + (2 * outputStride)), s21 = V.Load(outputs + (2 * outputStride) + V.Count), s22 = V.Load(outputs + (2 * outputStride) + (2 * V.Count)), s23 = V.Load(outputs + (2 * outputStride) + (3 * V.Count));
        V s24 = V.Load(outputs + (2 * outputStride) + (4 * V.Count)), s25 = V.Load(outputs + (2 * outputStride) + (5 * V.Count)), s26 = V.Load(outputs + (2 * outputStride) + (6 * V.Count)), s27 = V.Load(outputs + (2 * outputStride) + (7 * V.Count));
        for (; count > 0; count--)
        {
            V weight0 = V.Broadcast(*weights);
            V weight1 = V.Broadcast(weights[ScoreStride]);
            V weight2 = V.Broadcast(weights[2 * ScoreStride]);
            V value = V.Load(values);
            s00 = V.MultiplyAdd(weight0, value, s00);
            s10 = V.MultiplyAdd(weight1, value, s10);
            s20 = V.MultiplyAdd(weight2, value, s20);
            value = V.Load(values + V.Count);
            s01 = V.MultiplyAdd(weight0, value, s01);
            s11 = V.MultiplyAdd(weight1, value, s11);
            s21 = V.MultiplyAdd(weight2, value, s21);
            value = V.Load(values + (2 * V.Count));
            s02 = V.MultiplyAdd(weight0, value, s02);
            s12 = V.MultiplyAdd(weight1, value, s12);
            s22 = V.MultiplyAdd(weight2, value, s22);
            value = V.Load(values + (3 * V.Count));
            s03 = V.MultiplyAdd(weight0, value, s03);
            s13 = V.MultiplyAdd(weight1, value, s13);
            s23 = V.MultiplyAdd(weight2, value, s23);
            value = V.Load(values + (4 * V.Count));
            s04 = V.MultiplyAdd(weight0, value, s04);
            s14 = V.MultiplyAdd(weight1, value, s14);
            s24 = V.MultiplyAdd(weight2, value, s24);
            value = V.Load(values + (5 * V.Count));
            s05 = V.MultiplyAdd(weight0, value, s05);
            s15 = V.MultiplyAdd(weight1, value, s15);
            s25 = V.MultiplyAdd(weight2, value, s25);
            value = V.Load(values + (6 * V.Count));
            s06 = V.MultiplyAdd(weight0, value, s06);
            s16 = V.MultiplyAdd(weight1, value, s16);
            s26 = V.MultiplyAdd(weight2, value, s26);
            value = V.Load(values + (7 * V.Count));
            s07 = V.MultiplyAdd(weight0, value, s07);
            s17 = V.MultiplyAdd(weight1, value, s17);
            s27 = V.MultiplyAdd(weight2, value, s27);
            weights++;
            values += valueStride;
        }

        V.Store(s00, outputs);
        V.Store(s01, outputs + V.Count);
        V.Store(s02, outputs + (2 * V.Count));
        V.Store(s03, outputs + (3 * V.Count));
        V.Store(s04, outputs + (4 * V.Count));
        V.Store(s05, outputs + (5 * V.Count));
        V.Store(s06, outputs + (6 * V.Count));
        V.Store(s07, outputs + (7 * V.Count));
        V.Store(s10, outputs + outputStride);
        V.Store(s11, outputs + outputStride + V.Count);
        V.Store(s12, outputs + outputStride + (2 * V.Count));
        V.Store(s13, outputs + outputStride + (3 * V.Count));
        V.Store(s14, outputs + outputStride + (4 * V.Count));
        V.Store(s15, outputs + outputStride + (5 * V.Count));
        V.Store(s16, outputs + outputStride + (6 * V.Count));
        V.Store(s17, outputs + outputStride + (7 * V.Count));
        V.Store(s20, outputs + (2 * outputStride));
        V.Store(s21, outputs + (2 * outputStride) + V.Count);
        V.Store(s22, outputs + (2 * outputStride) + (2 * V.Count));
        V.Store(s23, outputs + (2 * outputStride) + (3 * V.Count));
        V.Store(s24, outputs + (2 * outputStride) + (4 * V.Count));
        V.Store(s25, outputs + (2 * outputStride) + (5 * V.Count));
        V.Store(s26, outputs + (2 * outputStride) + (6 * V.Count));
        V.Store(s27, outputs + (2 * outputStride) + (7 * V.Count));
    }

    private static void TwoRowsOfEight<V>(float* weights, float* values, nint valueStride, nint count, float* outputs, nint outputStride)
        where V : struct, IVector<V>
    {
        V s00 = V.Load(outputs), s01 = V.Load(outputs + V.Count), s02 = V.Load(outputs + (2 * V.Count)), s03 = V.Load(outputs + (3 * V.Count));
        V s04 = V.Load(outputs + (4 * V.Count)), s05 = V.Load(outputs + (5 * V.Count)), s06 = V.Load(outputs + (6 * V.Count)), s07 = V.Load(outputs + (7 * V.Count));
        V s10 = V.Load(outputs + outputStride), s11 = V.Load(outputs + outputStride + V.Count), s12 = V.Load(outputs + outputStride + (2 * V.Count)), s13 = V.Load(outputs + outputStride + (3 * V.Count));
        V s14 = V.Load(outputs + outputStride + (4 * V.Count)), s15 = V.Load(outputs + outputStride + (5 * V.Count)), s16 = V.Load(outputs + outputStride + (6 * V.Count)), s17 = V.Load(outputs + outputStride + (7 * V.Count));
        for (; count > 0; count--)
        {
            V weight0 = V.Broadcast(*weights);
            V weight1 = V.Broadcast(weights[ScoreStride]);
            V value = V.Load(values);
            s00 = V.MultiplyAdd(weight0, value, s00);
            s10 = V.MultiplyAdd(weight1, value, s10);
            value = V.Load(values + V.Count);
            s01 = V.MultiplyAdd(weight0, value, s01);
            s11 = V.MultiplyAdd(weight1, value, s11);
            value = V.Load(values + (2 * V.Count));
            s02 = V.MultiplyAdd(weight0, value, s02);
            s12 = V.MultiplyAdd(weight1, value, s12);
            value = V.Load(values + (3 * V.Count));
            s03 = V.MultiplyAdd(weight0, value, s03);
            s13 = V.MultiplyAdd(weight1, value, s13);
            value = V.Load(values + (4 * V.Count));
            s04 = V.MultiplyAdd(weight0, value, s04);
            s14 = V.MultiplyAdd(weight1, value, s14);
            value = V.Load(values + (5 * V.Count));
            s05 = V.MultiplyAdd(weight0, value, s05);
            s15 = V.MultiplyAdd(weight1, value, s15);
            value = V.Load(values + (6 * V.Count));
            s06 = V.MultiplyAdd(weight0, value, s06);
            s16 = V.MultiplyAdd(weight1, value, s16);
            value = V.Load(values + (7 * V.Count));
            s07 = V.MultiplyAdd(weight0, value, s07);
            s17 = V.MultiplyAdd(weight1, value, s17);
            weights++;
            values += valueStride;
        }

        V.Store(s00, outputs);
        V.Store(s01, outputs + V.Count);
        V.Store(s02, outputs + (2 * V.Count));
        V.Store(s03, outputs + (3 * V.Count));
        V.Store(s04, outputs + (4 * V.Count));
        V.Store(s05, outputs + (5 * V.Count));
        V.Store(s06, outputs + (6 * V.Count));
        V.Store(s07, outputs + (7 * V.Count));
        V.Store(s10, outputs + outputStride);
        V.Store(s11, outputs + outputStride + V.Count);
        V.Store(s12, outputs + outputStride + (2 * V.Count));
        V.Store(s13, outputs + outputStride + (3 * V.Count));
        V.Store(s14, outputs + outputStride + (4 * V.Count));
        V.Store(s15, outputs + outputStride + (5 * V.Count));
        V.Store(s16, outputs + outputStride + (6 * V.Count));
        V.Store(s17, outputs + outputStride + (7 * V.Count));
    }

    private static void OneRowOfEight<V>(float* weights, float* values, nint valueStride, nint count, float* outputs)
        where V : struct, IVector<V>
    {
        V s00 = V.Load(outputs), s01 = V.Load(outputs + V.Count), s02 = V.Load(outputs + (2 * V.Count)), s03 = V.Load(outputs + (3 * V.Count));
        V s04 = V.Load(outputs + (4 * V.Count)), s05 = V.Load(outputs + (5 * V.Count)), s06 = V.Load(outputs + (6 * V.Count)), s07 = V.Load(outputs + (7 * V.Count));
        for (; count > 0; count--)
        {
            V weight = V.Broadcast(*weights);
            s00 = V.MultiplyAdd(weight, V.Load(values), s00);
            s01 = V.MultiplyAdd(weight, V.Load(values + V.Count), s01);
            s02 = V.MultiplyAdd(weight, V.Load(values + (2 * V.Count)), s02);
            s03 = V.MultiplyAdd(weight, V.Load(values + (3 * V.Count)), s03);
            s04 = V.MultiplyAdd(weight, V.Load(values + (4 * V.Count)), s04);
            s05 = V.MultiplyAdd(weight, V.Load(values + (5 * V.Count)), s05);
            s06 = V.MultiplyAdd(weight, V.Load(values + (6 * V.Count)), s06);
            s07 = V.MultiplyAdd(weight, V.Load(values + (7 * V.Count)), s07);
            weights++;
            values += valueStride;
        }

        V.Store(s00, outputs);
        V.Store(s01, outputs + V.Count);
        V.Store(s02, outputs + (2 * V.Count));
        V.Store(s03, outputs + (3 * V.Count));
        V.Store(s04, outputs + (4 * V.Count));
        V.Store(s05, outputs + (5 * V.Count));
        V.Store(s06, outputs + (6 * V.Count));
        V.Store(s07, outputs + (7 * V.Count));
    }

    private static void FourRowsOfFour<V>(float* weights, float* values, nint valueStride, nint count, float* outputs, nint outputStride)
        where V : struct, IVector<V>
    {
        V s00 = V.Load(outputs), s01 = V.Load(outputs + V.Count), s02 = V.Load(outputs + (2 * V.Count)), s03 = V.Load(outputs + (3 * V.Count));
        V s10 = V.Load(outputs + outputStride), s11 = V.Load(outputs + outputStride + V.Count), s12 = V.Load(outputs + outputStride + (2 * V.Count)), s13 = V.Load(outputs + outputStride + (3 * V.Count));
        V s20 = V.Load(outputs + (2 * outputStride)), s21 = V.Load(outputs + (2 * outputStride) + V.Count), s22 = V.Load(outputs + (2 * outputStride) + (2 * V.Count)), s23 = V.Load(outputs + (2 * outputStride) + (3 * V.Count));
        V s30 = V.Load(outputs + (3 * outputStride)), s31 = V.Load(outputs + (3 * outputStride) + V.Count), s32 = V.Load(outputs + (3 * outputStride) + (2 * V.Count)), s33 = V.Load(outputs + (3 * outputStride) + (3 * V.Count));
        for (; count > 0; count--)
        {
            V weight0 = V.Broadcast(*weights);
            V weight1 = V.Broadcast(weights[ScoreStride]);
            V weight2 = V.Broadcast(weights[2 * ScoreStride]);
            V weight3 = V.Broadcast(weights[3 * ScoreStride]);
            V value = V.Load(values);
            s00 = V.MultiplyAdd(weight0, value, s00);
            s10 = V.MultiplyAdd(weight1, value, s10);
            s20 = V.MultiplyAdd(weight2, value, s20);
            s30 = V.MultiplyAdd(weight3, value, s30);
            value = V.Load(values + V.Count);
            s01 = V.MultiplyAdd(weight0, value, s01);
            s11 = V.MultiplyAdd(weight1, value, s11);
            s21 = V.MultiplyAdd(weight2, value, s21);
            s31 = V.MultiplyAdd(weight3, value, s31);
            value = V.Load(values + (2 * V.Count));
            s02 = V.MultiplyAdd(weight0, value, s02);
            s12 = V.MultiplyAdd(weight1, value, s12);
            s22 = V.MultiplyAdd(weight2, value, s22);
            s32 = V.MultiplyAdd(weight3, value, s32);
            value = V.Load(values + (3 * V.Count));
            s03 = V.MultiplyAdd(weight0, value, s03);
            s13 = V.MultiplyAdd(weight1, value, s13);
            s23 = V.MultiplyAdd(weight2, value, s23);
            s33 = V.MultiplyAdd(weight3, value, s33);
            weights++;
            values += valueStride;
        }

        V.Store(s00, outputs);
        V.Store(s01, outputs + V.Count);
        V.Store(s02, outputs + (2 * V.Count));
        V.Store(s03, outputs + (3 * V.Count));
        V.Store(s10, outputs + outputStride);
        V.Store(s11, outputs + outputStride + V.Count);
        V.Store(s12, outputs + outputStride + (2 * V.Count));
        V.Store(s13, outputs + outputStride + (3 * V.Count));
        V.Store(s20, outputs + (2 * outputStride));
        V.Store(s21, outputs + (2 * outputStride) + V.Count);
        V.Store(s22, outputs + (2 * outputStride) + (2 * V.Count));
        V.Store(s23, outputs + (2 * outputStride) + (3 * V.Count));
        V.Store(s30, outputs + (3 * outputStride));
        V.Store(s31, outputs + (3 * outputStride) + V.Count);
        V.Store(s32, outputs + (3 * outputStride) + (2 * V.Count));
        V.Store(s33, outputs + (3 * outputStride) + (3 * V.Count));
    }

    private static void ThreeRowsOfFour<V>(float* weights, float* values, nint valueStride, nint count, float* outputs, nint outputStride)
        where V : struct, IVector<V>
    {
        V s00 = V.Load(outputs), s01 = V.Load(outputs + V.Count), s02 = V.Load(outputs + (2 * V.Count)), s03 = V.Load(outputs + (3 * V.Count));
        V s10 = V.Load(outputs + outputStride), s11 = V.Load(outputs + outputStride + V.Count), s12 = V.Load(outputs + outputStride + (2 * V.Count)), s13 = V.Load(outputs + outputStride + (3 * V.Count));
        V s20 = V.Load(outputs + (2 * outputStride)), s21 = V.Load(outputs + (2 * outputStride) + V.Count), s22 = V.Load(outputs + (2 * outputStride) + (2 * V.Count)), s23 = V.Load(outputs + (2 * outputStride) + (3 * V.Count));
        for (; count > 0; count--)
        {
            V weight0 = V.Broadcast(*weights);
            V weight1 = V.Broadcast(weights[ScoreStride]);
            V weight2 = V.Broadcast(weights[2 * ScoreStride]);
            V value = V.Load(values);
            s00 = V.MultiplyAdd(weight0, value, s00);
            s10 = V.MultiplyAdd(weight1, value, s10);
            s20 = V.MultiplyAdd(weight2, value, s20);
            value = V.Load(values + V.Count);
            s01 = V.MultiplyAdd(weight0, value, s01);
            s11 = V.MultiplyAdd(weight1, value, s11);
            s21 = V.MultiplyAdd(weight2, value, s21);
            value = V.Load(values + (2 * V.Count));
            s02 = V.MultiplyAdd(weight0, value, s02);
            s12 = V.MultiplyAdd(weight1, value, s12);
            s22 = V.MultiplyAdd(weight2, value, s22);
            value = V.Load(values + (3 * V.Count));
            s03 = V.MultiplyAdd(weight0, value, s03);
            s13 = V.MultiplyAdd(weight1, value, s13);
            s23 = V.MultiplyAdd(weight2, value, s23);
            weights++;
            values += valueStride;
        }

        V.Store(s00, outputs);
        V.Store(s01, outputs + V.Count);
        V.Store(s02, outputs + (2 * V.Count));
        V.Store(s03, outputs + (3 * V.Count));
        V.Store(s10, outputs + outputStride);
        V.Store(s11, outputs + outputStride + V.Count);
        V.Store(s12, outputs + outputStride + (2 * V.Count));
        V.Store(s13, outputs + outputStride + (3 * V.Count));
        V.Store(s20, outputs + (2 * outputStride));
        V.Store(s21, outputs + (2 * outputStride) + V.Count);
        V.Store(s22, outputs + (2 * outputStride) + (2 * V.Count));
        V.Store(s23, outputs + (2 * outputStride) + (3 * V.Count));
    }

    private static void TwoRowsOfFour<V>(float* weights, float* values, nint valueStride, nint count, float* outputs, nint outputStride)
        where V : struct, IVector<V>
    {
        V s00 = V.Load(outputs), s01 = V.Load(outputs + V.Count), s02 = V.Load(outputs + (2 * V.Count)), s03 = V.Load(outputs + (3 * V.Count));
        V s10 = V.Load(outputs + outputStride), s11 = V.Load(outputs + outputStride + V.Count), s12 = V.Load(outputs + outputStride + (2 * V.Count)), s13 = V.Load(outputs + outputStride + (3 * V.Count));
        for (; count > 0; count--)
        {
            V weight0 = V.Broadcast(*weights);
            V weight1 = V.Broadcast(weights[ScoreStride]);
            V value = V.Load(values);
            s00 = V.MultiplyAdd(weight0, value, s00);
            s10 = V.MultiplyAdd(weight1, value, s10);
            value = V.Load(values + V.Count);
            s01 = V.MultiplyAdd(weight0, value, s01);
            s11 = V.MultiplyAdd(weight1, value, s11);
            value = V.Load(values + (2 * V.Count));
            s02 = V.MultiplyAdd(weight0, value, s02);
            s12 = V.MultiplyAdd(weight1, value, s12);
            value = V.Load(values + (3 * V.Count));
            s03 = V.MultiplyAdd(weight0, value, s03);
            s13 = V.MultiplyAdd(weight1, value, s13);
            weights++;
            values += valueStride;
        }

        V.Store(s00, outputs);
        V.Store(s01, outputs + V.Count);
        V.Store(s02, outputs + (2 * V.Count));
        V.Store(s03, outputs + (3 * V.Count));
        V.Store(s10, outputs + outputStride);
        V.Store(s11, outputs + outputStride + V.Count);
        V.Store(s12, outputs + outputStride + (2 * V.Count));
        V.Store(s13, outputs + outputStride + (3 * V.Count));
    }

    private static void OneRowOfFour<V>(float* weights, float* values, nint valueStride, nint count, float* outputs)
        where V : struct, IVector<V>
    {
        V s00 = V.Load(outputs), s01 = V.Load(outputs + V.Count), s02 = V.Load(outputs + (2 * V.Count)), s03 = V.Load(outputs + (3 * V.Count));
        for (; count > 0; count--)
        {
            V weight = V.Broadcast(*weights);
            s00 = V.MultiplyAdd(weight, V.Load(values), s00);
            s01 = V.MultiplyAdd(weight, V.Load(values + V.Count), s01);
            s02 = V.MultiplyAdd(weight, V.Load(values + (2 * V.Count)), s02);
            s03 = V.MultiplyAdd(weight, V.Load(values + (3 * V.Count)), s03);
            weights++;
            values += valueStride;
        }

        V.Store(s00, outputs);
        V.Store(s01, outputs + V.Count);
        V.Store(s02, outputs + (2 * V.Count));
        V.Store(s03, outputs + (3 * V.Count));
    }

    private static void OneRowOfOne<V>(float* weights, float* values, nint valueStride, nint count, float* outputs)
        where V : struct, IVector<V>
    {
        V s00 = V.Load(outputs);
        for (; count > 0; count--)
        {
            V weight = V.Broadcast(*weights);
            s00 = V.MultiplyAdd(weight, V.Load(values), s00);
            weights++;
            values += valueStride;
        }

        V.Store(s00, outputs);
    }
}

using Cameo.Vectors;

namespace Cameo.Kernels;

/// <content>Tiles of six rows and more.</content>
internal static unsafe partial class MatrixTile
{
    private static void SixRows<V>(in TileOperands tile, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        V left0 = V.Zero, right0 = V.Zero;
        V left1 = V.Zero, right1 = V.Zero;
        V left2 = V.Zero, right2 = V.Zero;
        V left3 = V.Zero, right3 = V.Zero;
        V left4 = V.Zero, right4 = V.Zero;
        V left5 = V.Zero, right5 = V.Zero;
        float* sums = tile.Sums;
        nint sumStride = tile.SumStride;
        if (accumulate)
        {
            left0 = V.Load(sums);
            right0 = V.Load(sums + V.Count);
            sums += sumStride;
            left1 = V.Load(sums);
            right1 = V.Load(sums + V.Count);
            sums += sumStride;
            left2 = V.Load(sums);
            right2 = V.Load(sums + V.Count);
            sums += sumStride;
            left3 = V.Load(sums);
            right3 = V.Load(sums + V.Count);
            sums += sumStride;
            left4 = V.Load(sums);
            right4 = V.Load(sums + V.Count);
            sums += sumStride;
            left5 = V.Load(sums);
            right5 = V.Load(sums + V.Count);
            sums = tile.Sums;
        }

        float* a0 = tile.A;
        nint rowStride = tile.RowStrideA;
        float* a3 = a0 + (3 * rowStride);
        nint stepA = tile.StepA;
        float* b = tile.B;
        nint strideB = tile.StrideB;
        byte* next = tile.Next;
        nint nextStep = tile.NextStep;
        nint stepsPerFetch = tile.StepsPerFetch;
        while (depth > 0)
        {
            Prefetch.ToSecondLevel(next);
            Prefetch.ToSecondLevel(next + Prefetch.LineBytes);
            next += nextStep;
            for (nint steps = Math.Min(stepsPerFetch, depth); steps > 0; steps--)
            {
                V leftB = V.Load(b);
                V rightB = V.Load(b + V.Count);
                V x = V.Broadcast(*a0);
                left0 = V.MultiplyAdd(x, leftB, left0);
                right0 = V.MultiplyAdd(x, rightB, right0);
                x = V.Broadcast(a0[rowStride]);
                left1 = V.MultiplyAdd(x, leftB, left1);
                right1 = V.MultiplyAdd(x, rightB, right1);
                x = V.Broadcast(a0[2 * rowStride]);
                left2 = V.MultiplyAdd(x, leftB, left2);
                right2 = V.MultiplyAdd(x, rightB, right2);
                x = V.Broadcast(*a3);
                left3 = V.MultiplyAdd(x, leftB, left3);
                right3 = V.MultiplyAdd(x, rightB, right3);
                x = V.Broadcast(a3[rowStride]);
                left4 = V.MultiplyAdd(x, leftB, left4);
                right4 = V.MultiplyAdd(x, rightB, right4);
                x = V.Broadcast(a3[2 * rowStride]);
                left5 = V.MultiplyAdd(x, leftB, left5);
                right5 = V.MultiplyAdd(x, rightB, right5);
                a0 += stepA;
                a3 += stepA;
                b += strideB;
            }

            depth -= stepsPerFetch;
        }

        V.Store(left0, sums);
        V.Store(right0, sums + V.Count);
        sums += sumStride;
        V.Store(left1, sums);
        V.Store(right1, sums + V.Count);
        sums += sumStride;
        V.Store(left2, sums);
        V.Store(right2, sums + V.Count);
        sums += sumStride;
        V.Store(left3, sums);
        V.Store(right3, sums + V.Count);
        sums += sumStride;
        V.Store(left4, sums);
        V.Store(right4, sums + V.Count);
        sums += sumStride;
        V.Store(left5, sums);
        V.Store(right5, sums + V.Count);
    }

    private static void SevenRows<V>(in TileOperands tile, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        V left0 = V.Zero, right0 = V.Zero;
        V left1 = V.Zero, right1 = V.Zero;
        V left2 = V.Zero, right2 = V.Zero;
        V left3 = V.Zero, right3 = V.Zero;
        V left4 = V.Zero, right4 = V.Zero;
        V left5 = V.Zero, right5 = V.Zero;
        V left6 = V.Zero, right6 = V.Zero;
        float* sums = tile.Sums;
        nint sumStride = tile.SumStride;
        if (accumulate)
        {
            left0 = V.Load(sums);
            right0 = V.Load(sums + V.Count);
            sums += sumStride;
            left1 = V.Load(sums);
            right1 = V.Load(sums + V.Count);
            sums += sumStride;
            left2 = V.Load(sums);
            right2 = V.Load(sums + V.Count);
            sums += sumStride;
            left3 = V.Load(sums);
            right3 = V.Load(sums + V.Count);
            sums += sumStride;
            left4 = V.Load(sums);
            right4 = V.Load(sums + V.Count);
            sums += sumStride;
            left5 = V.Load(sums);
            right5 = V.Load(sums + V.Count);
            sums += sumStride;
            left6 = V.Load(sums);
            right6 = V.Load(sums + V.Count);
            sums = tile.Sums;
        }

        float* a0 = tile.A;
        nint rowStride = tile.RowStrideA;
        float* a3 = a0 + (3 * rowStride);
        float* a6 = a3 + (3 * rowStride);
        nint stepA = tile.StepA;
        float* b = tile.B;
        nint strideB = tile.StrideB;
        byte* next = tile.Next;
        nint nextStep = tile.NextStep;
        nint stepsPerFetch = tile.StepsPerFetch;
        while (depth > 0)
        {
            Prefetch.ToSecondLevel(next);
            Prefetch.ToSecondLevel(next + Prefetch.LineBytes);
            next += nextStep;
            for (nint steps = Math.Min(stepsPerFetch, depth); steps > 0; steps--)
            {
                V leftB = V.Load(b);
                V rightB = V.Load(b + V.Count);
                V x = V.Broadcast(*a0);
                left0 = V.MultiplyAdd(x, leftB, left0);
                right0 = V.MultiplyAdd(x, rightB, right0);
                x = V.Broadcast(a0[rowStride]);
                left1 = V.MultiplyAdd(x, leftB, left1);
                right1 = V.MultiplyAdd(x, rightB, right1);
                x = V.Broadcast(a0[2 * rowStride]);
                left2 = V.MultiplyAdd(x, leftB, left2);
                right2 = V.MultiplyAdd(x, rightB, right2);
                x = V.Broadcast(*a3);
                left3 = V.MultiplyAdd(x, leftB, left3);
                right3 = V.MultiplyAdd(x, rightB, right3);
                x = V.Broadcast(a3[rowStride]);
                left4 = V.MultiplyAdd(x, leftB, left4);
                right4 = V.MultiplyAdd(x, rightB, right4);
                x = V.Broadcast(a3[2 * rowStride]);
                left5 = V.MultiplyAdd(x, leftB, left5);
                right5 = V.MultiplyAdd(x, rightB, right5);
                x = V.Broadcast(*a6);
                left6 = V.MultiplyAdd(x, leftB, left6);
                right6 = V.MultiplyAdd(x, rightB, right6);
                a0 += stepA;
                a3 += stepA;
                a6 += stepA;
                b += strideB;
            }

            depth -= stepsPerFetch;
        }

        V.Store(left0, sums);
        V.Store(right0, sums + V.Count);
        sums += sumStride;
        V.Store(left1, sums);
        V.Store(right1, sums + V.Count);
        sums += sumStride;
        V.Store(left2, sums);
        V.Store(right2, sums + V.Count);
        sums += sumStride;
        V.Store(left3, sums);
        V.Store(right3, sums + V.Count);
        sums += sumStride;
        V.Store(left4, sums);
        V.Store(right4, sums + V.Count);
        sums += sumStride;
        V.Store(left5, sums);
        V.Store(right5, sums + V.Count);
        sums += sumStride;
        V.Store(left6, sums);
        V.Store(right6, sums + V.Count);
    }

    private static void EightRows<V>(in TileOperands tile, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        V left0 = V.Zero, right0 = V.Zero;
        V left1 = V.Zero, right1 = V.Zero;
        V left2 = V.Zero, right2 = V.Zero;
        V left3 = V.Zero, right3 = V.Zero;
        V left4 = V.Zero, right4 = V.Zero;
        V left5 = V.Zero, right5 = V.Zero;
        V left6 = V.Zero, right6 = V.Zero;
        V left7 = V.Zero, right7 = V.Zero;
        float* sums = tile.Sums;
        nint sumStride = tile.SumStride;
        if (accumulate)
        {
            left0 = V.Load(sums);
            right0 = V.Load(sums + V.Count);
            sums += sumStride;
            left1 = V.Load(sums);
            right1 = V.Load(sums + V.Count);
            sums += sumStride;
            left2 = V.Load(sums);
            right2 = V.Load(sums + V.Count);
            sums += sumStride;
            left3 = V.Load(sums);
            right3 = V.Load(sums + V.Count);
            sums += sumStride;
            left4 = V.Load(sums);
            right4 = V.Load(sums + V.Count);
            sums += sumStride;
            left5 = V.Load(sums);
            right5 = V.Load(sums + V.Count);
            sums += sumStride;
            left6 = V.Load(sums);
            right6 = V.Load(sums + V.Count);
            sums += sumStride;
            left7 = V.Load(sums);
            right7 = V.Load(sums + V.Count);
            sums = tile.Sums;
        }

        float* a0 = tile.A;
        nint rowStride = tile.RowStrideA;
        float* a3 = a0 + (3 * rowStride);
        float* a6 = a3 + (3 * rowStride);
        nint stepA = tile.StepA;
        float* b = tile.B;
        nint strideB = tile.StrideB;
        byte* next = tile.Next;
        nint nextStep = tile.NextStep;
        nint stepsPerFetch = tile.StepsPerFetch;
        while (depth > 0)
        {
            Prefetch.ToSecondLevel(next);
            Prefetch.ToSecondLevel(next + Prefetch.LineBytes);
            next += nextStep;
            for (nint steps = Math.Min(stepsPerFetch, depth); steps > 0; steps--)
            {
                V leftB = V.Load(b);
                V rightB = V.Load(b + V.Count);
                V x = V.Broadcast(*a0);
                left0 = V.MultiplyAdd(x, leftB, left0);
                right0 = V.MultiplyAdd(x, rightB, right0);
                x = V.Broadcast(a0[rowStride]);
                left1 = V.MultiplyAdd(x, leftB, left1);
                right1 = V.MultiplyAdd(x, rightB, right1);
                x = V.Broadcast(a0[2 * rowStride]);
                left2 = V.MultiplyAdd(x, leftB, left2);
                right2 = V.MultiplyAdd(x, rightB, right2);
                x = V.Broadcast(*a3);
                left3 = V.MultiplyAdd(x, leftB, left3);
                right3 = V.MultiplyAdd(x, rightB, right3);
                x = V.Broadcast(a3[rowStride]);
                left4 = V.MultiplyAdd(x, leftB, left4);
                right4 = V.MultiplyAdd(x, rightB, right4);
                x = V.Broadcast(a3[2 * rowStride]);
                left5 = V.MultiplyAdd(x, leftB, left5);
                right5 = V.MultiplyAdd(x, rightB, right5);
                x = V.Broadcast(*a6);
                left6 = V.MultiplyAdd(x, leftB, left6);
                right6 = V.MultiplyAdd(x, rightB, right6);
                x = V.Broadcast(a6[rowStride]);
                left7 = V.MultiplyAdd(x, leftB, left7);
                right7 = V.MultiplyAdd(x, rightB, right7);
                a0 += stepA;
                a3 += stepA;
                a6 += stepA;
                b += strideB;
            }

            depth -= stepsPerFetch;
        }

        V.Store(left0, sums);
        V.Store(right0, sums + V.Count);
        sums += sumStride;
        V.Store(left1, sums);
        V.Store(right1, sums + V.Count);
        sums += sumStride;
        V.Store(left2, sums);
        V.Store(right2, sums + V.Count);
        sums += sumStride;
        V.Store(left3, sums);
        V.Store(right3, sums + V.Count);
        sums += sumStride;
        V.Store(left4, sums);
        V.Store(right4, sums + V.Count);
        sums += sumStride;
        V.Store(left5, sums);
        V.Store(right5, sums + V.Count);
        sums += sumStride;
        V.Store(left6, sums);
        V.Store(right6, sums + V.Count);
        sums += sumStride;
        V.Store(left7, sums);
        V.Store(right7, sums + V.Count);
    }

    private static void TwelveRows<V>(in TileOperands tile, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        V left0 = V.Zero, right0 = V.Zero;
        V left1 = V.Zero, right1 = V.Zero;
        V left2 = V.Zero, right2 = V.Zero;
        V left3 = V.Zero, right3 = V.Zero;
        V left4 = V.Zero, right4 = V.Zero;
        V left5 = V.Zero, right5 = V.Zero;
        V left6 = V.Zero, right6 = V.Zero;
        V left7 = V.Zero, right7 = V.Zero;
        V left8 = V.Zero, right8 = V.Zero;
        V left9 = V.Zero, right9 = V.Zero;
        V left10 = V.Zero, right10 = V.Zero;
        V left11 = V.Zero, right11 = V.Zero;
        float* sums = tile.Sums;
        nint sumStride = tile.SumStride;
        if (accumulate)
        {
            left0 = V.Load(sums);
            right0 = V.Load(sums + V.Count);
            sums += sumStride;
            left1 = V.Load(sums);
            right1 = V.Load(sums + V.Count);
            sums += sumStride;
            left2 = V.Load(sums);
            right2 = V.Load(sums + V.Count);
            sums += sumStride;
            left3 = V.Load(sums);
            right3 = V.Load(sums + V.Count);
            sums += sumStride;
            left4 = V.Load(sums);
            right4 = V.Load(sums + V.Count);
            sums += sumStride;
            left5 = V.Load(sums);
            right5 = V.Load(sums + V.Count);
            sums += sumStride;
            left6 = V.Load(sums);
            right6 = V.Load(sums + V.Count);
            sums += sumStride;
            left7 = V.Load(sums);
            right7 = V.Load(sums + V.Count);
            sums += sumStride;
            left8 = V.Load(sums);
            right8 = V.Load(sums + V.Count);
            sums += sumStride;
            left9 = V.Load(sums);
            right9 = V.Load(sums + V.Count);
            sums += sumStride;
            left10 = V.Load(sums);
            right10 = V.Load(sums + V.Count);
            sums += sumStride;
            left11 = V.Load(sums);
            right11 = V.Load(sums + V.Count);
            sums = tile.Sums;
        }

        float* a0 = tile.A;
        nint rowStride = tile.RowStrideA;
        float* a3 = a0 + (3 * rowStride);
        float* a6 = a3 + (3 * rowStride);
        float* a9 = a6 + (3 * rowStride);
        nint stepA = tile.StepA;
        float* b = tile.B;
        nint strideB = tile.StrideB;
        byte* next = tile.Next;
        nint nextStep = tile.NextStep;
        nint stepsPerFetch = tile.StepsPerFetch;
        while (depth > 0)
        {
            Prefetch.ToSecondLevel(next);
            Prefetch.ToSecondLevel(next + Prefetch.LineBytes);
            next += nextStep;
            for (nint steps = Math.Min(stepsPerFetch, depth); steps > 0; steps--)
            {
                V leftB = V.Load(b);
                V rightB = V.Load(b + V.Count);
                V x = V.Broadcast(*a0);
                left0 = V.MultiplyAdd(x, leftB, left0);
                right0 = V.MultiplyAdd(x, rightB, right0);
                x = V.Broadcast(a0[rowStride]);
                left1 = V.MultiplyAdd(x, leftB, left1);
                right1 = V.MultiplyAdd(x, rightB, right1);
                x = V.Broadcast(a0[2 * rowStride]);
                left2 = V.MultiplyAdd(x, leftB, left2);
                right2 = V.MultiplyAdd(x, rightB, right2);
                x = V.Broadcast(*a3);
                left3 = V.MultiplyAdd(x, leftB, left3);
                right3 = V.MultiplyAdd(x, rightB, right3);
                x = V.Broadcast(a3[rowStride]);
                left4 = V.MultiplyAdd(x, leftB, left4);
                right4 = V.MultiplyAdd(x, rightB, right4);
                x = V.Broadcast(a3[2 * rowStride]);
                left5 = V.MultiplyAdd(x, leftB, left5);
                right5 = V.MultiplyAdd(x, rightB, right5);
                x = V.Broadcast(*a6);
                left6 = V.MultiplyAdd(x, leftB, left6);
                right6 = V.MultiplyAdd(x, rightB, right6);
                x = V.Broadcast(a6[rowStride]);
                left7 = V.MultiplyAdd(x, leftB, left7);
                right7 = V.MultiplyAdd(x, rightB, right7);
                x = V.Broadcast(a6[2 * rowStride]);
                left8 = V.MultiplyAdd(x, leftB, left8);
                right8 = V.MultiplyAdd(x, rightB, right8);
                x = V.Broadcast(*a9);
                left9 = V.MultiplyAdd(x, leftB, left9);
                right9 = V.MultiplyAdd(x, rightB, right9);
                x = V.Broadcast(a9[rowStride]);
                left10 = V.MultiplyAdd(x, leftB, left10);
                right10 = V.MultiplyAdd(x, rightB, right10);
                x = V.Broadcast(a9[2 * rowStride]);
                left11 = V.MultiplyAdd(x, leftB, left11);
                right11 = V.MultiplyAdd(x, rightB, right11);
                a0 += stepA;
                a3 += stepA;
                a6 += stepA;
                a9 += stepA;
                b += strideB;
            }

            depth -= stepsPerFetch;
        }

        V.Store(left0, sums);
        V.Store(right0, sums + V.Count);
        sums += sumStride;
        V.Store(left1, sums);
        V.Store(right1, sums + V.Count);
        sums += sumStride;
        V.Store(left2, sums);
        V.Store(right2, sums + V.Count);
        sums += sumStride;
        V.Store(left3, sums);
        V.Store(right3, sums + V.Count);
        sums += sumStride;
        V.Store(left4, sums);
        V.Store(right4, sums + V.Count);
        sums += sumStride;
        V.Store(left5, sums);
        V.Store(right5, sums + V.Count);
        sums += sumStride;
        V.Store(left6, sums);
        V.Store(right6, sums + V.Count);
        sums += sumStride;
        V.Store(left7, sums);
        V.Store(right7, sums + V.Count);
        sums += sumStride;
        V.Store(left8, sums);
        V.Store(right8, sums + V.Count);
        sums += sumStride;
        V.Store(left9, sums);
        V.Store(right9, sums + V.Count);
        sums += sumStride;
        V.Store(left10, sums);
        V.Store(right10, sums + V.Count);
        sums += sumStride;
        V.Store(left11, sums);
        V.Store(right11, sums + V.Count);
    }
}

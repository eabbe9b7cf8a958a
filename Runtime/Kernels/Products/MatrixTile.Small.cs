using Cameo.Vectors;

namespace Cameo.Kernels;

/// <content>Tiles of up to five rows.</content>
internal static unsafe partial class MatrixTile
{
    private static void OneRow<V>(in TileOperands tile, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        V left0 = V.Zero, right0 = V.Zero;
        float* sums = tile.Sums;
        nint sumStride = tile.SumStride;
        if (accumulate)
        {
            left0 = V.Load(sums);
            right0 = V.Load(sums + V.Count);
            sums = tile.Sums;
        }

        float* a0 = tile.A;
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
                a0 += stepA;
                b += strideB;
            }

            depth -= stepsPerFetch;
        }

        V.Store(left0, sums);
        V.Store(right0, sums + V.Count);
    }

    private static void TwoRows<V>(in TileOperands tile, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        V left0 = V.Zero, right0 = V.Zero;
        V left1 = V.Zero, right1 = V.Zero;
        float* sums = tile.Sums;
        nint sumStride = tile.SumStride;
        if (accumulate)
        {
            left0 = V.Load(sums);
            right0 = V.Load(sums + V.Count);
            sums += sumStride;
            left1 = V.Load(sums);
            right1 = V.Load(sums + V.Count);
            sums = tile.Sums;
        }

        float* a0 = tile.A;
        nint rowStride = tile.RowStrideA;
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
                a0 += stepA;
                b += strideB;
            }

            depth -= stepsPerFetch;
        }

        V.Store(left0, sums);
        V.Store(right0, sums + V.Count);
        sums += sumStride;
        V.Store(left1, sums);
        V.Store(right1, sums + V.Count);
    }

    private static void ThreeRows<V>(in TileOperands tile, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        V left0 = V.Zero, right0 = V.Zero;
        V left1 = V.Zero, right1 = V.Zero;
        V left2 = V.Zero, right2 = V.Zero;
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
            sums = tile.Sums;
        }

        float* a0 = tile.A;
        nint rowStride = tile.RowStrideA;
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
                a0 += stepA;
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
    }

    private static void FourRows<V>(in TileOperands tile, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        V left0 = V.Zero, right0 = V.Zero;
        V left1 = V.Zero, right1 = V.Zero;
        V left2 = V.Zero, right2 = V.Zero;
        V left3 = V.Zero, right3 = V.Zero;
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
    }

    private static void FiveRows<V>(in TileOperands tile, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        V left0 = V.Zero, right0 = V.Zero;
        V left1 = V.Zero, right1 = V.Zero;
        V left2 = V.Zero, right2 = V.Zero;
        V left3 = V.Zero, right3 = V.Zero;
        V left4 = V.Zero, right4 = V.Zero;
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
    }
}

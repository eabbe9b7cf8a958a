using Cameo.Kernels;
using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Benchmarks;

/// <summary>Independent multiply-adds in registers on every thread: the machine's limit for products of a kind.</summary>
internal struct NarrowMultiplyAddPeak : IParallelWork, IVectorAction
{
    private const int Chains = 12;

    public int Steps;
    public MultiplyAddKind Kind;

    /// <summary>Keeps the result alive.</summary>
    public float Sum;

    /// <summary>Multiply-adds a thread does in one run.</summary>
    public readonly double MultiplyAdds =>
        (double)Steps * Chains * (Kind != MultiplyAddKind.Floats && ByteDot.PrefersNarrowVectors ? 8 : VectorWidth.Lanes) * Kind switch { MultiplyAddKind.Bytes => 4, MultiplyAddKind.Shorts => 2, _ => 1 };

    public void Run(int part, int parts)
    {
        if (Kind != MultiplyAddKind.Floats && ByteDot.PrefersNarrowVectors)
        {
            Run<Vector256Float>();
        }
        else
        {
            VectorDispatch.Run(ref this);
        }
    }

    public void Run<V>()
        where V : struct, IVector<V>
    {
        switch (Kind)
        {
            case MultiplyAddKind.Bytes:
                Run<V, BytesStep>();
                break;
            case MultiplyAddKind.Shorts:
                Run<V, ShortsStep>();
                break;
            default:
                Run<V, FloatsStep>();
                break;
        }
    }

    private void Run<V, TStep>()
        where V : struct, IVector<V>
        where TStep : struct, IStep
    {
        V x = V.Broadcast(0.999f), y = V.Broadcast(0.001f);
        V s0 = x, s1 = x, s2 = x, s3 = x, s4 = x, s5 = x, s6 = x, s7 = x, s8 = x, s9 = x, s10 = x, s11 = x;
        for (int step = 0; step < Steps; step++)
        {
            s0 = TStep.Add(s0, x, y);
            s1 = TStep.Add(s1, x, y);
            s2 = TStep.Add(s2, x, y);
            s3 = TStep.Add(s3, x, y);
            s4 = TStep.Add(s4, x, y);
            s5 = TStep.Add(s5, x, y);
            s6 = TStep.Add(s6, x, y);
            s7 = TStep.Add(s7, x, y);
            s8 = TStep.Add(s8, x, y);
            s9 = TStep.Add(s9, x, y);
            s10 = TStep.Add(s10, x, y);
            s11 = TStep.Add(s11, x, y);
        }

        Sum = V.ReduceAdd(s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + s10 + s11);
    }

    /// <summary>One multiply-add that depends on the one before, so that none is hoisted out of the loop.</summary>
    private interface IStep
    {
        static abstract V Add<V>(V sum, V x, V y)
            where V : struct, IVector<V>;
    }

    private struct FloatsStep : IStep
    {
        public static V Add<V>(V sum, V x, V y)
            where V : struct, IVector<V> => V.MultiplyAdd(sum, x, y);
    }

    private struct BytesStep : IStep
    {
        public static V Add<V>(V sum, V x, V y)
            where V : struct, IVector<V> => ByteDot.MultiplyAdd(sum, sum, y);
    }

    private struct ShortsStep : IStep
    {
        public static V Add<V>(V sum, V x, V y)
            where V : struct, IVector<V> => ShortDot.MultiplyAdd(sum, sum, y);
    }
}

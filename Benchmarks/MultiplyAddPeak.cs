using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Benchmarks;

/// <summary>Independent multiply-adds in registers on every thread: the machine's limit for matrix products.</summary>
internal struct MultiplyAddPeak : IParallelWork, IVectorAction
{
    /// <summary>Multiply-adds of one vector in each step of the loop; enough to hide a latency of 4 cycles on two pipes.</summary>
    private const int Chains = 12;

    public int Steps;

    /// <summary>Multiply-adds of one step.</summary>
    public static double MultiplyAddsOfStep => (double)Chains * VectorWidth.Lanes;

    /// <summary>Keeps the result alive.</summary>
    public float Sum;

    /// <summary>Multiply-adds a thread does in one step.</summary>
    public readonly double MultiplyAddsPerStep => (double)Chains * VectorWidth.Lanes;

    /// <summary>Multiply-adds a thread does in one run.</summary>
    public readonly double MultiplyAdds => Steps * MultiplyAddsPerStep;

    public void Run(int part, int parts) => VectorDispatch.Run(ref this);

    public void Run<V>()
        where V : struct, IVector<V>
    {
        V x = V.Broadcast(0.999f), y = V.Broadcast(0.001f);
        V s0 = x, s1 = x, s2 = x, s3 = x, s4 = x, s5 = x, s6 = x, s7 = x, s8 = x, s9 = x, s10 = x, s11 = x;
        for (int step = 0; step < Steps; step++)
        {
            s0 = V.MultiplyAdd(s0, x, y);
            s1 = V.MultiplyAdd(s1, x, y);
            s2 = V.MultiplyAdd(s2, x, y);
            s3 = V.MultiplyAdd(s3, x, y);
            s4 = V.MultiplyAdd(s4, x, y);
            s5 = V.MultiplyAdd(s5, x, y);
            s6 = V.MultiplyAdd(s6, x, y);
            s7 = V.MultiplyAdd(s7, x, y);
            s8 = V.MultiplyAdd(s8, x, y);
            s9 = V.MultiplyAdd(s9, x, y);
            s10 = V.MultiplyAdd(s10, x, y);
            s11 = V.MultiplyAdd(s11, x, y);
        }

        Sum = V.ReduceAdd(s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + s10 + s11);
    }
}

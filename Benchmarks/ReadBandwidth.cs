using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Benchmarks;

/// <summary>The sum of a large array: the machine's limit for a matrix times a vector.</summary>
internal unsafe struct ReadBandwidth : IParallelWork
{
    public float* Data;
    public nint Length;

    /// <summary>Keeps the result alive.</summary>
    public float Sum;

    public void Run(int part, int parts)
    {
        nint begin = Length * part / parts / 128 * 128;
        nint end = Length * (part + 1) / parts / 128 * 128;
        var action = new SumAction { Begin = Data + begin, End = Data + end };
        VectorDispatch.Run(ref action);
        Sum = action.Sum;
    }

    private struct SumAction : IVectorAction
    {
        public float* Begin;
        public float* End;
        public float Sum;

        public void Run<V>()
            where V : struct, IVector<V>
        {
            V s0 = V.Zero, s1 = V.Zero, s2 = V.Zero, s3 = V.Zero, s4 = V.Zero, s5 = V.Zero, s6 = V.Zero, s7 = V.Zero;
            for (float* data = Begin; data < End; data += 8 * V.Count)
            {
                s0 += V.Load(data);
                s1 += V.Load(data + V.Count);
                s2 += V.Load(data + (2 * V.Count));
                s3 += V.Load(data + (3 * V.Count));
                s4 += V.Load(data + (4 * V.Count));
                s5 += V.Load(data + (5 * V.Count));
                s6 += V.Load(data + (6 * V.Count));
                s7 += V.Load(data + (7 * V.Count));
            }

            Sum = V.ReduceAdd(s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7);
        }
    }
}

using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Benchmarks;

/// <summary>The sum of a large array: the machine's limit for a matrix times a vector. Read in one of several orders, of which the fastest counts.</summary>
internal unsafe struct ReadBandwidth : IParallelWork
{
    public float* Data;
    public nint Length;
    public ReadOrder Order;

    /// <summary>Keeps the result alive.</summary>
    public float Sum;

    public void Run(int part, int parts)
    {
        nint begin = Length * part / parts / 512 * 512;
        nint end = Length * (part + 1) / parts / 512 * 512;
        var action = new SumAction { Begin = Data + begin, Length = end - begin, Order = Order };
        VectorDispatch.Run(ref action);
        Sum = action.Sum;
    }

    private struct SumAction : IVectorAction
    {
        public float* Begin;
        public nint Length;
        public ReadOrder Order;
        public float Sum;

        public void Run<V>()
            where V : struct, IVector<V>
        {
            switch (Order)
            {
                case ReadOrder.FourStreams:
                    SumStreams<V>(Length / 4, 2 * V.Count, fetchAhead: 0);
                    break;
                case ReadOrder.Fetching:
                    SumStreams<V>(2 * V.Count, 8 * V.Count, fetchAhead: 1024);
                    break;
                default:
                    SumStreams<V>(2 * V.Count, 8 * V.Count, fetchAhead: 0);
                    break;
            }
        }

        /// <summary>Reads two vectors from each of four places <paramref name="apart"/> floats from each other and goes on by <paramref name="step"/>.</summary>
        private void SumStreams<V>(nint apart, nint step, nint fetchAhead)
            where V : struct, IVector<V>
        {
            V s0 = V.Zero, s1 = V.Zero, s2 = V.Zero, s3 = V.Zero, s4 = V.Zero, s5 = V.Zero, s6 = V.Zero, s7 = V.Zero;
            nint steps = Length / (8 * V.Count);
            float* place0 = Begin;
            float* place1 = place0 + apart;
            float* place2 = place1 + apart;
            float* place3 = place2 + apart;
            for (; steps > 0; steps--)
            {
                if (fetchAhead != 0)
                {
                    for (nint ahead = 0; ahead < 8 * V.Count; ahead += Prefetch.LineFloats)
                    {
                        Prefetch.ToSecondLevel(place0 + fetchAhead + ahead);
                    }
                }

                s0 += V.Load(place0);
                s1 += V.Load(place0 + V.Count);
                s2 += V.Load(place1);
                s3 += V.Load(place1 + V.Count);
                s4 += V.Load(place2);
                s5 += V.Load(place2 + V.Count);
                s6 += V.Load(place3);
                s7 += V.Load(place3 + V.Count);
                place0 += step;
                place1 += step;
                place2 += step;
                place3 += step;
            }

            Sum = V.ReduceAdd(s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7);
        }
    }
}

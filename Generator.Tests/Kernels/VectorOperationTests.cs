using Cameo.Vectors;
using Xunit;

namespace Cameo.Tests.Kernels;

/// <summary>Every operation of a vector gives each lane the bits that <see cref="ScalarFloat"/> gives, and what .NET's scalar arithmetic gives.</summary>
[Trait("Widths", "all")]
public sealed unsafe class VectorOperationTests
{
    private static readonly float[] Values =
    [
        0f, -0f, 1f, -1f, 1.5f, -1.5f, 2.5f, -2.5f, 0.5f, 3.7f, -3.7f, 1e-40f, -1e-40f, 1e30f, -1e30f,
        float.MaxValue, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 2147483648f, -2147483904f, 123456.789f,
    ];

    private delegate float Scalar(float a, float b, float c);

    [Fact]
    public void LanesEqualScalars()
    {
        var action = new LanesAction();
        VectorDispatch.Run(ref action);
        Assert.True(action.Compared > 10_000);
    }

    [Fact]
    public void ScalarsEqualDotNet()
    {
        foreach (float a in Values)
        {
            foreach (float b in Values)
            {
                ScalarFloat x = new(a);
                ScalarFloat y = new(b);
                AssertSame(a + b, (x + y).Value);
                AssertSame(a / b, (x / y).Value);
                AssertSame(VectorWidth.HasFusedMultiplyAdd ? MathF.FusedMultiplyAdd(a, b, 1) : (a * b) + 1, ScalarFloat.MultiplyAdd(x, y, ScalarFloat.One).Value);
                Assert.Equal(MathF.Max(a, b), ScalarFloat.Max(x, y).Value);
                Assert.Equal(MathF.Min(a, b), ScalarFloat.Min(x, y).Value);
                AssertSame(a < b ? a : b, ScalarFloat.Select(ScalarFloat.LessThan(x, y), x, y).Value);
                AssertSame(a != b ? 1 : 0, ScalarFloat.And(ScalarFloat.NotEqual(x, y), ScalarFloat.One).Value);
            }

            AssertSame(MathF.Round(a, MidpointRounding.ToEven), ScalarFloat.Round(new(a)).Value);
            Assert.Equal(float.IsNaN(a) ? 0 : (int)Math.Clamp((double)a, int.MinValue, int.MaxValue), BitConverter.SingleToInt32Bits(ScalarFloat.ConvertToInt32(new(a)).Value));
        }
    }

    [Fact]
    public void ReductionsCoverEveryLane()
    {
        var action = new ReductionAction();
        VectorDispatch.Run(ref action);
        Assert.True(action.Done);
    }

    [Fact]
    public void PartialLoadsAndStoresTouchOnlyTheirLanes()
    {
        var action = new PartialAction();
        VectorDispatch.Run(ref action);
        Assert.True(action.Done);
    }

    private static void AssertSame(float expected, float actual) => Assert.True(
        BitConverter.SingleToInt32Bits(expected) == BitConverter.SingleToInt32Bits(actual) || (float.IsNaN(expected) && float.IsNaN(actual)),
        $"{actual:R} instead of {expected:R}");

    private struct LanesAction : IVectorAction
    {
        public long Compared;

        public void Run<V>()
            where V : struct, IVector<V>
        {
            // Every pair of values meets in every lane, beside other values in the other lanes.
            for (int shift = 0; shift < Values.Length; shift++)
            {
                for (int begin = 0; begin < Values.Length; begin++)
                {
                    Compare<V>(begin, begin + shift, begin + (2 * shift) + 1);
                }
            }
        }

        private void Compare<V>(int first, int second, int third)
            where V : struct, IVector<V>
        {
            const int results = 36;
            float* a = stackalloc float[16];
            float* b = stackalloc float[16];
            float* c = stackalloc float[16];
            for (int lane = 0; lane < V.Count; lane++)
            {
                a[lane] = Values[(first + lane) % Values.Length];
                b[lane] = Values[(second + lane) % Values.Length];
                c[lane] = Values[(third + lane) % Values.Length];
            }

            float* vectors = stackalloc float[results * 16];
            int count = Operations(V.Load(a), V.Load(b), V.Load(c), vectors);
            float* scalars = stackalloc float[results];
            for (int lane = 0; lane < V.Count; lane++)
            {
                Operations(new ScalarFloat(a[lane]), new ScalarFloat(b[lane]), new ScalarFloat(c[lane]), scalars);
                for (int operation = 0; operation < count; operation++)
                {
                    AssertSame(scalars[operation], vectors[(operation * V.Count) + lane]);
                    Compared++;
                }
            }
        }

        private static int Operations<V>(V a, V b, V c, float* results)
            where V : struct, IVector<V>
        {
            int index = 0;
            void Add(V value) => V.Store(value, results + (index++ * V.Count));
            Add(a + b);
            Add(a - b);
            Add(a * b);
            Add(a / b);
            Add(-a);
            Add(V.MultiplyAdd(a, b, c));
            Add(V.Min(a, b));
            Add(V.Max(a, b));
            Add(V.Abs(a));
            Add(V.Sqrt(a));
            Add(V.Floor(a));
            Add(V.Ceiling(a));
            Add(V.Round(a));
            Add(V.Truncate(a));
            Add(V.Equal(a, b));
            Add(V.NotEqual(a, b));
            Add(V.LessThan(a, b));
            Add(V.LessThanOrEqual(a, b));
            Add(V.GreaterThan(a, b));
            Add(V.GreaterThanOrEqual(a, b));
            Add(V.Select(V.LessThan(a, b), b, c));
            Add(V.And(a, b));
            Add(V.Or(a, b));
            Add(V.Xor(a, b));
            Add(V.AndNot(a, b));
            Add(V.Not(a));
            Add(V.AddBits(a, b));
            Add(V.SubtractBits(a, b));
            Add(V.ShiftLeft(a, 3));
            Add(V.ShiftRightArithmetic(a, 3));
            Add(V.ShiftRightLogical(a, 3));
            Add(V.ConvertToInt32(a));
            Add(V.ConvertFromInt32(a));
            Add(V.BroadcastBits(17));
            return index;
        }
    }

    private struct ReductionAction : IVectorAction
    {
        public bool Done;

        public void Run<V>()
            where V : struct, IVector<V>
        {
            float* lanes = stackalloc float[16];
            for (int special = 0; special < V.Count; special++)
            {
                for (int lane = 0; lane < V.Count; lane++)
                {
                    lanes[lane] = lane;
                }

                AssertSame(V.Count * (V.Count - 1) / 2, V.ReduceAdd(V.Load(lanes)));
                AssertSame(V.Count * (V.Count - 1) / 2, V.ReduceAdd(V.LaneIndices));
                lanes[special] = 100;
                AssertSame(100, V.ReduceMax(V.Load(lanes)));
                lanes[special] = -100;
                AssertSame(-100, V.ReduceMin(V.Load(lanes)));
                V mask = V.LessThan(V.Load(lanes), V.Broadcast(-50));
                Assert.True(V.Any(mask));
                Assert.Equal(V.Count == 1, V.All(mask));
                Assert.Equal(V.Count == 1, !V.Any(V.Not(mask)));
                lanes[special] = float.NaN;
                AssertSame(float.NaN, V.ReduceMax(V.Load(lanes)));
                AssertSame(float.NaN, V.ReduceMin(V.Load(lanes)));
                AssertSame(float.NaN, V.ReduceAdd(V.Load(lanes)));
            }

            Done = true;
        }
    }

    private struct PartialAction : IVectorAction
    {
        public bool Done;

        public void Run<V>()
            where V : struct, IVector<V>
        {
            float* source = stackalloc float[16];
            float* destination = stackalloc float[16];
            for (int count = 0; count <= V.Count; count++)
            {
                for (int lane = 0; lane < 16; lane++)
                {
                    source[lane] = lane + 1;
                    destination[lane] = -1;
                }

                V loaded = V.LoadPartial(source, count);
                AssertSame(count * (count + 1) / 2, V.ReduceAdd(loaded));
                V.StorePartial(loaded, destination, count);
                for (int lane = 0; lane < 16; lane++)
                {
                    AssertSame(lane < count ? lane + 1 : -1, destination[lane]);
                }
            }

            Done = true;
        }
    }
}

using Cameo.Vectors;
using Xunit;
using Xunit.Abstractions;

namespace Cameo.Tests.Kernels;

/// <summary>Accuracy of <see cref="VectorMath"/> against double, in steps over all float32 values.</summary>
[Trait("Widths", "all")]
public sealed unsafe class VectorMathTests(ITestOutputHelper output)
{
    // A prime, so that the samples do not share low mantissa bits.
    private const uint Step = 7919;

    private static readonly float[] SpecialValues =
    [
        0f, -0f, 1f, -1f, 0.5f, -0.5f, 2f, -2f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, float.MinValue,
        float.Epsilon, -float.Epsilon, 1.17549435e-38f, -1.17549435e-38f, 88.72283f, 88.72284f, -87.33654f, -103.97f, -103.98f, -104.5f,
        0.92999995f, 0.93f, 3.95f, 9.99f, 10f, 8192f, 8192.001f, 1e6f, 1.5e6f, 1.6e6f, 1e10f, 3.14159274f, 1.57079637f, 710f, -710f, 16777216f,
    ];

    [Fact]
    public void Exp() => Check<ExpFunction>(2);

    [Fact]
    public void ExpMinusOne() => Check<ExpMinusOneFunction>(3);

    [Fact]
    public void Log() => Check<LogFunction>(2);

    [Fact]
    public void LogPlusOne() => Check<LogPlusOneFunction>(3);

    [Fact]
    public void Sigmoid() => Check<SigmoidFunction>(3);

    [Fact]
    public void Tanh() => Check<TanhFunction>(4);

    [Fact]
    public void Erf() => Check<ErfFunction>(3);

    [Fact]
    public void Softplus() => Check<SoftplusFunction>(3);

    [Fact]
    public void Sin() => Check<SinFunction>(2);

    [Fact]
    public void Cos() => Check<CosFunction>(2);

    [Fact]
    public void Tan() => Check<TanFunction>(4);

    [Fact]
    public void Sinh() => Check<SinhFunction>(1);

    [Fact]
    public void Cosh() => Check<CoshFunction>(1);

    [Fact]
    public void Asin() => Check<AsinFunction>(1);

    [Fact]
    public void Acos() => Check<AcosFunction>(1);

    [Fact]
    public void Atan() => Check<AtanFunction>(1);

    [Fact]
    public void Asinh() => Check<AsinhFunction>(1);

    [Fact]
    public void Acosh() => Check<AcoshFunction>(1);

    [Fact]
    public void Atanh() => Check<AtanhFunction>(1);

    [Fact]
    public void Reciprocal() => Check<ReciprocalFunction>(0.5);

    [Fact]
    public void ReciprocalSqrt() => Check<ReciprocalSqrtFunction>(1.5);

    [Fact]
    public void Sign() => Check<SignFunction>(0);

    [Fact]
    public void PowAndRemainder()
    {
        var action = new TwoOperandsAction();
        VectorDispatch.Run(ref action);
        Assert.True(action.Compared > 1000);
    }

    private void Check<TFunction>(double bound)
        where TFunction : struct, IVectorFunction
    {
        var action = new SweepAction<TFunction>();
        VectorDispatch.Run(ref action);
        output.WriteLine($"{typeof(TFunction).Name}: {action.Worst:F3} ulp at {action.WorstValue:R}, got {action.WorstActual:R}");
        Assert.True(action.Compared > 500_000);
        Assert.True(action.Worst <= bound, $"{action.Worst} ulp at {action.WorstValue:R}: {action.WorstActual:R} instead of {TFunction.Expected(action.WorstValue):R}");
    }

    private struct SweepAction<TFunction> : IVectorAction
        where TFunction : struct, IVectorFunction
    {
        public double Worst;
        public float WorstValue;
        public float WorstActual;
        public long Compared;

        public void Run<V>()
            where V : struct, IVector<V>
        {
            float* values = stackalloc float[16];
            int filled = 0;
            foreach (float special in SpecialValues)
            {
                Add<V>(special, values, ref filled);
            }

            for (uint bits = 0; bits <= uint.MaxValue - Step; bits += Step)
            {
                Add<V>(BitConverter.UInt32BitsToSingle(bits), values, ref filled);
            }
        }

        private void Add<V>(float value, float* values, ref int filled)
            where V : struct, IVector<V>
        {
            values[filled++] = value;
            if (filled < V.Count)
            {
                return;
            }

            filled = 0;
            float* results = stackalloc float[16];
            V.Store(TFunction.Invoke(V.Load(values)), results);
            for (int lane = 0; lane < V.Count; lane++)
            {
                Compare(values[lane], results[lane]);
            }
        }

        private void Compare(float value, float actual)
        {
            float scalar = TFunction.Invoke(new ScalarFloat(value)).Value;
            bool same = BitConverter.SingleToInt32Bits(scalar) == BitConverter.SingleToInt32Bits(actual) || (float.IsNaN(scalar) && float.IsNaN(actual));
            Assert.True(same, $"At {value:R} a lane gives {actual:R} and a scalar {scalar:R}.");
            double error = Reference.UnitsInLastPlace(actual, TFunction.Expected(value));
            Compared++;
            if (error > Worst)
            {
                (Worst, WorstValue, WorstActual) = (error, value, actual);
            }
        }
    }

    private struct TwoOperandsAction : IVectorAction
    {
        public long Compared;

        public void Run<V>()
            where V : struct, IVector<V>
        {
            foreach (float left in SpecialValues)
            {
                foreach (float right in SpecialValues)
                {
                    float power = V.ReduceMax(VectorMath.Pow(V.Broadcast(left), V.Broadcast(right)));
                    Assert.True(Reference.UnitsInLastPlace(power, Math.Pow(left, right)) <= 1, $"{left:R} ^ {right:R} = {power:R}");
                    float remainder = V.ReduceMax(VectorMath.Remainder(V.Broadcast(left), V.Broadcast(right)));
                    Assert.True(Reference.UnitsInLastPlace(remainder, (double)left % right) == 0, $"{left:R} % {right:R} = {remainder:R}");
                    Compared++;
                }
            }
        }
    }

    private readonly struct ExpFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Exp(value);

        public static double Expected(double value) => Math.Exp(value);
    }

    private readonly struct ExpMinusOneFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.ExpMinusOne(value);

        public static double Expected(double value) => Reference.ExpMinusOne(value);
    }

    private readonly struct LogFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Log(value);

        public static double Expected(double value) => Math.Log(value);
    }

    private readonly struct LogPlusOneFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.LogPlusOne(value);

        public static double Expected(double value) => Reference.LogPlusOne(value);
    }

    private readonly struct SigmoidFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Sigmoid(value);

        public static double Expected(double value) => Reference.Sigmoid(value);
    }

    private readonly struct TanhFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Tanh(value);

        public static double Expected(double value) => Math.Tanh(value);
    }

    private readonly struct ErfFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Erf(value);

        public static double Expected(double value) => Reference.Erf(value);
    }

    private readonly struct SoftplusFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Softplus(value);

        public static double Expected(double value) => Reference.Softplus(value);
    }

    private readonly struct SinFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Sin(value);

        public static double Expected(double value) => Math.Sin(value);
    }

    private readonly struct CosFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Cos(value);

        public static double Expected(double value) => Math.Cos(value);
    }

    private readonly struct TanFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Tan(value);

        public static double Expected(double value) => Math.Tan(value);
    }

    private readonly struct SinhFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Sinh(value);

        public static double Expected(double value) => Math.Sinh(value);
    }

    private readonly struct CoshFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Cosh(value);

        public static double Expected(double value) => Math.Cosh(value);
    }

    private readonly struct AsinFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Asin(value);

        public static double Expected(double value) => Math.Asin(value);
    }

    private readonly struct AcosFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Acos(value);

        public static double Expected(double value) => Math.Acos(value);
    }

    private readonly struct AtanFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Atan(value);

        public static double Expected(double value) => Math.Atan(value);
    }

    private readonly struct AsinhFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Asinh(value);

        public static double Expected(double value) => Math.Asinh(value);
    }

    private readonly struct AcoshFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Acosh(value);

        public static double Expected(double value) => Math.Acosh(value);
    }

    private readonly struct AtanhFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Atanh(value);

        public static double Expected(double value) => Math.Atanh(value);
    }

    private readonly struct ReciprocalFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Reciprocal(value);

        public static double Expected(double value) => 1 / value;
    }

    private readonly struct ReciprocalSqrtFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.ReciprocalSqrt(value);

        public static double Expected(double value) => 1 / Math.Sqrt(value);
    }

    private readonly struct SignFunction : IVectorFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Sign(value);

        public static double Expected(double value) => double.IsNaN(value) ? value : Math.Sign(value);
    }
}

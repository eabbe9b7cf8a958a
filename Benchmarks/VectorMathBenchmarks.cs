using BenchmarkDotNet.Attributes;
using Cameo.Vectors;

namespace Cameo.Benchmarks;

/// <summary>Elementary functions over an array that stays in the first-level cache.</summary>
public unsafe class VectorMathBenchmarks : IDisposable
{
    private const int Length = 2048;
    private readonly NativeBuffer _source = new NativeBuffer(Length).Fill(1);
    private readonly NativeBuffer _destination = new(Length);

    [Benchmark(OperationsPerInvoke = Length)]
    public void Exp() => Apply<ExpFunction>();

    [Benchmark(OperationsPerInvoke = Length)]
    public void Tanh() => Apply<TanhFunction>();

    [Benchmark(OperationsPerInvoke = Length)]
    public void Erf() => Apply<ErfFunction>();

    [Benchmark(OperationsPerInvoke = Length)]
    public void Sin() => Apply<SinFunction>();

    public void Dispose()
    {
        _source.Dispose();
        _destination.Dispose();
        GC.SuppressFinalize(this);
    }

    private void Apply<TFunction>()
        where TFunction : struct, IFunction
    {
        var action = new ApplyAction<TFunction> { Source = _source.Pointer, Destination = _destination.Pointer };
        VectorDispatch.Run(ref action);
    }

    private interface IFunction
    {
        static abstract V Invoke<V>(V value)
            where V : struct, IVector<V>;
    }

    private struct ApplyAction<TFunction> : IVectorAction
        where TFunction : struct, IFunction
    {
        public float* Source;
        public float* Destination;

        public void Run<V>()
            where V : struct, IVector<V>
        {
            for (int index = 0; index < Length; index += V.Count)
            {
                V.Store(TFunction.Invoke(V.Load(Source + index)), Destination + index);
            }
        }
    }

    private readonly struct ExpFunction : IFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Exp(value);
    }

    private readonly struct TanhFunction : IFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Tanh(value);
    }

    private readonly struct ErfFunction : IFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Erf(value);
    }

    private readonly struct SinFunction : IFunction
    {
        public static V Invoke<V>(V value)
            where V : struct, IVector<V> => VectorMath.Sin(value);
    }
}

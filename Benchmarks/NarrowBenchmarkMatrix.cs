using Cameo.Kernels;

namespace Cameo.Benchmarks;

/// <summary>A matrix with its format as a type, which calls then infer.</summary>
internal readonly unsafe struct NarrowBenchmarkMatrix<TFormat>(NarrowMatrix matrix)
    where TFormat : struct, INarrowFormat
{
    public NarrowMatrix Matrix { get; } = matrix;

    public uint* Words => Matrix.Words;
}

using Cameo.Kernels;

namespace Cameo.Benchmarks;

/// <summary>Matrices of one format to be used in turn.</summary>
internal sealed unsafe class NarrowBenchmarkWeights<TFormat> : IDisposable
    where TFormat : struct, INarrowFormat
{
    private readonly int _depth;
    private readonly int _columns;
    private readonly int _blockSize;
    private readonly bool _halfScales;
    private readonly nint _wordCount;
    private readonly nint _scaleCount;
    private readonly int _count;
    private readonly NativeBuffer _scales;

    public NarrowBenchmarkWeights(int depth, int columns, int blockSize, long bytes, bool halfScales)
    {
        (_depth, _columns, _blockSize, _halfScales) = (depth, columns, blockSize, halfScales);
        _wordCount = (nint)depth / TFormat.ElementsPerWord * columns;
        _scaleCount = TFormat.IsInteger ? (nint)depth / blockSize * columns / (halfScales ? 2 : 1) : 0;
        MatrixBytes = (_wordCount + _scaleCount) * sizeof(uint);
        _count = (int)Math.Max(1, bytes / MatrixBytes);
        Words = new NativeBuffer(_count * _wordCount).Fill(3);
        if (!TFormat.IsInteger)
        {
            // Clears the highest bit of the exponents, so that numbers are finite and small.
            for (nint index = 0; index < Words.Length; index++)
            {
                ((uint*)Words.Pointer)[index] &= 0xBFFF_BFFF;
            }
        }

        _scales = new NativeBuffer(_count * _scaleCount + 1);
        if (halfScales)
        {
            new Span<Half>(_scales.Pointer, checked((int)(_scales.Length * 2))).Fill((Half)0.01f);
        }
        else
        {
            _scales.Span.Fill(0.01f);
        }
    }

    /// <summary>The words of all matrices.</summary>
    public NativeBuffer Words { get; }

    /// <summary>Bytes that one product reads.</summary>
    public long MatrixBytes { get; }

    public NarrowBenchmarkMatrix<TFormat> this[int turn]
    {
        get
        {
            int index = turn % _count;
            float* scales = _scales.Pointer + (index * _scaleCount);
            return new(new NarrowMatrix
            {
                Words = (uint*)Words.Pointer + (index * _wordCount),
                Scales = _halfScales || !TFormat.IsInteger ? null : scales,
                HalfScales = _halfScales ? (Half*)scales : null,
                Depth = _depth,
                Columns = _columns,
                BlockSize = _blockSize,
            });
        }
    }

    public void Dispose()
    {
        Words.Dispose();
        _scales.Dispose();
    }
}

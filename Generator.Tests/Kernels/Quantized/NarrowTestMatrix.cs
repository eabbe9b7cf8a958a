using Cameo.Kernels;
using Cameo.Vectors;

namespace Cameo.Tests.Kernels.Quantized;

/// <summary>A random matrix in a narrow format, packed element by element as the format's description says, and the same numbers in double.</summary>
internal sealed unsafe class NarrowTestMatrix : IDisposable
{
    private const int Width = NarrowMatrix.PanelColumns;
    private readonly GuardedBuffer<uint> _words;
    private readonly GuardedBuffer<float>? _scales;
    private readonly GuardedBuffer<Half>? _halfScales;
    private readonly GuardedBuffer<byte>? _zeroPoints;
    private readonly GuardedBuffer<float>? _floatZeroPoints;

    private NarrowTestMatrix(int depth, int columns, int elementsPerWord, int blocks)
    {
        Depth = depth;
        Columns = columns;
        Blocks = blocks;
        Values = new double[depth, columns];
        Panels = (columns + Width - 1) / Width;
        WordRows = (depth + elementsPerWord - 1) / elementsPerWord;
        _words = new(Math.Max(Panels * WordRows * Width, 1));
    }

    private NarrowTestMatrix(int depth, int columns, int elementsPerWord, int blocks, ZeroPointKind zeroPoints, bool halfScales)
        : this(depth, columns, elementsPerWord, blocks)
    {
        int parameters = Panels * blocks * Width;
        _scales = halfScales ? null : new(parameters);
        _halfScales = halfScales ? new(parameters) : null;
        _zeroPoints = zeroPoints == ZeroPointKind.Bytes ? new(parameters) : null;
        _floatZeroPoints = zeroPoints == ZeroPointKind.Floats ? new(parameters) : null;
    }

    public int Depth { get; }

    public int Columns { get; }

    public int Blocks { get; }

    /// <summary>The weights.</summary>
    public double[,] Values { get; }

    public NarrowMatrix Matrix { get; private set; }

    /// <summary>Largest size of a stored number and its zero point, times the scale.</summary>
    public double Magnitude { get; private set; } = 1;

    private int Panels { get; }

    private int WordRows { get; }

    public static NarrowTestMatrix UInt4(int depth, int columns, int blockSize, ZeroPointKind zeroPoints, bool halfScales, int seed) =>
        Integers(depth, columns, blockSize, zeroPoints, halfScales, seed, elementsPerWord: 8, low: 0, high: 15, defaultZero: 8, (stored, element) => (uint)stored << ((8 * (element % 4)) + (element >= 4 ? 4 : 0)));

    public static NarrowTestMatrix Int8(int depth, int columns, int blockSize, ZeroPointKind zeroPoints, bool halfScales, int seed) =>
        Integers(depth, columns, blockSize, zeroPoints, halfScales, seed, elementsPerWord: 4, low: -128, high: 127, defaultZero: 0, (stored, element) => (uint)(byte)stored << (8 * element));

    public static NarrowTestMatrix Half(int depth, int columns, int seed) =>
        Floats(depth, columns, seed, value => (BitConverter.HalfToUInt16Bits((Half)value), (double)(Half)value));

    public static NarrowTestMatrix BFloat16(int depth, int columns, int seed) =>
        Floats(depth, columns, seed, value => (((BFloat16)value).Bits, (double)(float)(BFloat16)value));

    public void Dispose()
    {
        _words.Dispose();
        _scales?.Dispose();
        _halfScales?.Dispose();
        _zeroPoints?.Dispose();
        _floatZeroPoints?.Dispose();
    }

    private static NarrowTestMatrix Integers(
        int depth, int columns, int blockSize, ZeroPointKind zeroPoints, bool halfScales, int seed, int elementsPerWord, int low, int high, int defaultZero, Func<int, int, uint> place)
    {
        int blocks = blockSize >= depth ? 1 : (depth + blockSize - 1) / blockSize;
        var random = new Random(seed);
        var result = new NarrowTestMatrix(depth, columns, elementsPerWord, blocks, zeroPoints, halfScales);
        for (int column = 0; column < columns; column++)
        {
            double scale = 0, zero = 0;
            for (int k = 0; k < depth; k++)
            {
                if (k % blockSize == 0)
                {
                    int index = (((column / Width * blocks) + (blocks == 1 ? 0 : k / blockSize)) * Width) + (column % Width);
                    (scale, zero) = result.MakeParameters(random, index, low, high, defaultZero);
                }

                int stored = random.Next(low, high + 1);
                result.Words(k, column, elementsPerWord) |= place(stored, k % elementsPerWord);
                result.Values[k, column] = (stored - zero) * scale;
                result.Magnitude = Math.Max(result.Magnitude, (Math.Abs(stored) + Math.Abs(zero)) * Math.Abs(scale));
            }
        }

        result.Matrix = result.Describe(blockSize);
        return result;
    }

    private static NarrowTestMatrix Floats(int depth, int columns, int seed, Func<float, (ushort Bits, double Value)> convert)
    {
        var random = new Random(seed);
        var result = new NarrowTestMatrix(depth, columns, 2, 1);
        for (int column = 0; column < columns; column++)
        {
            for (int k = 0; k < depth; k++)
            {
                // Every fourth is subnormal as a float16.
                float scale = random.Next(4) == 0 ? 1e-5f : 1;
                (ushort bits, double value) = convert(((random.NextSingle() * 2) - 1) * scale);
                result.Words(k, column, 2) |= (uint)bits << (16 * (k % 2));
                result.Values[k, column] = value;
            }
        }

        result.Matrix = result.Describe(depth);
        return result;
    }

    private ref uint Words(int k, int column, int elementsPerWord) =>
        ref _words.Pointer[(((column / Width * WordRows) + (k / elementsPerWord)) * Width) + (column % Width)];

    private (double Scale, double ZeroPoint) MakeParameters(Random random, int index, int low, int high, int defaultZero)
    {
        double scale;
        if (_halfScales is null)
        {
            _scales!.Pointer[index] = (random.NextSingle() - 0.3f) * 0.1f;
            scale = _scales.Pointer[index];
        }
        else
        {
            _halfScales.Pointer[index] = (Half)((random.NextSingle() - 0.3f) * 0.1f);
            scale = (double)_halfScales.Pointer[index];
        }

        if (_zeroPoints is not null)
        {
            int zero = random.Next(low, high + 1);
            _zeroPoints.Pointer[index] = (byte)zero;
            return (scale, zero);
        }

        if (_floatZeroPoints is not null)
        {
            _floatZeroPoints.Pointer[index] = low + (random.NextSingle() * (high - low));
            return (scale, _floatZeroPoints.Pointer[index]);
        }

        return (scale, defaultZero);
    }

    private NarrowMatrix Describe(int blockSize) => new()
    {
        Words = _words.Pointer,
        Scales = _scales is null ? null : _scales.Pointer,
        HalfScales = _halfScales is null ? null : _halfScales.Pointer,
        ZeroPoints = _zeroPoints is null ? null : _zeroPoints.Pointer,
        FloatZeroPoints = _floatZeroPoints is null ? null : _floatZeroPoints.Pointer,
        Depth = Depth,
        Columns = Columns,
        BlockSize = blockSize,
    };
}

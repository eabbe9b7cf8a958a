using System.Runtime.CompilerServices;
using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// A pooling. A unit of work is some rows of one output slice of one channel of one image. Threads share the rows of every channel where these are enough, as convolutions
/// before and after do: so most of what a thread reads lies in its own cache. Else they share channels.
/// </summary>
internal unsafe struct PoolingWork<V, TReduction, TEpilogue> : IParallelWork
    where V : struct, IVector<V>
    where TReduction : struct, IPoolingReduction
    where TEpilogue : struct, IChannelEpilogue
{
    /// <summary>Results written in one go; rows are often too short to fill vectors on their own.</summary>
    private const int ResultsPerUnit = 1024;

    /// <summary>Fewer rows a part would read those that windows have in common too often.</summary>
    private const int MinimumRowsPerPart = 4;

    private readonly Workers _workers;
    private readonly PoolingShape _shape;
    private readonly bool _includePadding;
    private readonly float* _input;
    private readonly float* _output;
    private readonly int _rowsPerUnit;
    private readonly int _unitsPerSlice;

    /// <summary>Floats of a row with its padding, as far as full vectors of windows reach.</summary>
    private readonly nint _rowPitch;
    private TEpilogue _epilogue;

    public PoolingWork(Workers workers, in PoolingShape shape, bool includePadding, float* input, float* output, TEpilogue epilogue)
    {
        _workers = workers;
        _shape = shape;
        _includePadding = includePadding;
        _input = input;
        _output = output;
        _epilogue = epilogue;
        _rowsPerUnit = Math.Clamp(ResultsPerUnit / Math.Max(1, shape.Width.Output), 1, Math.Max(1, shape.Height.Output));
        _unitsPerSlice = (shape.Height.Output + _rowsPerUnit - 1) / _rowsPerUnit;
        nint reach = ((nint)(shape.Width.Output + V.Count) * shape.Width.Stride) + ((nint)shape.Width.Kernel * shape.Width.Dilation) + V.Count;
        _rowPitch = ConvolutionScratch.Align(Math.Max(reach, (nint)shape.Width.PadBegin + shape.Width.Input + V.Count));
    }

    public readonly long Units => _shape.OutputPlane == 0 ? 0 : (long)_shape.Batch * _shape.Channels * _shape.Depth.Output * _unitsPerSlice;

    public void Run(int part, int parts)
    {
        nint rowFloats = ConvolutionScratch.Align(_rowPitch * _rowsPerUnit);
        nint resultFloats = ConvolutionScratch.Align(((nint)_rowsPerUnit * _shape.Width.Output) + V.Count);
        nint divisorFloats = ConvolutionScratch.Align(_shape.Width.Output + V.Count);
        var row = (float*)_workers.Scratch(part, (nuint)(rowFloats + resultFloats + divisorFloats) * sizeof(float));
        float* results = row + rowFloats;
        float* divisors = results + resultFloats;
        new Span<float>(row, (int)rowFloats).Fill(TReduction.Padding);
        for (int x = 0; x < _shape.Width.Output + V.Count; x++)
        {
            divisors[x] = x < _shape.Width.Output ? new PoolingWindow(_shape.Width, x).Divisor(_includePadding) : 1;
        }

        int height = _shape.Height.Output;
        long slices = (long)_shape.Batch * _shape.Channels * _shape.Depth.Output;
        bool shareRows = parts > 1 && height >= MinimumRowsPerPart * parts;
        int firstRow = shareRows ? (int)((long)height * part / parts) : 0;
        int endRow = shareRows ? (int)((long)height * (part + 1) / parts) : height;
        long firstUnit = shareRows ? 0 : Units * part / parts;
        long endUnit = shareRows ? slices * _unitsPerSlice : Units * (part + 1) / parts;
        for (long unit = firstUnit; unit < endUnit; unit++)
        {
            (long slice, long block) = Math.DivRem(unit, _unitsPerSlice);
            int first = Math.Max((int)block * _rowsPerUnit, firstRow);
            int end = Math.Min(((int)block + 1) * _rowsPerUnit, endRow);
            if (first < end)
            {
                RunRows(slice, first, end, row, results, divisors);
            }
        }
    }

    private void RunRows(long index, int first, int end, float* row, float* results, float* divisors)
    {
        (index, long slice) = Math.DivRem(index, _shape.Depth.Output);
        var plane = (nint)index;
        var depth = new PoolingWindow(_shape.Depth, (int)slice);
        for (int y = first; y < end; y++)
        {
            ReduceRows(plane, depth, new PoolingWindow(_shape.Height, y), row + ((y - first) * _rowPitch) + _shape.Width.PadBegin);
        }

        // All rows are reduced first: loads that straddle stores which are still under way would wait for them.
        float* result = results;
        for (int y = first; y < end; y++)
        {
            ReduceColumns(row, result, divisors, depth.Divisor(_includePadding) * new PoolingWindow(_shape.Height, y).Divisor(_includePadding));
            row += _rowPitch;
            result += _shape.Width.Output;
        }

        nint offset = (plane * _shape.OutputPlane) + ((((nint)slice * _shape.Height.Output) + first) * _shape.Width.Output);
        ConvolutionResults.WriteRun<V, TEpilogue>(
            ref _epilogue, results, (nint)(end - first) * _shape.Width.Output, plane % _shape.Channels, _output, offset);
    }

    /// <summary>Combines the rows of a window, for all input columns.</summary>
    private readonly void ReduceRows(nint plane, PoolingWindow depth, PoolingWindow height, float* row)
    {
        nint width = _shape.Width.Input;
        if (depth.Count == 0 || height.Count == 0)
        {
            new Span<float>(row, (int)width).Fill(TReduction.Padding);
            return;
        }

        nint sliceFloats = _shape.Height.Input * width;
        float* first = _input + (plane * _shape.InputPlane) + (depth.First * sliceFloats) + (height.First * width);
        nint sliceStep = _shape.Depth.Dilation * sliceFloats;
        nint rowStep = _shape.Height.Dilation * width;
        float* last = first + ((depth.Count - 1) * sliceStep) + ((height.Count - 1) * rowStep);
        float* inputEnd = _input + ((nint)_shape.Batch * _shape.Channels * _shape.InputPlane);
        nint x = 0;

        // What a full vector reads beyond the row belongs to the next, except at the input's end; what it writes there is overwritten with padding.
        for (; x < width && last + x + V.Count <= inputEnd; x += V.Count)
        {
            V.Store(ReduceColumn<V>(first + x, depth.Count, sliceStep, height.Count, rowStep), row + x);
        }

        if (x > width)
        {
            V.Store(V.Broadcast(TReduction.Padding), row + width);
        }

        for (; x < width; x++)
        {
            ScalarFloat.Store(ReduceColumn<ScalarFloat>(first + x, depth.Count, sliceStep, height.Count, rowStep), row + x);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static VColumn ReduceColumn<VColumn>(float* source, int slices, nint sliceStep, int rows, nint rowStep)
        where VColumn : struct, IVector<VColumn>
    {
        VColumn reduced = VColumn.Load(source);
        for (int slice = 0; slice < slices; slice++)
        {
            float* element = source + (slice * sliceStep);
            int row = 0;
            if (slice == 0)
            {
                row = 1;
                element += rowStep;
            }

            for (; row < rows; row++, element += rowStep)
            {
                reduced = TReduction.Combine(reduced, VColumn.Load(element));
            }
        }

        return reduced;
    }

    /// <summary>Combines the columns of all windows of a row; writes up to one vector less one float too much.</summary>
    private readonly void ReduceColumns(float* row, float* result, float* divisors, int divisor)
    {
        int stride = _shape.Width.Stride;
        if (stride == 1)
        {
            ReduceColumns<ContiguousLoad>(row, result, divisors, divisor);
        }
        else if (stride == 2 && V.Count > 1)
        {
            ReduceColumns<EvenLoad>(row, result, divisors, divisor);
        }
        else
        {
            ReduceColumns<StridedLoad>(row, result, divisors, divisor);
        }
    }

    private readonly void ReduceColumns<TLoad>(float* row, float* result, float* divisors, int divisor)
        where TLoad : struct, IWindowLoad
    {
        nint stride = _shape.Width.Stride;
        nint dilation = _shape.Width.Dilation;
        V rowDivisor = V.Broadcast(divisor);
        for (nint x = 0; x < _shape.Width.Output; x += V.Count)
        {
            float* window = row + (x * stride);
            V reduced = TLoad.Load<V>(window, stride);
            for (int tap = 1; tap < _shape.Width.Kernel; tap++)
            {
                reduced = TReduction.Combine(reduced, TLoad.Load<V>(window + (tap * dilation), stride));
            }

            if (TReduction.Divides)
            {
                // A window that lies in padding which does not count has no elements; its sum is 0.
                reduced /= V.Max(V.Load(divisors + x) * rowDivisor, V.One);
            }

            V.Store(reduced, result + x);
        }
    }
}

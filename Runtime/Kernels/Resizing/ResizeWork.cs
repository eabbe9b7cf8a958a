using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A resize. A unit of work is one output row.</summary>
internal unsafe struct ResizeWork<V, TEpilogue>(
    Workers workers,
    int batch,
    int channels,
    ResizeAxis height,
    ResizeAxis width,
    ResizeCoordinates coordinates,
    ResizeRounding rounding,
    bool linear,
    ResizeSample* columns,
    float* input,
    float* output,
    TEpilogue epilogue) : IParallelWork
    where V : struct, IVector<V>
    where TEpilogue : struct, IChannelEpilogue
{
    private TEpilogue _epilogue = epilogue;

    public void Run(int part, int parts)
    {
        long rows = (long)batch * channels * height.Output;
        long end = rows * (part + 1) / parts;
        nint blendedFloats = ConvolutionScratch.Align(width.Input);
        var blended = (float*)workers.Scratch(part, (nuint)(blendedFloats + width.Output) * sizeof(float));
        float* results = blended + blendedFloats;
        float* lastRow = null;
        for (long row = rows * part / parts; row < end; row++)
        {
            (long plane, long y) = Math.DivRem(row, height.Output);
            float* image = input + ((nint)plane * height.Input * width.Input);
            if (linear)
            {
                Blend(image, ResizeSample.Linear(height, (int)y, coordinates), blended);
                Interpolate(blended, results);
            }
            else
            {
                // Enlarging repeats rows: what was gathered for the row above is often what this one needs.
                float* source = image + ((nint)height.Nearest((int)y, coordinates, rounding) * width.Input);
                if (source != lastRow)
                {
                    Gather(source, results);
                    lastRow = source;
                }
            }

            ConvolutionResults.WriteRun<V, TEpilogue>(
                ref _epilogue, results, width.Output, (nint)(plane % channels), output, (nint)row * width.Output);
        }
    }

    /// <summary>Blends two input rows; <c>0 · x</c> is not skipped, so that NaN and infinity spread as in ONNX Runtime.</summary>
    private readonly void Blend(float* image, in ResizeSample sample, float* row)
    {
        float* first = image + ((nint)sample.First * width.Input);
        float* second = image + ((nint)sample.Second * width.Input);
        nint x = 0;
        for (; x + V.Count <= width.Input; x += V.Count)
        {
            V.Store(
                V.MultiplyAdd(V.Load(second + x), V.Broadcast(sample.SecondWeight), V.Load(first + x) * V.Broadcast(sample.FirstWeight)),
                row + x);
        }

        for (; x < width.Input; x++)
        {
            ScalarFloat.Store(
                ScalarFloat.MultiplyAdd(
                    ScalarFloat.Load(second + x),
                    ScalarFloat.Broadcast(sample.SecondWeight),
                    ScalarFloat.Load(first + x) * ScalarFloat.Broadcast(sample.FirstWeight)),
                row + x);
        }
    }

    private readonly void Interpolate(float* row, float* results)
    {
        for (int x = 0; x < width.Output; x++)
        {
            ResizeSample sample = columns[x];
            results[x] = (row[sample.First] * sample.FirstWeight) + (row[sample.Second] * sample.SecondWeight);
        }
    }

    private readonly void Gather(float* row, float* results)
    {
        for (int x = 0; x < width.Output; x++)
        {
            results[x] = row[columns[x].First];
        }
    }
}

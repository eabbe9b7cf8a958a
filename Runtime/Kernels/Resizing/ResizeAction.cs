using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Prepares the columns' samples, which all rows share, and resizes with the vector width of the process.</summary>
internal readonly unsafe struct ResizeAction<TEpilogue>(
    Workers workers,
    int batch,
    int channels,
    ResizeAxis height,
    ResizeAxis width,
    ResizeCoordinates coordinates,
    ResizeRounding rounding,
    bool linear,
    float* input,
    float* output,
    TEpilogue epilogue) : IVectorAction
    where TEpilogue : struct, IChannelEpilogue
{
    public void Run<V>()
        where V : struct, IVector<V>
    {
        double elements = (double)batch * channels * height.Output * width.Output;
        if (elements == 0)
        {
            return;
        }

        var columns = (ResizeSample*)workers.SharedScratch((nuint)width.Output * (nuint)sizeof(ResizeSample));
        for (int x = 0; x < width.Output; x++)
        {
            columns[x] = linear
                ? ResizeSample.Linear(width, x, coordinates)
                : ResizeSample.Nearest(width, x, coordinates, rounding);
        }

        var work = new ResizeWork<V, TEpilogue>(workers, batch, channels, height, width, coordinates, rounding, linear, columns, input, output, epilogue);
        long rows = (long)batch * channels * height.Output;
        workers.Run(ref work, (int)Math.Clamp(Math.Min(elements / Resize.MinimumWorkPerThread, rows), 1, workers.Count));
    }
}

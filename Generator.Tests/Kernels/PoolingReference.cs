using Cameo.Kernels;

namespace Cameo.Tests.Kernels;

/// <summary>One window of a pooling by the definition, in double precision.</summary>
internal readonly record struct PoolingReference(float Maximum, long Index, double Mean, double PaddedMean)
{
    public static PoolingReference Window(PoolingShape shape, float[] input, int element)
    {
        int x = element % shape.Width.Output;
        int y = element / shape.Width.Output % shape.Height.Output;
        int z = element / (shape.Width.Output * shape.Height.Output) % shape.Depth.Output;
        int plane = element / (int)shape.OutputPlane;
        float maximum = float.MinValue;
        long best = -1;
        double sum = 0;
        int count = 0;
        int padded = 0;
        foreach (int sourceZ in Taps(shape.Depth, z))
        {
            foreach (int sourceY in Taps(shape.Height, y))
            {
                foreach (int sourceX in Taps(shape.Width, x))
                {
                    padded++;
                    if (!Inside(shape.Depth, sourceZ) || !Inside(shape.Height, sourceY) || !Inside(shape.Width, sourceX))
                    {
                        continue;
                    }

                    int index = (((((plane * shape.Depth.Input) + sourceZ) * shape.Height.Input) + sourceY) * shape.Width.Input) + sourceX;
                    sum += input[index];
                    count++;
                    if (input[index] > maximum)
                    {
                        maximum = input[index];
                        best = index;
                    }
                }
            }
        }

        return new PoolingReference(maximum, best, sum / Math.Max(1, count), sum / Math.Max(1, padded));
    }

    private static bool Inside(SpatialAxis axis, int coordinate) => coordinate >= 0 && coordinate < axis.Input;

    /// <summary>Coordinates of a window's taps as far as input and padding reach.</summary>
    private static IEnumerable<int> Taps(SpatialAxis axis, int output) => Enumerable.Range(0, axis.Kernel)
        .Select(tap => (output * axis.Stride) + (tap * axis.Dilation) - axis.PadBegin)
        .Where(coordinate => coordinate < axis.Input + axis.PadEnd);
}

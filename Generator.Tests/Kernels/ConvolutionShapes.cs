using Cameo.Kernels;

namespace Cameo.Tests.Kernels;

/// <summary>Makes shapes for convolution and pooling tests.</summary>
internal static class ConvolutionShapes
{
    /// <summary>An axis of an ordinary convolution whose output is everything that fits.</summary>
    public static SpatialAxis Forward(int input, int kernel, int stride = 1, int dilation = 1, int padBegin = 0, int padEnd = 0) =>
        new(input, ((input + padBegin + padEnd - ((kernel - 1) * dilation) - 1) / stride) + 1, kernel, stride, dilation, padBegin, padEnd);

    public static SpatialAxis Transposed(
        int input, int kernel, int stride = 1, int dilation = 1, int padBegin = 0, int padEnd = 0, int outputPadding = 0) =>
        new(input, ((input - 1) * stride) + ((kernel - 1) * dilation) + 1 - padBegin - padEnd + outputPadding, kernel, stride, dilation, padBegin, padEnd);

    public static ConvolutionShape TwoDimensional(int batch, int inputs, int outputs, int groups, SpatialAxis height, SpatialAxis width) =>
        new(batch, inputs, outputs, groups, SpatialAxis.Single, height, width);

    /// <summary>A small random shape with all of its parameters in play.</summary>
    public static ConvolutionShape Random(Random random, bool transposed, bool depthwise)
    {
        int groups = random.Next(3) == 0 ? random.Next(2, 5) : 1;
        int inputs = groups * random.Next(1, 6);
        int outputs = groups * (random.Next(4) == 0 ? random.Next(16, 40) : random.Next(1, 14));
        if (depthwise)
        {
            groups = inputs = outputs = random.Next(1, 6);
        }

        SpatialAxis depth = random.Next(5) == 0 ? RandomAxis(random, transposed, 4) : SpatialAxis.Single;
        SpatialAxis height = random.Next(4) == 0 ? SpatialAxis.Single : RandomAxis(random, transposed, 13);
        return new ConvolutionShape(random.Next(1, 3), inputs, outputs, groups, depth, height, RandomAxis(random, transposed, 40));
    }

    public static SpatialAxis RandomAxis(Random random, bool transposed, int largest)
    {
        while (true)
        {
            int input = random.Next(1, largest + 1);
            int kernel = random.Next(1, 6);
            int stride = random.Next(2) == 0 ? 1 : random.Next(1, 5);
            int dilation = random.Next(3) == 0 ? random.Next(1, 5) : 1;
            int padBegin = random.Next(2) == 0 ? 0 : random.Next(0, 6);
            int padEnd = random.Next(2) == 0 ? 0 : random.Next(0, 6);
            SpatialAxis axis = transposed
                ? Transposed(input, kernel, stride, dilation, padBegin, padEnd, random.Next(stride))
                : Forward(input, kernel, stride, dilation, padBegin, padEnd);
            if (axis.Output > 0 && (transposed || input + padBegin + padEnd >= ((kernel - 1) * dilation) + 1))
            {
                return axis;
            }
        }
    }
}

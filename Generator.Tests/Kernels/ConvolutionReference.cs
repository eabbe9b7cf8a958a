using Cameo.Kernels;

namespace Cameo.Tests.Kernels;

/// <summary>Convolutions as the definitions have them, in double precision; <c>Magnitudes</c> sums absolute products, for error bounds.</summary>
internal static class ConvolutionReference
{
    public static (double[] Values, double[] Magnitudes) Direct(ConvolutionShape shape, float[] input, float[] weights)
    {
        var values = new double[shape.Batch * shape.OutputChannels * (int)shape.OutputPlane];
        var magnitudes = new double[values.Length];
        ForEachProduct(shape, (n, o, i, z, y, x, kz, ky, kx) =>
        {
            int sourceZ = (z * shape.Depth.Stride) + (kz * shape.Depth.Dilation) - shape.Depth.PadBegin;
            int sourceY = (y * shape.Height.Stride) + (ky * shape.Height.Dilation) - shape.Height.PadBegin;
            int sourceX = (x * shape.Width.Stride) + (kx * shape.Width.Dilation) - shape.Width.PadBegin;
            if (Inside(sourceZ, shape.Depth.Input) && Inside(sourceY, shape.Height.Input) && Inside(sourceX, shape.Width.Input))
            {
                int channel = (o / shape.GroupOutputs * shape.GroupInputs) + i;
                int source = Offset(n, shape.InputChannels, channel, shape.Depth.Input, sourceZ, shape.Height.Input, sourceY, shape.Width.Input, sourceX);
                int weight = Offset(o, shape.GroupInputs, i, shape.Depth.Kernel, kz, shape.Height.Kernel, ky, shape.Width.Kernel, kx);
                int target = Offset(n, shape.OutputChannels, o, shape.Depth.Output, z, shape.Height.Output, y, shape.Width.Output, x);
                Add(values, magnitudes, target, (double)input[source] * weights[weight]);
            }
        });
        return (values, magnitudes);
    }

    public static (double[] Values, double[] Magnitudes) Transposed(ConvolutionShape shape, float[] input, float[] weights)
    {
        var values = new double[shape.Batch * shape.OutputChannels * (int)shape.OutputPlane];
        var magnitudes = new double[values.Length];
        ConvolutionShape overInput = shape with
        {
            Depth = shape.Depth with { Output = shape.Depth.Input },
            Height = shape.Height with { Output = shape.Height.Input },
            Width = shape.Width with { Output = shape.Width.Input },
        };
        ForEachProduct(overInput, (n, o, i, z, y, x, kz, ky, kx) =>
        {
            int targetZ = (z * shape.Depth.Stride) + (kz * shape.Depth.Dilation) - shape.Depth.PadBegin;
            int targetY = (y * shape.Height.Stride) + (ky * shape.Height.Dilation) - shape.Height.PadBegin;
            int targetX = (x * shape.Width.Stride) + (kx * shape.Width.Dilation) - shape.Width.PadBegin;
            if (Inside(targetZ, shape.Depth.Output) && Inside(targetY, shape.Height.Output) && Inside(targetX, shape.Width.Output))
            {
                int channel = (o / shape.GroupOutputs * shape.GroupInputs) + i;
                int source = Offset(n, shape.InputChannels, channel, shape.Depth.Input, z, shape.Height.Input, y, shape.Width.Input, x);
                int weight = Offset(channel, shape.GroupOutputs, o % shape.GroupOutputs, shape.Depth.Kernel, kz, shape.Height.Kernel, ky, shape.Width.Kernel, kx);
                int target = Offset(n, shape.OutputChannels, o, shape.Depth.Output, targetZ, shape.Height.Output, targetY, shape.Width.Output, targetX);
                Add(values, magnitudes, target, (double)input[source] * weights[weight]);
            }
        });
        return (values, magnitudes);
    }

    private static bool Inside(int coordinate, int size) => coordinate >= 0 && coordinate < size;

    private static int Offset(int a, int sizeB, int b, int sizeC, int c, int sizeD, int d, int sizeE, int e) =>
        (((((((a * sizeB) + b) * sizeC) + c) * sizeD) + d) * sizeE) + e;

    private static void Add(double[] values, double[] magnitudes, int target, double product)
    {
        values[target] += product;
        magnitudes[target] += Math.Abs(product);
    }

    private delegate void Product(int n, int o, int i, int z, int y, int x, int kz, int ky, int kx);

    private static void ForEachProduct(ConvolutionShape shape, Product product)
    {
        for (int n = 0; n < shape.Batch; n++)
        {
            for (int o = 0; o < shape.OutputChannels; o++)
            {
                for (int i = 0; i < shape.GroupInputs; i++)
                {
                    ForEachTap(shape, (z, y, x, kz, ky, kx) => product(n, o, i, z, y, x, kz, ky, kx));
                }
            }
        }
    }

    private static void ForEachTap(ConvolutionShape shape, Action<int, int, int, int, int, int> action)
    {
        for (int z = 0; z < shape.Depth.Output; z++)
        {
            for (int y = 0; y < shape.Height.Output; y++)
            {
                for (int x = 0; x < shape.Width.Output; x++)
                {
                    ForEachKernelElement(shape, (kz, ky, kx) => action(z, y, x, kz, ky, kx));
                }
            }
        }
    }

    private static void ForEachKernelElement(ConvolutionShape shape, Action<int, int, int> action)
    {
        for (int z = 0; z < shape.Depth.Kernel; z++)
        {
            for (int y = 0; y < shape.Height.Kernel; y++)
            {
                for (int x = 0; x < shape.Width.Kernel; x++)
                {
                    action(z, y, x);
                }
            }
        }
    }
}

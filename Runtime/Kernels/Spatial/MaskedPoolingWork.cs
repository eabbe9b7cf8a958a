namespace Cameo.Kernels;

/// <summary>Masked maxima; an item is a channel of an image.</summary>
internal readonly unsafe struct MaskedPoolingWork(PoolingShape shape, float* input, int* mask, long maskPlanes, float* output) : IMoveWork
{
    private readonly float* _input = input;
    private readonly int* _mask = mask;
    private readonly float* _output = output;

    public void Run(long begin, long end)
    {
        for (long plane = begin; plane < end; plane++)
        {
            float* image = _input + (plane * shape.InputPlane);
            int* mask = _mask + (plane % maskPlanes * shape.InputPlane);
            float* target = _output + (plane * shape.OutputPlane);
            for (int z = 0; z < shape.Depth.Output; z++)
            {
                for (int y = 0; y < shape.Height.Output; y++)
                {
                    for (int x = 0; x < shape.Width.Output; x++)
                    {
                        *target++ = Maximum(image, mask, new PoolingWindow(shape.Depth, z), new PoolingWindow(shape.Height, y), new PoolingWindow(shape.Width, x));
                    }
                }
            }
        }
    }

    private float Maximum(float* image, int* mask, in PoolingWindow depth, in PoolingWindow height, in PoolingWindow width)
    {
        float maximum = float.MinValue;
        for (int z = 0; z < depth.Count; z++)
        {
            for (int y = 0; y < height.Count; y++)
            {
                nint row = ((((depth.First + (z * shape.Depth.Dilation)) * shape.Height.Input) + height.First + (y * shape.Height.Dilation)) * shape.Width.Input) + width.First;
                for (int x = 0; x < width.Count; x++)
                {
                    nint index = row + (x * shape.Width.Dilation);
                    if (index > 0 && mask[index] == 0)
                    {
                        break;
                    }

                    maximum = image[index] > maximum ? image[index] : maximum;
                }
            }
        }

        return maximum;
    }
}

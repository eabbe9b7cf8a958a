namespace Cameo.Kernels;

/// <summary>Lists the taps of a kernel for one geometry, in the order of the weights.</summary>
internal static unsafe class ConvolutionTaps
{
    public static void BuildForward(in ConvolutionShape shape, in ConvolutionGeometry geometry, ConvolutionTap* taps)
    {
        nint weight = 0;
        for (int z = 0; z < shape.Depth.Kernel; z++)
        {
            for (int y = 0; y < shape.Height.Kernel; y++)
            {
                for (int x = 0; x < shape.Width.Kernel; x++)
                {
                    nint offset = geometry.TapOffset(
                        z,
                        y % geometry.Height.Phases,
                        x % geometry.Width.Phases,
                        y * shape.Height.Dilation / shape.Height.Stride,
                        x * shape.Width.Dilation / shape.Width.Stride);
                    *taps++ = new ConvolutionTap(offset, weight);
                    weight += Convolution.PanelChannels;
                }
            }
        }
    }

    /// <summary>Groups the taps by the residues of output slice, row and column modulo the stride; each tap belongs to one.</summary>
    public static void BuildTransposed(in ConvolutionShape shape, in ConvolutionGeometry geometry, ConvolutionTap* taps, int* starts)
    {
        int count = 0;
        *starts++ = 0;
        for (int z = 0; z < shape.Depth.Stride; z++)
        {
            for (int y = 0; y < shape.Height.Stride; y++)
            {
                for (int x = 0; x < shape.Width.Stride; x++)
                {
                    count += AddPhase(shape, geometry, z, y, x, taps + count);
                    *starts++ = count;
                }
            }
        }
    }

    private static int AddPhase(in ConvolutionShape shape, in ConvolutionGeometry geometry, int phaseZ, int phaseY, int phaseX, ConvolutionTap* taps)
    {
        int depthOrigin = ConvolutionAxis.Transposed(shape.Depth).Origin;
        int count = 0;
        for (int z = 0; z < shape.Depth.Kernel; z++)
        {
            for (int y = 0; y < shape.Height.Kernel; y++)
            {
                for (int x = 0; x < shape.Width.Kernel; x++)
                {
                    if (TryShift(shape.Depth, phaseZ, z, depthOrigin, out int slice)
                        && TryShift(shape.Height, phaseY, y, geometry.Height.Origin, out int shiftHigh)
                        && TryShift(shape.Width, phaseX, x, geometry.Width.Origin, out int shiftWide))
                    {
                        nint weight = (((z * shape.Height.Kernel) + y) * shape.Width.Kernel) + x;
                        taps[count++] = new ConvolutionTap(
                            geometry.TapOffset(slice, 0, 0, shiftHigh, shiftWide), weight * Convolution.PanelChannels);
                    }
                }
            }
        }

        return count;
    }

    /// <summary>The entry that a tap adds to outputs of a phase, if it adds to them at all.</summary>
    private static bool TryShift(SpatialAxis axis, int phase, int tap, int origin, out int shift)
    {
        int distance = phase + axis.PadBegin - (tap * axis.Dilation);
        shift = (distance / axis.Stride) - origin;
        return distance % axis.Stride == 0;
    }
}

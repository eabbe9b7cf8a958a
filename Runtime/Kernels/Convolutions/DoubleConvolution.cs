using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Convolution and transposed convolution in one, two or three dimensions, float64: models rarely have them, so plain loops do.</summary>
public static unsafe class DoubleConvolution
{
    /// <summary>output[n, o, y] = Σ input[n, i, y · Stride + k · Dilation − PadBegin] · weights[o, i, k]; padding counts as 0.</summary>
    /// <param name="workers">Threads to use; they share images and output channels, so that any number gives the same bits.</param>
    /// <param name="shape">Sizes.</param>
    /// <param name="input">[Batch, InputChannels, depth, height, width].</param>
    /// <param name="weights">[OutputChannels, InputChannels / Groups, depth, height, width].</param>
    /// <param name="output">[Batch, OutputChannels, depth, height, width].</param>
    /// <exception cref="ArgumentException">A size is out of range or the groups do not divide the channels.</exception>
    public static void Direct(Workers workers, in ConvolutionShape shape, double* input, double* weights, double* output) =>
        Run(workers, shape, new DoubleConvolutionWork(shape, input, weights, output, isTransposed: false));

    /// <summary>output[n, o, y · Stride + k · Dilation − PadBegin] += input[n, i, y] · weights[i, o, k], from zeros.</summary>
    /// <param name="workers">Threads to use; they share images and output channels, so that any number gives the same bits.</param>
    /// <param name="shape">Sizes.</param>
    /// <param name="input">[Batch, InputChannels, depth, height, width].</param>
    /// <param name="weights">[InputChannels, OutputChannels / Groups, depth, height, width].</param>
    /// <param name="output">[Batch, OutputChannels, depth, height, width].</param>
    /// <exception cref="ArgumentException">A size is out of range or the groups do not divide the channels.</exception>
    public static void Transposed(Workers workers, in ConvolutionShape shape, double* input, double* weights, double* output) =>
        Run(workers, shape, new DoubleConvolutionWork(shape, input, weights, output, isTransposed: true));

    private static void Run(Workers workers, in ConvolutionShape shape, DoubleConvolutionWork work)
    {
        shape.Validate();
        if (shape.IsEmpty)
        {
            return;
        }

        // Every product reads an input element and reads and writes a result.
        MoveParts.Run(workers, ref work, (long)shape.Batch * shape.OutputChannels, Math.Max(shape.InputPlane, shape.OutputPlane) * Math.Max(shape.ReductionLength, 1) * 3 * sizeof(double));
    }
}

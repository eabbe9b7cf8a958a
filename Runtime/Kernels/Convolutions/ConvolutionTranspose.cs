using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Transposed convolution in one, two or three dimensions, float32. The outputs of each residue modulo the stride form an ordinary
/// convolution with some of the taps, so nothing is scattered or added in memory, and <see cref="Convolution"/>'s inner loops do the work.
/// </summary>
public static unsafe class ConvolutionTranspose
{
    /// <summary>Floats of the packed weights: [Groups][⌈(OutputChannels / Groups) / 16⌉][(InputChannels / Groups) · taps][16].</summary>
    public static nint PackedWeightCount(in ConvolutionShape shape) => Convolution.PackedWeightCount(shape);

    /// <summary>
    /// Packs weights [InputChannels, OutputChannels / Groups, depth, height, width] for <see cref="Direct"/>: input and output channels of
    /// each group change places, then as <see cref="Convolution.PackWeights"/>. Taps keep their order.
    /// </summary>
    /// <param name="shape">Sizes; only channels, groups and kernel are used.</param>
    /// <param name="weights">Weights as in ONNX.</param>
    /// <param name="packed">Receives <see cref="PackedWeightCount"/> floats.</param>
    public static void PackWeights(in ConvolutionShape shape, float* weights, float* packed)
    {
        for (int group = 0; group < shape.Groups; group++)
        {
            for (int panel = 0; panel < shape.GroupPanels; panel++)
            {
                PackPanel(shape, weights, group, panel * Convolution.PanelChannels, packed);
                packed += shape.ReductionLength * Convolution.PanelChannels;
            }
        }
    }

    /// <summary>
    /// Spreads every input element over the output: output[n, o, y · Stride + k · Dilation − PadBegin] += input[n, i, y] · weights[i, o, k], then the epilogue.
    /// </summary>
    /// <typeparam name="TEpilogue">Bias, activation and whatever else follows.</typeparam>
    /// <param name="workers">Threads to use; serial below <see cref="Convolution.MinimumWorkPerThread"/>.</param>
    /// <param name="shape">Sizes; an axis' Output has output_padding in it.</param>
    /// <param name="input">[Batch, InputChannels, depth, height, width].</param>
    /// <param name="packedWeights">Weights as <see cref="PackWeights"/> lays them out.</param>
    /// <param name="output">[Batch, OutputChannels, depth, height, width]; must not overlap the input.</param>
    /// <param name="epilogue">Applied once to every output element; may read other tensors, one of them in place of the output.</param>
    /// <exception cref="ArgumentException">A size is out of range or the groups do not divide the channels.</exception>
    public static void Direct<TEpilogue>(
        Workers workers, in ConvolutionShape shape, float* input, float* packedWeights, float* output, TEpilogue epilogue)
        where TEpilogue : struct, IChannelEpilogue
    {
        shape.Validate();
        if (!shape.IsEmpty)
        {
            var action = new ConvolutionTransposeAction<TEpilogue>(workers, shape, input, packedWeights, output, epilogue);
            VectorDispatch.Run(ref action);
        }
    }

    private static void PackPanel(in ConvolutionShape shape, float* weights, int group, int firstOutput, float* packed)
    {
        nint taps = shape.Taps;
        for (int input = 0; input < shape.GroupInputs; input++)
        {
            float* row = weights + ((((nint)group * shape.GroupInputs) + input) * shape.GroupOutputs * taps);
            for (int tap = 0; tap < taps; tap++)
            {
                for (int lane = 0; lane < Convolution.PanelChannels; lane++)
                {
                    int output = firstOutput + lane;
                    packed[lane] = output < shape.GroupOutputs ? row[(output * taps) + tap] : 0;
                }

                packed += Convolution.PanelChannels;
            }
        }
    }
}

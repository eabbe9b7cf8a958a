using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Convolution in one or two dimensions with lanes along output channels, for small images with many channels: rows that are much shorter than a vector, or hardly
/// longer, cost <see cref="Convolution.Direct"/> the lanes that they leave empty.
/// </summary>
/// <remarks>Threads share the output's positions and channels, never a sum, so the result has the same bits for any number of them.</remarks>
public static unsafe class ChannelConvolution
{
    /// <summary>Floats of the packed weights: [Groups][⌈(OutputChannels / Groups) / 32⌉][taps][InputChannels / Groups][32].</summary>
    public static nint PackedWeightCount(in ConvolutionShape shape) =>
        (nint)shape.Groups * ChannelBlocks.CountPanels(shape.GroupOutputs) * shape.ReductionLength * ChannelBlocks.PanelChannels;

    /// <summary>Packs weights [OutputChannels, InputChannels / Groups, height, width]; the last panel of a group is filled with zeros.</summary>
    /// <param name="shape">Sizes; only channels, groups and kernel are used.</param>
    /// <param name="weights">Weights as in ONNX.</param>
    /// <param name="packed">Receives <see cref="PackedWeightCount"/> floats.</param>
    public static void PackWeights(in ConvolutionShape shape, float* weights, float* packed)
    {
        nint length = shape.ReductionLength;
        for (int group = 0; group < shape.Groups; group++)
        {
            for (int first = 0; first < shape.GroupOutputs; first += ChannelBlocks.PanelChannels)
            {
                float* source = weights + ((((nint)group * shape.GroupOutputs) + first) * length);
                for (int tap = 0; tap < shape.Taps; tap++)
                {
                    for (nint input = 0; input < shape.GroupInputs; input++)
                    {
                        for (int lane = 0; lane < ChannelBlocks.PanelChannels; lane++)
                        {
                            *packed++ = first + lane < shape.GroupOutputs ? source[(lane * length) + (input * shape.Taps) + tap] : 0;
                        }
                    }
                }
            }
        }
    }

    /// <summary>Convolves every group: output[n, o] = epilogue(Σ input[n, i] ∗ weights[o, i]).</summary>
    /// <typeparam name="TEpilogue">Bias, activation and whatever else follows.</typeparam>
    /// <param name="workers">Threads to use; serial below <see cref="Convolution.MinimumWorkPerThread"/>.</param>
    /// <param name="shape">Sizes; <see cref="ConvolutionShape.Depth"/> must be <see cref="SpatialAxis.Single"/>.</param>
    /// <param name="input">[Batch, InputChannels, height, width].</param>
    /// <param name="packedWeights">Weights as <see cref="PackWeights"/> lays them out.</param>
    /// <param name="output">[Batch, OutputChannels, height, width]; must not overlap the input.</param>
    /// <param name="epilogue">Applied once to every output element; may read other tensors, one of them in place of the output.</param>
    /// <exception cref="ArgumentException">A size is out of range, or there are three dimensions.</exception>
    public static void Run<TEpilogue>(Workers workers, in ConvolutionShape shape, float* input, float* packedWeights, float* output, TEpilogue epilogue)
        where TEpilogue : struct, IChannelEpilogue
    {
        shape.Validate();
        if (shape.Depth is not { Input: 1, Output: 1, Kernel: 1 })
        {
            throw new ArgumentException("A convolution with lanes along channels has one or two dimensions.", nameof(shape));
        }

        if (!shape.IsEmpty)
        {
            var action = new ChannelConvolutionAction<TEpilogue>(workers, shape, input, packedWeights, output, epilogue);
            VectorDispatch.Run(ref action);
        }
    }

    /// <summary>Runs for one vector width.</summary>
    internal static void Run<V, TEpilogue>(Workers workers, in ConvolutionShape shape, float* input, float* weights, float* output, TEpilogue epilogue)
        where V : struct, IVector<V>
        where TEpilogue : struct, IChannelEpilogue
    {
        ConvolutionShape flat = Convolution.Flatten(shape);
        var plan = new ChannelConvolutionPlan(workers, flat);
        var work = new ChannelConvolutionWork<V, TEpilogue>(workers, flat, plan, input, weights, output, epilogue);
        workers.Run(ref work, plan.Parts);
    }
}

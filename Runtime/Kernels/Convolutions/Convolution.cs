using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Convolution in one, two or three dimensions, float32, channels before pixels. The input of a tile of the output is copied into
/// the cache once, with its padding; no patch matrix is built.
/// </summary>
/// <remarks>
/// Threads share the output's tiles and channels, never a sum, so the result has the same bits for any number of them.
/// </remarks>
public static unsafe class Convolution
{
    /// <summary>Output channels of one panel of packed weights.</summary>
    public const int PanelChannels = 16;

    /// <summary>
    /// Multiply-adds below which a convolution does not use one more thread: at some 60 of them a nanosecond a thread's share then takes 2 µs. A thread that spins
    /// begins within 1 µs, with data that another one's cache holds.
    /// </summary>
    public const long MinimumWorkPerThread = 128 * 1024;

    /// <summary>Floats of the packed weights: [Groups][⌈(OutputChannels / Groups) / 16⌉][(InputChannels / Groups) · taps][16].</summary>
    public static nint PackedWeightCount(in ConvolutionShape shape) =>
        (nint)shape.Groups * shape.GroupPanels * shape.ReductionLength * PanelChannels;

    /// <summary>Packs weights [OutputChannels, InputChannels / Groups, depth, height, width] for <see cref="Direct"/>; the last panel of a group is filled with zeros.</summary>
    /// <param name="shape">Sizes; only channels, groups and kernel are used.</param>
    /// <param name="weights">Weights as in ONNX.</param>
    /// <param name="packed">Receives <see cref="PackedWeightCount"/> floats.</param>
    public static void PackWeights(in ConvolutionShape shape, float* weights, float* packed)
    {
        nint length = shape.ReductionLength;
        for (int group = 0; group < shape.Groups; group++)
        {
            float* groupWeights = weights + (group * shape.GroupOutputs * length);
            for (int panel = 0; panel < shape.GroupPanels; panel++)
            {
                int channel = panel * PanelChannels;
                int count = Math.Min(PanelChannels, shape.GroupOutputs - channel);
                PackPanel(groupWeights + (channel * length), length, count, packed);
                packed += length * PanelChannels;
            }
        }
    }

    /// <summary>Convolves every group: output[n, o] = epilogue(Σ input[n, i] ∗ weights[o, i]).</summary>
    /// <typeparam name="TEpilogue">Bias, activation and whatever else follows.</typeparam>
    /// <param name="workers">Threads to use; serial below <see cref="MinimumWorkPerThread"/>.</param>
    /// <param name="shape">Sizes.</param>
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
            var action = new DirectConvolutionAction<TEpilogue>(workers, Flatten(shape), input, packedWeights, output, epilogue);
            VectorDispatch.Run(ref action);
        }
    }

    /// <summary>Convolves each channel with its own kernel (groups = input channels = output channels).</summary>
    /// <typeparam name="TEpilogue">Bias, activation and whatever else follows.</typeparam>
    /// <param name="workers">Threads to use; serial below <see cref="MinimumWorkPerThread"/>.</param>
    /// <param name="shape">Sizes.</param>
    /// <param name="input">[Batch, channels, depth, height, width].</param>
    /// <param name="weights">Weights as in ONNX: [channels, 1, depth, height, width].</param>
    /// <param name="output">[Batch, channels, depth, height, width]; must not overlap the input.</param>
    /// <param name="epilogue">Applied once to every output element; may read other tensors, one of them in place of the output.</param>
    /// <param name="shuffledGroups">
    /// Groups in which the channels lie in the input: channel c of the convolution is channel c / groups of group c mod groups (as after a shuffle of [groups, channels / groups]). 1: they lie in order.
    /// </param>
    /// <exception cref="ArgumentException">A size is out of range, the convolution is not depthwise, or the groups do not divide the channels.</exception>
    public static void Depthwise<TEpilogue>(
        Workers workers, in ConvolutionShape shape, float* input, float* weights, float* output, TEpilogue epilogue, int shuffledGroups = 1)
        where TEpilogue : struct, IChannelEpilogue
    {
        shape.Validate();
        if (shape.Groups != shape.InputChannels || shape.Groups != shape.OutputChannels)
        {
            throw new ArgumentException(
                $"A depthwise convolution has as many groups ({shape.Groups}) as input channels ({shape.InputChannels}) and output channels ({shape.OutputChannels}).",
                nameof(shape));
        }

        if (shuffledGroups < 1 || shape.InputChannels % shuffledGroups != 0)
        {
            throw new ArgumentException($"{shuffledGroups} groups do not divide {shape.InputChannels} channels.", nameof(shuffledGroups));
        }

        if (!shape.IsEmpty)
        {
            var action = new DepthwiseConvolutionAction<TEpilogue>(workers, shape, shuffledGroups, input, weights, output, epilogue);
            VectorDispatch.Run(ref action);
        }
    }

    /// <summary>Threads that pay off for a number of multiply-adds and of pieces to share out.</summary>
    internal static int Parts(Workers workers, double multiplyAdds, long units) =>
        (int)Math.Clamp(Math.Min(multiplyAdds / MinimumWorkPerThread, units), 1, workers.Count);

    /// <summary>A convolution that mixes channels only has no rows: all pixels of an image are one.</summary>
    internal static ConvolutionShape Flatten(in ConvolutionShape shape)
    {
        bool pointwise = shape.Depth.IsPointwise && shape.Height.IsPointwise && shape.Width.IsPointwise;
        if (!pointwise || shape.OutputPlane > int.MaxValue)
        {
            return shape;
        }

        return shape with
        {
            Depth = SpatialAxis.Single,
            Height = SpatialAxis.Single,
            Width = new SpatialAxis((int)shape.InputPlane, (int)shape.OutputPlane),
        };
    }

    private static void PackPanel(float* weights, nint length, int count, float* panel)
    {
        for (nint index = 0; index < length; index++)
        {
            for (int lane = 0; lane < PanelChannels; lane++)
            {
                panel[lane] = lane < count ? weights[(lane * length) + index] : 0;
            }

            panel += PanelChannels;
        }
    }
}

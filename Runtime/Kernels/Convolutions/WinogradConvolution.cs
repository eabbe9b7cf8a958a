using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// 3×3 convolutions with stride 1 in a quarter of the multiply-adds, by Winograd's F(4×4, 3×3): tiles of the input and the weights are transformed so that products of
/// transformed elements, summed over channels, give the transformed result. Rounding errors are some ten times those of summing directly.
/// </summary>
/// <remarks>Threads share tiles, channels and points, never a sum, so the result has the same bits for any number of them.</remarks>
public static unsafe class WinogradConvolution
{
    /// <summary>Floats of the transformed weights: [Groups][36][⌈(OutputChannels / Groups) / 32⌉][InputChannels / Groups][32].</summary>
    public static nint PackedWeightCount(in ConvolutionShape shape) =>
        (nint)shape.Groups * WinogradTransform.Points * ChannelBlocks.CountPanels(shape.GroupOutputs) * shape.GroupInputs * ChannelBlocks.PanelChannels;

    /// <summary>Transforms and packs weights [OutputChannels, InputChannels / Groups, 3, 3].</summary>
    /// <param name="workers">Threads to use.</param>
    /// <param name="shape">Sizes; only channels, groups and kernel are used.</param>
    /// <param name="weights">Weights as in ONNX.</param>
    /// <param name="packed">Receives <see cref="PackedWeightCount"/> floats.</param>
    /// <exception cref="ArgumentException">The kernel is not 3×3.</exception>
    public static void PackWeights(Workers workers, in ConvolutionShape shape, float* weights, float* packed)
    {
        Validate(shape);
        var work = new WinogradPackingWork(shape, weights, packed);
        workers.Run(ref work, work.Count);
    }

    /// <summary>Convolves every group: output[n, o] = epilogue(Σ input[n, i] ∗ weights[o, i]).</summary>
    /// <typeparam name="TEpilogue">Bias, activation and whatever else follows.</typeparam>
    /// <param name="workers">Threads to use; serial below <see cref="Convolution.MinimumWorkPerThread"/>.</param>
    /// <param name="shape">Sizes; a kernel of 3×3 with stride and dilation 1.</param>
    /// <param name="input">[Batch, InputChannels, height, width].</param>
    /// <param name="packedWeights">Weights as <see cref="PackWeights"/> lays them out.</param>
    /// <param name="output">[Batch, OutputChannels, height, width]; must not overlap the input.</param>
    /// <param name="epilogue">Applied once to every output element; may read other tensors, one of them in place of the output.</param>
    /// <exception cref="ArgumentException">A size is out of range, or the kernel, its stride or its dilation is another.</exception>
    public static void Run<TEpilogue>(Workers workers, in ConvolutionShape shape, float* input, float* packedWeights, float* output, TEpilogue epilogue)
        where TEpilogue : struct, IChannelEpilogue
    {
        Validate(shape);
        if (!shape.IsEmpty)
        {
            var action = new WinogradAction<TEpilogue>(workers, shape, input, packedWeights, output, epilogue);
            VectorDispatch.Run(ref action);
        }
    }

    /// <summary>Runs for one vector width.</summary>
    internal static void Run<V, TEpilogue>(Workers workers, in ConvolutionShape shape, float* input, float* weights, float* output, TEpilogue epilogue)
        where V : struct, IVector<V>
        where TEpilogue : struct, IChannelEpilogue
    {
        double multiplyAdds = (double)shape.Batch * shape.OutputChannels * shape.OutputPlane * shape.GroupInputs * WinogradTransform.Points / (WinogradTransform.Outputs * WinogradTransform.Outputs);
        int threads = Convolution.Parts(workers, multiplyAdds, long.MaxValue);
        WinogradGeometry geometry = WinogradGeometry.Shared(shape, threads);
        long blocks = geometry.BlockCount(shape);
        if (threads == 1 || geometry.Balance(shape, threads) >= WinogradGeometry.SufficientBalance)
        {
            var own = new WinogradWork<V, TEpilogue>(workers, shape, geometry, input, weights, output, null, epilogue) { Phase = WinogradPhase.Blocks };
            workers.Run(ref own, threads);
            return;
        }

        var sizes = new WinogradWork<V, TEpilogue>(workers, shape, geometry, input, weights, output, null, epilogue);
        var shared = (float*)workers.SharedScratch((nuint)sizes.BlockFloats * sizeof(float));
        var work = new WinogradWork<V, TEpilogue>(workers, shape, geometry, input, weights, output, shared, epilogue);
        for (work.Block = 0; work.Block < blocks; work.Block++)
        {
            work.Phase = WinogradPhase.Input;
            workers.Run(ref work, Math.Min(threads, work.InputCount));
            work.Phase = WinogradPhase.Products;
            workers.Run(ref work, threads);
            work.Phase = WinogradPhase.Output;
            workers.Run(ref work, Math.Min(threads, work.OutputCount));
        }
    }

    private static void Validate(in ConvolutionShape shape)
    {
        shape.Validate();
        if (shape.Depth is not { Input: 1, Output: 1, Kernel: 1 } || shape.Height is not { Kernel: 3, Stride: 1, Dilation: 1 } || shape.Width is not { Kernel: 3, Stride: 1, Dilation: 1 })
        {
            throw new ArgumentException("A Winograd convolution has a kernel of 3×3 with stride 1 and dilation 1.", nameof(shape));
        }
    }
}

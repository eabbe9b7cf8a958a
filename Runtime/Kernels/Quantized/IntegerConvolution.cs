using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Convolution of 8-bit integers in one, two or three dimensions with exact sums in int32, channels before pixels. Padding counts as the input's zero point.
/// </summary>
/// <remarks>Threads share the output's tiles and channels, never a sum.</remarks>
public static unsafe class IntegerConvolution
{
    /// <summary>Output channels of one panel of packed weights.</summary>
    public const int PanelChannels = 16;

    /// <summary>Convolves every group: output[n, o] = epilogue(Σ (input[n, i] − zero point) ∗ (weights[o, i] − zero point)).</summary>
    /// <typeparam name="TInput">byte or sbyte.</typeparam>
    /// <typeparam name="TOutput">
    /// float, <see cref="Half"/>, <see cref="BFloat16"/>, or byte, sbyte, short or ushort where the epilogue gives whole numbers: the epilogue sees the sums as float32. Or int: the
    /// sums themselves, and the epilogue is not used.
    /// </typeparam>
    /// <typeparam name="TEpilogue">Bias, activation, requantisation.</typeparam>
    /// <param name="workers">Threads to use; serial below <see cref="Convolution.MinimumWorkPerThread"/>.</param>
    /// <param name="shape">Sizes.</param>
    /// <param name="input">[Batch, InputChannels, depth, height, width].</param>
    /// <param name="zeroPoint">Zero point of the input, or null for 0.</param>
    /// <param name="words">
    /// [Groups][⌈(OutputChannels / Groups) / 16⌉][⌈K / 4⌉][16] words of four int8 along K = (InputChannels / Groups) · taps in the order of ONNX; what is missing is 0. Uint8 weights minus 128.
    /// </param>
    /// <param name="sums">[Groups][⌈(OutputChannels / Groups) / 16⌉ · 16] sums of each channel's words, from <see cref="IntegerMatrixMultiply.ColumnSums"/>.</param>
    /// <param name="zeroPoints">[OutputChannels] zero points of the weights, or null where all are 0.</param>
    /// <param name="output">[Batch, OutputChannels, depth, height, width]; must not overlap the input.</param>
    /// <param name="epilogue">Applied once to every output element.</param>
    /// <exception cref="ArgumentException">A size is out of range or the groups do not divide the channels.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="TInput"/> is another type.</exception>
    public static void Direct<TInput, TOutput, TEpilogue>(
        Workers workers, in ConvolutionShape shape, TInput* input, TInput* zeroPoint, uint* words, int* sums, sbyte* zeroPoints, TOutput* output, TEpilogue epilogue)
        where TInput : unmanaged
        where TOutput : unmanaged
        where TEpilogue : struct, IChannelEpilogue
    {
        Validate<TInput>(shape);
        if (shape.IsEmpty)
        {
            return;
        }

        if (!ByteProduct.IsSupported && shape.Taps > 1)
        {
            // Without an instruction for bytes, products are of int16 pairs, which can be read from the input tap by tap: patches would only cost time.
            var pairs = new PairConvolutionAction<TInput, TOutput, TEpilogue>
            {
                Workers = workers,
                Pairs = new PairShape(shape),
                Input = input,
                ZeroPoint = Value(zeroPoint),
                Words = words,
                ZeroPoints = zeroPoints,
                Output = output,
                Epilogue = epilogue,
            };
            VectorDispatch.Run(ref pairs);
            return;
        }

        var work = new IntegerConvolutionWork<TInput, TOutput, TEpilogue>
        {
            Workers = workers,
            Input = input,
            ZeroPoint = Value(zeroPoint),
            Words = words,
            Sums = sums,
            ZeroPoints = zeroPoints,
            Output = output,
            Epilogue = epilogue,
        };
        work.Run(Convolution.Flatten(shape));
    }

    /// <summary>Convolves each channel with its own kernel (groups = input channels = output channels).</summary>
    /// <typeparam name="TInput">byte or sbyte.</typeparam>
    /// <typeparam name="TOutput">As in <see cref="Direct"/>.</typeparam>
    /// <typeparam name="TEpilogue">Bias, activation, requantisation.</typeparam>
    /// <param name="workers">Threads to use; serial below <see cref="Convolution.MinimumWorkPerThread"/>.</param>
    /// <param name="shape">Sizes.</param>
    /// <param name="input">[Batch, channels, depth, height, width].</param>
    /// <param name="zeroPoint">Zero point of the input, or null for 0.</param>
    /// <param name="weights">Weights as in ONNX: [channels, 1, depth, height, width]; uint8 weights minus 128.</param>
    /// <param name="zeroPoints">[channels] zero points of the weights, or null where all are 0.</param>
    /// <param name="output">[Batch, channels, depth, height, width]; must not overlap the input.</param>
    /// <param name="epilogue">Applied once to every output element.</param>
    /// <exception cref="ArgumentException">A size is out of range or the convolution is not depthwise.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="TInput"/> is another type.</exception>
    public static void Depthwise<TInput, TOutput, TEpilogue>(
        Workers workers, in ConvolutionShape shape, TInput* input, TInput* zeroPoint, sbyte* weights, sbyte* zeroPoints, TOutput* output, TEpilogue epilogue)
        where TInput : unmanaged
        where TOutput : unmanaged
        where TEpilogue : struct, IChannelEpilogue
    {
        Validate<TInput>(shape);
        if (shape.Groups != shape.InputChannels || shape.Groups != shape.OutputChannels)
        {
            throw new ArgumentException(
                $"A depthwise convolution has as many groups ({shape.Groups}) as input channels ({shape.InputChannels}) and output channels ({shape.OutputChannels}).",
                nameof(shape));
        }

        if (shape.IsEmpty)
        {
            return;
        }

        var work = new IntegerDepthwiseWork<TInput, TOutput, TEpilogue>
        {
            Workers = workers,
            Shape = shape,
            Input = input,
            ZeroPoint = Value(zeroPoint),
            Weights = weights,
            ZeroPoints = zeroPoints,
            Output = output,
            Epilogue = epilogue,
        };
        nint planes = (nint)shape.Batch * shape.OutputChannels;
        workers.Run(ref work, Convolution.Parts(workers, (double)planes * shape.OutputPlane * shape.Taps, planes));
    }

    private static void Validate<TInput>(in ConvolutionShape shape)
    {
        shape.Validate();
        if (typeof(TInput) != typeof(byte) && typeof(TInput) != typeof(sbyte))
        {
            throw new NotSupportedException($"The input of an integer convolution is byte or sbyte, not {typeof(TInput)}.");
        }
    }

    private static int Value<TInput>(TInput* zeroPoint)
        where TInput : unmanaged =>
        zeroPoint == null ? 0 : typeof(TInput) == typeof(sbyte) ? *(sbyte*)zeroPoint : *(byte*)zeroPoint;
}

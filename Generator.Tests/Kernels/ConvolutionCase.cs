using Cameo.Kernels;
using Cameo.Threading;
using Cameo.Vectors;
using Xunit;

namespace Cameo.Tests.Kernels;

/// <summary>Random operands of one convolution, what it must give, and runs of the kernels on guarded memory.</summary>
internal sealed unsafe class ConvolutionCase
{
    private readonly ConvolutionShape _shape;
    private readonly float[] _input;
    private readonly float[] _weights;
    private readonly float[] _bias;
    private readonly float[] _residual;
    private readonly bool _transposed;
    private readonly double[] _values;
    private readonly double[] _magnitudes;

    public ConvolutionCase(ConvolutionShape shape, bool transposed, int seed)
    {
        _shape = shape;
        _transposed = transposed;
        var random = new Random(seed);
        _input = Random(random, shape.Batch * shape.InputChannels * (int)shape.InputPlane);
        _weights = Random(random, shape.OutputChannels * shape.GroupInputs * shape.Taps);
        _bias = Random(random, shape.OutputChannels);
        _residual = Random(random, shape.Batch * shape.OutputChannels * (int)shape.OutputPlane);
        (_values, _magnitudes) = transposed
            ? ConvolutionReference.Transposed(shape, _input, _weights)
            : ConvolutionReference.Direct(shape, _input, _weights);
    }

    /// <summary>Runs the kernel that suits the shape and compares with the reference; returns the output.</summary>
    /// <param name="threads">Threads; more than one also cuts the work as finely as it can be.</param>
    /// <param name="depthwise">Whether the depthwise kernel runs.</param>
    /// <param name="atEnd">Whether operands end, not begin, at protected memory.</param>
    public float[] Run<V>(int threads, bool depthwise, bool atEnd)
        where V : struct, IVector<V>
    {
        using ConvolutionMemory<float> input = Guard(_input, atEnd);
        using ConvolutionMemory<float> weights = Guard(depthwise ? _weights : Pack(), atEnd);
        using ConvolutionMemory<float> bias = Guard(_bias, atEnd);
        using ConvolutionMemory<float> output = Guard(_residual, atEnd);
        var epilogue = new ConvolutionTestEpilogue(bias.Pointer, output.Pointer);
        Workers workers = PoisonedWorkers(threads);
        if (depthwise)
        {
            ConvolutionGeometry geometry = ConvolutionGeometry.Forward(_shape, 1, V.Count);
            var work = new DepthwiseConvolutionWork<V, ConvolutionTestEpilogue>(
                workers, _shape, geometry, 1, input.Pointer, weights.Pointer, output.Pointer, epilogue);
            workers.Run(ref work, threads);
        }
        else if (_transposed)
        {
            ConvolutionGeometry geometry = ConvolutionGeometry.Transposed(_shape, V.Count);
            var work = new ConvolutionTransposeWork<V, ConvolutionTestEpilogue>(
                workers, _shape, geometry, threads == 1 ? 2 : 1, input.Pointer, weights.Pointer, output.Pointer, epilogue);
            workers.Run(ref work, threads);
        }
        else
        {
            ConvolutionShape flat = Convolution.Flatten(_shape);
            ConvolutionGeometry geometry = ConvolutionGeometry.Forward(flat, flat.GroupInputs, V.Count);
            var work = new DirectConvolutionWork<V, FloatProduct, ConvolutionTestEpilogue>(
                workers, flat, geometry, threads == 1 ? 2 : 1, input.Pointer, weights.Pointer, output.Pointer, epilogue);
            workers.Run(ref work, threads);
        }

        float[] result = output.Span.ToArray();
        Check(result);
        return result;
    }

    /// <summary>Runs the public entry point with the vector width of the process.</summary>
    public float[] RunPublic(int threads, bool depthwise)
    {
        using ConvolutionMemory<float> input = Guard(_input, true);
        using ConvolutionMemory<float> weights = Guard(depthwise ? _weights : Pack(), true);
        using ConvolutionMemory<float> bias = Guard(_bias, true);
        using ConvolutionMemory<float> output = Guard(_residual, true);
        var epilogue = new ConvolutionTestEpilogue(bias.Pointer, output.Pointer);
        var workers = new Workers(threads);
        if (depthwise)
        {
            Convolution.Depthwise(workers, _shape, input.Pointer, weights.Pointer, output.Pointer, epilogue);
        }
        else if (_transposed)
        {
            ConvolutionTranspose.Direct(workers, _shape, input.Pointer, weights.Pointer, output.Pointer, epilogue);
        }
        else
        {
            Convolution.Direct(workers, _shape, input.Pointer, weights.Pointer, output.Pointer, epilogue);
        }

        float[] result = output.Span.ToArray();
        Check(result);
        return result;
    }

    /// <summary>Runs Winograd's algorithm for a 3×3 convolution and compares with the reference; returns the output.</summary>
    public float[] RunWinograd<V>(int threads, bool atEnd)
        where V : struct, IVector<V> => RunWinograd(
            atEnd,
            (input, weights, output, epilogue) => WinogradConvolution.Run<V, ConvolutionTestEpilogue>(PoisonedWorkers(threads), _shape, input, weights, output, epilogue));

    /// <summary>Runs the kernel with lanes along channels and compares with the reference; returns the output.</summary>
    public float[] RunChannels<V>(int threads, bool atEnd)
        where V : struct, IVector<V> => RunChannels(
            atEnd,
            (input, weights, output, epilogue) => ChannelConvolution.Run<V, ConvolutionTestEpilogue>(PoisonedWorkers(threads), _shape, input, weights, output, epilogue));

    /// <summary>Runs the kernel with lanes along channels with the vector width of the process.</summary>
    public float[] RunPublicChannels(int threads) => RunChannels(
        true, (input, weights, output, epilogue) => ChannelConvolution.Run(new Workers(threads), _shape, input, weights, output, epilogue));

    /// <summary>Runs Winograd's algorithm with the vector width of the process.</summary>
    public float[] RunPublicWinograd(int threads) => RunWinograd(
        true, (input, weights, output, epilogue) => WinogradConvolution.Run(new Workers(threads), _shape, input, weights, output, epilogue));

    /// <summary>Workers whose scratch memory is full of NaN, so that a result that uses what was never written shows it.</summary>
    public static Workers PoisonedWorkers(int threads)
    {
        const int Bytes = 1 << 19;
        var workers = new Workers(threads);
        for (int part = 0; part < threads; part++)
        {
            new Span<byte>(workers.Scratch(part, Bytes), Bytes).Fill(0xFF);
        }

        new Span<byte>(workers.SharedScratch(Bytes), Bytes).Fill(0xFF);
        return workers;
    }

    private static float[] Random(Random random, int count)
    {
        var values = new float[count];
        for (int index = 0; index < count; index++)
        {
            values[index] = (float)((random.NextDouble() * 2) - 1);
        }

        return values;
    }

    private static ConvolutionMemory<float> Guard(float[] values, bool atEnd)
    {
        var memory = new ConvolutionMemory<float>(values.Length, atEnd);
        values.CopyTo(memory.Span);
        return memory;
    }

    private float[] Pack()
    {
        var packed = new float[(int)Convolution.PackedWeightCount(_shape)];
        fixed (float* source = _weights, destination = packed)
        {
            if (_transposed)
            {
                ConvolutionTranspose.PackWeights(_shape, source, destination);
            }
            else
            {
                Convolution.PackWeights(_shape, source, destination);
            }
        }

        return packed;
    }

    private delegate void Kernel(float* input, float* weights, float* output, ConvolutionTestEpilogue epilogue);

    private float[] RunChannels(bool atEnd, Kernel run)
    {
        var packed = new float[(int)ChannelConvolution.PackedWeightCount(_shape)];
        fixed (float* source = _weights, destination = packed)
        {
            ChannelConvolution.PackWeights(_shape, source, destination);
        }

        float[] result = RunGuarded(packed, atEnd, run);
        Check(result);
        return result;
    }

    private float[] RunGuarded(float[] packed, bool atEnd, Kernel run)
    {
        using ConvolutionMemory<float> input = Guard(_input, atEnd);
        using ConvolutionMemory<float> weights = Guard(packed, atEnd);
        using ConvolutionMemory<float> bias = Guard(_bias, atEnd);
        using ConvolutionMemory<float> output = Guard(_residual, atEnd);
        run(input.Pointer, weights.Pointer, output.Pointer, new ConvolutionTestEpilogue(bias.Pointer, output.Pointer));
        return output.Span.ToArray();
    }

    private float[] RunWinograd(bool atEnd, Kernel run)
    {
        var transformed = new float[(int)WinogradConvolution.PackedWeightCount(_shape)];
        fixed (float* source = _weights, destination = transformed)
        {
            WinogradConvolution.PackWeights(new Workers(2), _shape, source, destination);
        }

        float[] result = RunGuarded(transformed, atEnd, run);

        // The transforms multiply by up to 100 on the way in and 361 on the way out what a few roundings have spoiled, and mix the pixels of a tile; errors of such a size
        // would need all of them to agree. A tenth of that is beyond what random operands give and far below a wrong element.
        double largest = _magnitudes.Max() + _bias.Max(Math.Abs) + _residual.Max(Math.Abs);
        double tolerance = 100 * Math.Sqrt((_shape.GroupInputs * _shape.Taps) + 2) * Math.ScaleB(largest, -24);
        for (int index = 0; index < result.Length; index++)
        {
            double expected = _values[index] + _bias[index / (int)_shape.OutputPlane % _shape.OutputChannels] + _residual[index];
            if (!(Math.Abs(result[index] - expected) <= tolerance))
            {
                Assert.Fail($"{_shape}: element {index} is {result[index]}, expected {expected} ± {tolerance}.");
            }
        }

        return result;
    }

    private void Check(float[] result)
    {
        int terms = (_shape.GroupInputs * _shape.Taps) + 2;
        for (int index = 0; index < result.Length; index++)
        {
            float bias = _bias[index / (int)_shape.OutputPlane % _shape.OutputChannels];
            double expected = _values[index] + bias + _residual[index];

            // Bound of a float32 sum in any order: every term passes at most `terms` roundings of relative size 2⁻²⁴.
            double tolerance = (terms + 1) * Math.ScaleB(_magnitudes[index] + Math.Abs(bias) + Math.Abs(_residual[index]), -24);
            if (!(Math.Abs(result[index] - expected) <= tolerance))
            {
                Assert.Fail($"{_shape}: element {index} is {result[index]}, expected {expected} ± {tolerance}.");
            }
        }
    }
}

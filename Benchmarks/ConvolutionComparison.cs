using Cameo.Kernels;
using Cameo.Threading;

namespace Cameo.Benchmarks;

/// <summary>The algorithms for convolutions on the layers of well-known nets: multiply-adds of the definition a second, and their share of the limit.</summary>
internal static unsafe class ConvolutionComparison
{
    private const int Rounds = 9;
    private const double TurnSeconds = 0.003;

    /// <summary>Layers as (input channels, output channels, groups, input size, kernel, stride).</summary>
    private static readonly (int Inputs, int Outputs, int Groups, int Size, int Kernel, int Stride)[] Layers =
    [
        (64, 256, 1, 56, 1, 1), (256, 64, 1, 56, 1, 1), (256, 128, 1, 56, 1, 2), (128, 512, 1, 28, 1, 1), (512, 128, 1, 28, 1, 1), (1024, 256, 1, 14, 1, 1), (256, 1024, 1, 14, 1, 1),
        (512, 2048, 1, 7, 1, 1), (2048, 512, 1, 7, 1, 1), (1024, 2048, 1, 14, 1, 2), (512, 512, 1, 7, 3, 1), (256, 256, 1, 14, 3, 1), (64, 64, 1, 56, 3, 1), (128, 32, 1, 28, 3, 1), (128, 32, 1, 7, 3, 1),
        (128, 160, 1, 28, 3, 2), (32, 96, 1, 28, 5, 1), (24, 64, 1, 14, 5, 1), (48, 128, 1, 7, 5, 1), (480, 16, 1, 14, 1, 1), (512, 24, 1, 14, 1, 1), (192, 64, 1, 28, 1, 1), (64, 16, 1, 56, 1, 1), (16, 64, 1, 55, 1, 1),
        (96, 256, 2, 27, 5, 1), (240, 240, 3, 14, 1, 1), (68, 272, 4, 28, 1, 1), (480, 480, 3, 7, 1, 1), (3, 64, 1, 224, 7, 2), (3, 64, 1, 224, 3, 2), (3, 64, 1, 224, 3, 1), (32, 64, 1, 112, 3, 2),
    ];

    /// <summary>Prints a row for each layer.</summary>
    public static void Run()
    {
        Console.WriteLine("| inputs, outputs, groups, size, kernel, stride | million | direct | by channels | Winograd |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: |");
        foreach ((int inputs, int outputs, int groups, int size, int kernel, int stride) in Layers)
        {
            int output = ((size - 1) / stride) + 1;
            var axis = new SpatialAxis(size, output, kernel, stride, 1, kernel / 2, kernel / 2);
            Measure(new ConvolutionShape(1, inputs, outputs, groups, SpatialAxis.Single, axis, axis), $"{inputs}, {outputs}, {groups}, {size}, {kernel}, {stride}");
        }
    }

    private static void Measure(ConvolutionShape shape, string name)
    {
        Workers workers = Workers.Serial;
        bool isWinograd = shape.Height is { Kernel: 3, Stride: 1 };
        double work = (double)shape.OutputChannels * shape.OutputPlane * shape.GroupInputs * shape.Taps;
        using NativeBuffer input = new NativeBuffer(shape.InputChannels * shape.InputPlane).Fill(1);
        using NativeBuffer weights = new NativeBuffer((nint)shape.OutputChannels * shape.GroupInputs * shape.Taps).Fill(2);
        using var output = new NativeBuffer(shape.OutputChannels * shape.OutputPlane);
        using var direct = new NativeBuffer(Convolution.PackedWeightCount(shape));
        using var channels = new NativeBuffer(ChannelConvolution.PackedWeightCount(shape));
        using var winograd = new NativeBuffer(isWinograd ? WinogradConvolution.PackedWeightCount(shape) : 1);
        Convolution.PackWeights(shape, weights.Pointer, direct.Pointer);
        ChannelConvolution.PackWeights(shape, weights.Pointer, channels.Pointer);
        if (isWinograd)
        {
            WinogradConvolution.PackWeights(workers, shape, weights.Pointer, winograd.Pointer);
        }

        var peak = new MultiplyAddPeak();
        peak.Steps = (int)(work / MultiplyAddPeak.MultiplyAddsOfStep);
        int repetitions = Math.Max(1, (int)(TurnSeconds / (work / 50e9)));
        Timing[] timings = InterleavedRounds.Measure(
            Rounds,
            new("limit", _ => Repeat(repetitions, () => peak.Run(0, 1))),
            new("direct", _ => Repeat(repetitions, () => Convolution.Direct(workers, shape, input.Pointer, direct.Pointer, output.Pointer, default(NoChannelEpilogue)))),
            new("channels", _ => Repeat(repetitions, () => ChannelConvolution.Run(workers, shape, input.Pointer, channels.Pointer, output.Pointer, default(NoChannelEpilogue)))),
            new("Winograd", _ => Repeat(isWinograd ? repetitions : 0, () => WinogradConvolution.Run(workers, shape, input.Pointer, winograd.Pointer, output.Pointer, default(NoChannelEpilogue)))));
        string Cell(int index) => $"{timings[0].Median / timings[index].Median:P0}";
        Console.WriteLine($"| {name} | {work / 1e6:F1} | {Cell(1)} | {Cell(2)} | {(isWinograd ? Cell(3) : "")} |");
    }

    private static void Repeat(int repetitions, Action run)
    {
        for (int count = 0; count < repetitions; count++)
        {
            run();
        }
    }
}

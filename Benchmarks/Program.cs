using BenchmarkDotNet.Running;
using Cameo.Benchmarks;
using Cameo.Benchmarks.Footprints;
using Cameo.Benchmarks.Suite;

switch (args.FirstOrDefault())
{
    case "attention":
        AttentionComparison.Run(args[1..]);
        break;
    case "matmul":
        PeerSuite.Run(args[1..], "matrix products");
        break;
    case "threads":
        WorkerWakeUps.Run();
        break;
    case ChildProcess.Command:
        ChildProcess.Follow(args[1]);
        break;
    case "peers":
        PeerSuite.Run(args[1..]);
        break;
    case "models":
        PeerSuite.Run(args[1..], "image nets", "real models", "decision trees");
        break;
    case "convolutions":
        ConvolutionComparison.Run();
        break;
    case "profile":
        ProfileSuite.Run(args[1..]);
        break;
    case "quantized":
        QuantizedComparison.Run(args[1..]);
        break;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(VectorMathBenchmarks).Assembly).Run(args);
        break;
}

using BenchmarkDotNet.Running;
using Cameo.Benchmarks;
using Cameo.Benchmarks.Models;
using Cameo.Benchmarks.Suite;

switch (args.FirstOrDefault())
{
    case "matmul":
        MatrixMultiplyComparison.Run(args[1..]);
        break;
    case "threads":
        WorkerWakeUps.Run();
        break;
    case "peers":
        PeerSuite.Run(args[1..]);
        break;
    case "models":
        ModelSuite.Run(args[1..]);
        break;
    case "profile":
        ModelSuite.Profile(args[1..]);
        break;
    case "quantized":
        QuantizedComparison.Run(args[1..]);
        break;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(MatrixMultiplyComparison).Assembly).Run(args);
        break;
}

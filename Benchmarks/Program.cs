using BenchmarkDotNet.Running;
using Cameo.Benchmarks;

switch (args.FirstOrDefault())
{
    case "matmul":
        MatrixMultiplyComparison.Run();
        break;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(MatrixMultiplyComparison).Assembly).Run(args);
        break;
}

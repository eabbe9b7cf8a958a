using System.ComponentModel;
using Cameo.Benchmarks.Peers;
using Cameo.Fuzzing.Running;
using Cameo.Fuzzing.Shrinking;

namespace Cameo.Fuzzing;

/// <summary>Compares Cameo with ONNX Runtime on random graphs.</summary>
internal static class Program
{
    private const int Success = 0, Failure = 1, WrongUsage = 2, WithoutRuntime = 3;

    private static int Main(string[] arguments)
    {
        if (arguments is [FuzzingWorker.Mode, .. var only])
        {
            FuzzingWorker.Run(only);
            return Success;
        }

        FuzzingOptions options;
        try
        {
            options = FuzzingOptions.Parse(arguments);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException)
        {
            Console.Error.WriteLine(exception.Message);
            Console.Error.WriteLine(FuzzingOptions.Usage);
            return WrongUsage;
        }

        try
        {
            _ = OnnxRuntimeApi.Shared;
        }
        catch (Exception exception) when (exception is InvalidOperationException or Win32Exception or DllNotFoundException or BadImageFormatException)
        {
            Console.WriteLine($"There is no ONNX Runtime to compare with: {exception.Message}");
            return WithoutRuntime;
        }

        if (!options.Shrinks && !options.Writes)
        {
            return new FuzzingRun(options).Run() ? Success : Failure;
        }

        foreach (int seed in options.Seeds.Take(options.GivenSeeds.Count > 0 ? options.GivenSeeds.Count : 1))
        {
            (options.Shrinks ? (Action<FuzzingOptions, int>)GraphShrinker.Shrink : GraphShrinker.Write)(options, seed);
        }

        return Success;
    }
}

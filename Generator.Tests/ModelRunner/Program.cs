using System.Globalization;
using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Models;
using Cameo.Vectors;

namespace Cameo.ModelRunner;

/// <summary>
/// Checks all models of the test data in a program of their own: <c>model-runner --data FOLDER [--width BITS] [--threads N,N…]</c>. Prints a line a check; the exit code
/// is 0 if all is well, 1 if a check failed, 2 for wrong arguments.
/// </summary>
internal static class Program
{
    private const int Passed = 0, Failed = 1, WrongUsage = 2;

    public static int Main(string[] arguments)
    {
        int? width = null;
        int[] threadCounts = [1, 2];
        for (int index = 0; index < arguments.Length; index += 2)
        {
            string? value = index + 1 < arguments.Length ? arguments[index + 1] : null;
            switch (arguments[index])
            {
                case "--data" when value is not null:
                    TestData.Root = value;
                    break;
                case "--width" when int.TryParse(value, CultureInfo.InvariantCulture, out int bits):
                    width = bits;
                    break;
                case "--threads" when value?.Split(',') is { } counts && counts.All(static count => int.TryParse(count, CultureInfo.InvariantCulture, out int number) && number > 0):
                    threadCounts = [.. counts.Select(static count => int.Parse(count, CultureInfo.InvariantCulture))];
                    break;
                default:
                    Console.Error.WriteLine($"'{arguments[index]}' is not understood. Usage: model-runner --data FOLDER [--width BITS] [--threads N,N...]");
                    return WrongUsage;
            }
        }

        if (!Directory.Exists(TestData.Models))
        {
            Console.Error.WriteLine($"The test data are absent: there is no '{TestData.Models}'.");
            return WrongUsage;
        }

        var checks = new CheckList();
        if (width is { } expected)
        {
            checks.Run("vector width", () => VectorWidth.Bits == expected ? null : $"{VectorWidth.Bits} bits instead of {expected}");
        }

        foreach ((string folder, Func<CompiledModel> load) in StoredModels.All)
        {
            checks.Run($"{folder}: all checks could be made", () =>
            {
                new StoredModelChecks(checks, folder, load, threadCounts).Run();
                if (GreedyText.Exists(folder))
                {
                    new StoryChecks(checks, folder, load, threadCounts).Run();
                }

                return null;
            });
        }

        Console.WriteLine(FormattableString.Invariant($"{checks.Passed} checks passed, {checks.Failed} failed, with vectors of {VectorWidth.Bits} bits"));
        return checks.Failed == 0 ? Passed : Failed;
    }
}

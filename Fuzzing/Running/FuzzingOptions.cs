using System.Globalization;

namespace Cameo.Fuzzing.Running;

/// <summary>What the command line says.</summary>
internal sealed record FuzzingOptions
{
    public const string Usage = """
        Compares random graphs with ONNX Runtime.
          --graphs N      how many (default 200)
          --seed N        the first seed (default 1); graphs have consecutive ones
          --seeds A,B     these seeds instead
          --processes N   how many child processes at once (default: half of the processors)
          --seconds N     ends after this time (default: never)
          --only A,B      graphs with at least one of these productions
          --vectors W     widest, 256, 128, without-avx2 or scalar (default: all in turn)
          --shrink        shrinks the graphs of the seeds as far as they fail in the same way, and writes them to --output
          --write         writes the graphs of the seeds to --output
          --output F      folder for graphs (default: artifacts/fuzzing)
        """;

    public int Graphs { get; init; } = 200;

    public int FirstSeed { get; init; } = 1;

    /// <summary>Given seeds instead of consecutive ones.</summary>
    public IReadOnlyList<int> GivenSeeds { get; init; } = [];

    public IReadOnlyList<int> Seeds => GivenSeeds.Count > 0 ? GivenSeeds : [.. Enumerable.Range(FirstSeed, Graphs)];

    public int Processes { get; init; } = Math.Max(1, Environment.ProcessorCount / 2);

    public TimeSpan? TimeLimit { get; init; }

    public IReadOnlyCollection<string> Only { get; init; } = [];

    public VectorSetting? Width { get; init; }

    public bool Shrinks { get; init; }

    public bool Writes { get; init; }

    public string Output { get; init; } = Path.Combine("artifacts", "fuzzing");

    public static FuzzingOptions Parse(string[] arguments)
    {
        FuzzingOptions options = new();
        for (int index = 0; index < arguments.Length; index++)
        {
            string Value() => ++index < arguments.Length ? arguments[index] : throw new ArgumentException($"{arguments[^1]} needs a value.");
            int Number() => int.Parse(Value(), CultureInfo.InvariantCulture);
            options = arguments[index] switch
            {
                "--graphs" => options with { Graphs = Number() },
                "--seed" => options with { FirstSeed = Number() },
                "--seeds" => options with { GivenSeeds = [.. Value().Split(',').Select(static seed => int.Parse(seed, CultureInfo.InvariantCulture))] },
                "--processes" => options with { Processes = Number() },
                "--seconds" => options with { TimeLimit = TimeSpan.FromSeconds(Number()) },
                "--only" => options with { Only = Value().Split(',') },
                "--vectors" => options with { Width = VectorSetting.Find(Value()) },
                "--shrink" => options with { Shrinks = true },
                "--write" => options with { Writes = true },
                "--output" => options with { Output = Value() },
                var other => throw new ArgumentException($"Unknown option '{other}'."),
            };
        }

        return options;
    }
}

using System.CommandLine;

namespace Cameo.Demo.Commands;

/// <summary>The program without a sub-command: writes text with the built-in language model.</summary>
public static class GenerateCommand
{
    private static readonly Option<string> Prompt = new("--prompt", "-p")
    {
        Description = "Text to continue.",
        DefaultValueFactory = _ => "In the beginning",
        HelpName = "text",
    };

    private static readonly Option<int> Tokens = Number("--tokens", "Most tokens to generate; a token is about three and a half letters.", 200, "number", "of at least 1", static value => value >= 1);

    private static readonly Option<double> Temperature = Number("--temperature", "Above 1 bolder, below 1 more careful; 0 always takes the likeliest token.", 0.8, "number", "of at least 0", static value => value >= 0 && double.IsFinite(value));

    private static readonly Option<int> TopK = Number("--top-k", "Chooses among this many likeliest tokens; 0 for all.", 40, "number", "of at least 0", static value => value >= 0);

    private static readonly Option<double> TopP = Number("--top-p", "Chooses among the fewest tokens that together have this probability; 1 for all.", 0.95, "share", "above 0 and at most 1", static value => value is > 0 and <= 1);

    private static readonly Option<long?> Seed = new("--seed")
    {
        Description = "Starts the random numbers: the same seed gives the same text. By default another one each time; the table shows it.",
        HelpName = "number",
        CustomParser = result => NumberArgument.Parse<long>(result, "--seed", "without a fraction", static _ => true),
    };

    private static readonly Option<int?> Threads = new("--threads")
    {
        Description = "Threads to compute with. By default CAMEO_THREADS, else as many as the process may use. Any number gives the same text.",
        HelpName = "number",
        CustomParser = result => NumberArgument.Parse<int>(result, "--threads", "of at least 1", static value => value >= 1),
    };

    private static readonly Option<bool> Greedy = new("--greedy")
    {
        Description = "Always takes the likeliest token; the same as --temperature 0.",
    };

    public static RootCommand CreateRoot()
    {
        var root = new RootCommand(
            "Writes English in the manner of the King James Bible with a small language model that the build turned into C#.\n"
            + "Ctrl-C ends the text. Exit codes: 0 done, 1 failed, 2 wrong usage.")
        {
            Prompt, Tokens, Temperature, TopK, TopP, Seed, Threads, Greedy,
        };
        root.SetAction((result, cancellation) => Task.FromResult(Run(result, cancellation)));
        return root;
    }

    private static int Run(ParseResult result, CancellationToken cancellation)
    {
        var settings = new GenerationSettings(
            result.GetRequiredValue(Prompt),
            result.GetValue(Tokens),
            result.GetValue(Greedy) ? 0 : (float)result.GetValue(Temperature),
            result.GetValue(TopK),
            (float)result.GetValue(TopP),
            result.GetValue(Seed) ?? Random.Shared.NextInt64(1, 1_000_000),
            result.GetValue(Threads));
        new TextGeneration(settings).Run(Console.Out, cancellation);
        return ExitCodes.Done;
    }

    private static Option<T> Number<T>(string name, string description, T byDefault, string helpName, string range, Func<T, bool> isValid)
        where T : struct, IParsable<T> =>
        new(name)
        {
            Description = description,
            DefaultValueFactory = _ => byDefault,
            HelpName = helpName,
            CustomParser = result => NumberArgument.Parse(result, name, range, isValid),
        };
}

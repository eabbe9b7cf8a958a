using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text;

namespace Cameo.Demo;

public static class Program
{
    public static async Task<int> Main(string[] arguments)
    {
        Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        RootCommand root = Commands.GenerateCommand.CreateRoot();
        root.Subcommands.Add(Commands.DigitsCommand.Create());
        root.Subcommands.Add(Commands.InspectCommand.Create());
        ParseResult parsed = root.Parse(arguments);

        // Ctrl-C ends the text, not the program: the table is still to come. The library's own handling would exit at once.
        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = !stop.IsCancellationRequested; // a second Ctrl-C does end the program
            stop.Cancel();
        });
        try
        {
            // The default exception handler would print a stack trace; errors here are for people.
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            int code = await parsed.InvokeAsync(configuration, stop.Token);
            return parsed.Errors.Count > 0 ? ExitCodes.WrongUsage : code;
        }
        catch (UsageException exception)
        {
            await Console.Error.WriteLineAsync($"error: {exception.Message}");
            return ExitCodes.WrongUsage;
        }
        catch (Exception exception) when (Environment.GetEnvironmentVariable("CAMEO_DEMO_DEBUG") is null)
        {
            await Console.Error.WriteLineAsync($"error: {exception.Message}");
            return ExitCodes.Failed;
        }
    }
}

using System.CommandLine;
using Cameo.Descriptions;
using Cameo.Models;
using Cameo.Sessions;

namespace Cameo.Demo.Commands;

/// <summary><c>inspect</c>: signature, dimensions, kernels, patterns and memory plan of a built-in model.</summary>
public static class InspectCommand
{
    public static Command Create()
    {
        var model = new Argument<string>("model")
        {
            Description = "Which of the built-in models.",
            DefaultValueFactory = _ => nameof(KingJames),
        };
        model.AcceptOnlyFromAmong(nameof(KingJames), nameof(Digits));
        var command = new Command("inspect", "Shows a built-in model: signature, dimensions, memory plan, fused kernels.") { model };
        command.SetAction(result =>
        {
            using CompiledModel chosen = result.GetRequiredValue(model) == nameof(Digits) ? new Digits() : new KingJames();
            Console.Write(DescriptionText.Write(chosen));
            return ExitCodes.Done;
        });
        return command;
    }
}

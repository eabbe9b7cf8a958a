using System.Globalization;
using Cameo.Generator.Outlining;

namespace Cameo.Generator.Emitting;

/// <summary>Writes the calls of kernels in their order: one a line, in loops where blocks repeat, split over methods where there are many.</summary>
internal static class CallWriter
{
    /// <summary>Statements that one method holds.</summary>
    private const int CallsPerStage = 80;

    /// <summary>Writes the calls of the stages; their methods follow with <see cref="WriteStages"/>.</summary>
    public static void CallStages(CodeWriter code, KernelSchedule schedule, string prefix, string argument)
    {
        for (int stage = 0; stage * CallsPerStage < schedule.Steps.Count; stage++)
        {
            code.Line($"{prefix}{stage.ToString(CultureInfo.InvariantCulture)}({argument});");
        }
    }

    /// <param name="code">The class.</param>
    /// <param name="model">Names.</param>
    /// <param name="schedule">What is called.</param>
    /// <param name="prefix">Name of the methods, before their number.</param>
    /// <param name="parameter">Declaration of a parameter that goes through to all kernels; empty where there is none.</param>
    /// <param name="argument">That parameter's name.</param>
    public static void WriteStages(CodeWriter code, EmissionModel model, KernelSchedule schedule, string prefix, string parameter, string argument)
    {
        for (int stage = 0; stage * CallsPerStage < schedule.Steps.Count; stage++)
        {
            using (code.Block($"private void {prefix}{stage.ToString(CultureInfo.InvariantCulture)}({parameter})"))
            {
                Write(code, model, schedule, [.. schedule.Steps.Skip(stage * CallsPerStage).Take(CallsPerStage)], argument.Length > 0 ? [argument] : []);
            }

            code.Line();
        }
    }

    private static void Write(CodeWriter code, EmissionModel model, KernelSchedule schedule, IReadOnlyList<ScheduleNode> nodes, IReadOnlyList<string> arguments)
    {
        for (int index = 0; index < nodes.Count; index++)
        {
            if (nodes[index] is not ScheduleLoop loop)
            {
                code.Line($"{model.Method(schedule.Site(nodes[index].Start))}({string.Join(", ", arguments)});");
                continue;
            }

            if (index > 0 && nodes[index - 1] is not ScheduleLoop)
            {
                code.Line();
            }

            LoopVariable variable = schedule.Variable(loop);
            string count = variable.Count.ToString(CultureInfo.InvariantCulture);
            using (code.Block($"for (int {variable.Name} = 0; {variable.Name} < {count}; {variable.Name}++)"))
            {
                Write(code, model, schedule, loop.Body, [.. arguments, variable.Name]);
            }

            if (loop.Remainder > 0)
            {
                code.Line();
                code.Line($"// One more {variable.Name}, which ends in another way.");
                Write(code, model, schedule, loop.CutBody, [.. arguments, count]);
            }

            if (index < nodes.Count - 1)
            {
                code.Line();
            }
        }
    }
}

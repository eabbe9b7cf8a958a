using System.Text.RegularExpressions;
using Cameo.Generator.Diagnostics;
using Cameo.Tests.Compilation;

namespace Cameo.Tests.Conformance;

/// <summary>
/// Judges how models are refused: what is not supported needs a diagnostic, and a case that must be refused a diagnostic or an exception that names the operator and tells a
/// reason. That an operator is unknown is no such reason.
/// </summary>
internal static partial class Refusals
{
    /// <summary>The verdict on a model that was not compiled.</summary>
    public static Outcome AtBuild(ModelCompilation compilation, ConformanceCase @case, IReadOnlyList<string> operators)
    {
        if (compilation.Refusal is not var (id, message))
        {
            return Outcome.Because(OutcomeKind.Faulty, compilation.Explain().Split('\n') is [_, var first, ..] && compilation.Fault is not null ? $"{compilation.Fault} {first}" : compilation.Fault ?? "no class");
        }

        if (id == DiagnosticIds.InternalError || id == Generator.Onnx.ImportDiagnosticIds.InternalError)
        {
            return Outcome.Because(OutcomeKind.Faulty, message);
        }

        return @case.IsNegative && id != DiagnosticIds.UnsupportedOperator && Names(operators, message)
            ? Outcome.Passed
            : Outcome.Because(OutcomeKind.Refused, Summarize(compilation, id, message));
    }

    /// <summary>The verdict on an exception that ended a run.</summary>
    public static Outcome AtRun(Exception exception, ConformanceCase @case, IReadOnlyList<string> operators)
    {
        // These tell that nobody thought of the case.
        bool isFault = exception is NullReferenceException or IndexOutOfRangeException or InvalidCastException or AccessViolationException or OutOfMemoryException or ArithmeticException;
        return @case.IsNegative && !isFault && Names(operators, exception.Message)
            ? Outcome.Passed
            : Outcome.Because(OutcomeKind.Threw, $"{exception.GetType().Name}: {exception.Message} {(isFault ? exception.StackTrace?.Split('\n')[0].Trim() : "")}");
    }

    /// <summary>All operators that are unknown, else the first reason without the names and types in front of it.</summary>
    private static string Summarize(ModelCompilation compilation, string id, string message)
    {
        string[] unknown = [.. (compilation.Result?.Diagnostics ?? [])
            .Where(static diagnostic => diagnostic.Id == DiagnosticIds.UnsupportedOperator)
            .Select(static diagnostic => diagnostic.Message.Split(' ')[0])
            .Distinct().Order(StringComparer.Ordinal)];
        if (unknown.Length > 0)
        {
            return $"{DiagnosticIds.UnsupportedOperator} unknown: {string.Join(", ", unknown)}";
        }

        Match place = Place().Match(message);
        return place.Success ? $"{id} {place.Groups[1].Value}: {message[place.Length..]}" : $"{id} {message}";
    }

    private static bool Names(IReadOnlyList<string> operators, string message)
        => operators.Any(name => message.Contains(name[(name.LastIndexOf('.') + 1)..], StringComparison.Ordinal));

    // "Operator 'node' (opset 17; inputs: float[2]): reason."
    [GeneratedRegex(@"^(\S+) '.*?' \((?:\S+ )?opset \d+; inputs: .*?\): ")]
    private static partial Regex Place();
}

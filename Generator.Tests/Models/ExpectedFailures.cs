using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Cameo.Generator.Diagnostics;
using Cameo.Tests.Infrastructure;

namespace Cameo.Tests.Models;

/// <summary>
/// The models that the compiler does not support yet, with the diagnostic that says so: lines <c>folder: id message</c> of expected-failures.txt, of which the
/// message may be a beginning. Lines that start with <c>#</c> are comments. A run with the environment variable CAMEO_UPDATE_EXPECTED=1 writes the list anew,
/// to be read through before it is committed.
/// </summary>
internal static partial class ExpectedFailures
{
    private static readonly Lazy<IReadOnlyDictionary<string, string>> Lines = new(Read);
    private static readonly ConcurrentDictionary<string, string?> Updates = new(StringComparer.Ordinal);

    public static string Path { get; } = System.IO.Path.Combine(TestData.Repository, "Generator.Tests", "Models", "expected-failures.txt");

    public static bool IsUpdating { get; } = Environment.GetEnvironmentVariable("CAMEO_UPDATE_EXPECTED") == "1";

    public static IReadOnlyCollection<string> Folders => [.. Lines.Value.Keys];

    /// <summary>The beginning of <c>id message</c> that the model must be refused with; null for a model that must pass.</summary>
    public static string? Find(string folder) => Lines.Value.GetValueOrDefault(folder);

    /// <summary>Keeps in mind what the list is to say of a model. Only what is not supported can be expected; any other error is a fault.</summary>
    /// <param name="folder">The model.</param>
    /// <param name="refusal">How it was refused; null where it was not.</param>
    public static void Update(string folder, (string Id, string Message)? refusal)
        => Updates[folder] = refusal is { Id: DiagnosticIds.UnsupportedOperator or DiagnosticIds.UnsupportedUse } found
            ? $"{found.Id} {Beginning(found.Message)}"
            : null;

    /// <summary>What names the node, without the shapes and reasons behind, which are worded anew more often.</summary>
    private static string Beginning(string message)
    {
        Match version = OperatorVersion().Match(message);
        return version.Success ? message[..version.Index] : message;
    }

    private static Dictionary<string, string> Read()
    {
        Dictionary<string, string> failures = new(StringComparer.Ordinal);
        foreach (string line in File.ReadLines(Path).Where(static line => line.Length > 0 && line[0] != '#'))
        {
            int separator = line.IndexOf(": CAMEO", StringComparison.Ordinal);
            failures.Add(
                separator < 0 ? throw new InvalidDataException($"{Path}: '{line}' does not have the form 'folder: CAMEO#### message'.") : line[..separator],
                line[(separator + 2)..].Trim());
        }

        return failures;
    }

    /// <summary>Writes the list anew; nothing where nothing was to be updated.</summary>
    public static void WriteUpdates()
    {
        if (Updates.IsEmpty)
        {
            return;
        }

        IEnumerable<string> comments = File.ReadLines(Path).TakeWhile(static line => line.StartsWith('#'));
        SortedDictionary<string, string> failures = new(Lines.Value.ToDictionary(), StringComparer.Ordinal);
        foreach ((string folder, string? diagnostic) in Updates)
        {
            failures.Remove(folder);
            if (diagnostic is not null)
            {
                failures.Add(folder, diagnostic);
            }
        }

        File.WriteAllLines(Path, [.. comments, .. failures.Select(static failure => $"{failure.Key}: {failure.Value}")]);
    }

    [GeneratedRegex(@" \((\S+ )?opset ")]
    private static partial Regex OperatorVersion();
}

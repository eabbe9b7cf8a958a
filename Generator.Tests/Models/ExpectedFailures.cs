using Cameo.Tests.Infrastructure;

namespace Cameo.Tests.Models;

/// <summary>
/// The models that the compiler does not support yet, with the diagnostic that says so: lines <c>folder: id message</c> of expected-failures.txt, of which the
/// message may be a beginning. Lines that start with <c>#</c> are comments.
/// </summary>
internal static class ExpectedFailures
{
    private static readonly Lazy<IReadOnlyDictionary<string, string>> Lines = new(Read);

    public static string Path { get; } = System.IO.Path.Combine(TestData.Repository, "Generator.Tests", "Models", "expected-failures.txt");

    public static IReadOnlyCollection<string> Folders => [.. Lines.Value.Keys];

    /// <summary>The beginning of <c>id: message</c> that the model must be refused with; null for a model that must pass.</summary>
    public static string? Find(string folder) => Lines.Value.GetValueOrDefault(folder);

    private static Dictionary<string, string> Read()
    {
        Dictionary<string, string> failures = new(StringComparer.Ordinal);
        foreach (string line in File.ReadLines(Path).Where(static line => line.Length > 0 && line[0] != '#'))
        {
            int separator = line.IndexOf(": ", StringComparison.Ordinal);
            string diagnostic = separator < 0 ? "" : line[(separator + 2)..].Trim();
            if (!diagnostic.StartsWith("CAMEO", StringComparison.Ordinal))
            {
                throw new InvalidDataException($"{Path}: '{line}' does not have the form 'folder: CAMEO#### message'.");
            }

            failures.Add(line[..separator].Trim(), diagnostic);
        }

        return failures;
    }
}

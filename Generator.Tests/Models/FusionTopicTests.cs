using System.Text;
using Cameo.Tests.Infrastructure;
using Xunit;
using Xunit.Abstractions;

namespace Cameo.Tests.Models;

/// <summary>
/// Whatever the exporter wrote ends in the same kernel: derived from the folders "fusion_topic_number" of the test data, and written down in docs/fusion.md. A run with the
/// environment variable CAMEO_UPDATE_DOCS=1 writes that page anew.
/// </summary>
public sealed class FusionTopicTests(ITestOutputHelper output)
{
    private static readonly string Page = Path.Combine(TestData.Repository, "docs", "fusion.md");
    private static readonly bool IsUpdating = Environment.GetEnvironmentVariable("CAMEO_UPDATE_DOCS") == "1";

    public static TheoryData<string> Folders => [.. FusionSpelling.Folders.DefaultIfEmpty("")];

    /// <summary>A near miss may be left alone or not: ModelSuiteTests asserts its numbers, as those of all others.</summary>
    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void SpellingEndsInTheKernelThatItsTopicNames(string folder)
    {
        TestData.RequireModels();
        Skip.If(folder.Length == 0, "The test data have no fusion spellings.");
        var spelling = FusionSpelling.Read(folder);
        output.WriteLine(spelling.ToString());
        Assert.True(!spelling.IsRequired || spelling.IsNearMiss || spelling.IsFound, spelling.ToString());
    }

    [SkippableFact]
    public void ThePageOfFusionsIsThatOfTheTestData()
    {
        TestData.RequireModels();
        Skip.If(FusionSpelling.Folders.Count == 0, "The test data have no fusion spellings.");
        string text = Write([.. FusionSpelling.Folders.Select(FusionSpelling.Read)]);
        if (IsUpdating)
        {
            File.WriteAllText(Page, text);
        }

        string[] missing = [.. Rows(File.ReadAllText(Page)).Keys.Except(FusionSpelling.Folders)];
        Skip.If(missing.Length > 0, $"The page is about other test data: '{missing.FirstOrDefault()}' is not among these.");
        Assert.True(
            File.ReadAllText(Page) == text,
            $"docs/fusion.md is not up to date (run with CAMEO_UPDATE_DOCS=1). Rows that differ:\n{string.Join("\n", Rows(text).Values.Except(Rows(File.ReadAllText(Page)).Values))}");
    }

    /// <summary>The page's table rows by folder.</summary>
    private static Dictionary<string, string> Rows(string page) => page.Split('\n').Where(static line => line.StartsWith("| `fusion_", StringComparison.Ordinal))
        .ToDictionary(static line => line.Split('`')[1], StringComparer.Ordinal);

    private static string Write(IReadOnlyList<FusionSpelling> spellings)
    {
        StringBuilder page = new();
        page.Append("# Fusion\n\n");
        page.Append("What becomes of the fusion spellings of the test data: each is one way in which some exporter writes the computation that the topic names.\n");
        page.Append("`FusionTopicTests` writes this page and asserts it. A *near miss* resembles a pattern and is no case of it for the rule that the spelling comes from.\n\n");
        page.Append("*In the topic's kernel* says whether all nodes of the pattern are in one kernel of the kind that the topic names. For the topics at the end that is not\n");
        page.Append("asked: they are simplifications, of which the table only says what the model ends in.\n\n");
        foreach (IGrouping<bool, FusionSpelling> part in spellings.GroupBy(static spelling => spelling.IsRequired).OrderByDescending(static part => part.Key))
        {
            page.Append(part.Key ? "## Patterns\n" : "## Other topics\n");
            foreach (IGrouping<string, FusionSpelling> topic in part.GroupBy(static spelling => spelling.Topic).OrderBy(static topic => topic.Key, StringComparer.Ordinal))
            {
                page.Append($"\n### {topic.Key}\n\n");
                page.Append(part.Key ? "| spelling | what it is | in the topic's kernel | recognised | misses |\n| --- | --- | --- | --- | --- |\n"
                    : "| spelling | what it is | recognised | kernels | misses |\n| --- | --- | --- | --- | --- |\n");
                foreach (FusionSpelling spelling in topic.OrderBy(static spelling => spelling.Number))
                {
                    page.Append($"| `{spelling.Folder}` | {Cell(spelling.Feature)} | " +
                        (part.Key ? $"{Found(spelling)} | {Cell(spelling.Refusal ?? spelling.Recognized)} | " : $"{Cell(spelling.Recognized)} | {Cell(spelling.Refusal ?? spelling.Kernels)} | ") +
                        $"{Cell(spelling.Misses)} |\n");
                }
            }

            page.Append('\n');
        }

        return page.ToString().TrimEnd('\n') + "\n";
    }

    private static string Found(FusionSpelling spelling) => (spelling.IsFound, spelling.IsNearMiss) switch
    {
        (true, false) => "yes",
        (false, true) => "no (near miss)",
        (true, true) => "yes (near miss, but the same numbers)",
        (false, false) => "**no**",
    };

    private static string Cell(string text) => text.Length == 0 ? "–" : text.Replace("|", "\\|", StringComparison.Ordinal).Replace("\n", " ", StringComparison.Ordinal);
}

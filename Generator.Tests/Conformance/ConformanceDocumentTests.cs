using Cameo.Tests.Infrastructure;
using Cameo.Vectors;
using Xunit;

namespace Cameo.Tests.Conformance;

/// <summary>
/// The pages that tell what the compiler takes are written from a run of the suites; one that says something else fails. CAMEO_UPDATE_DOCS=1 writes them: after a run of some
/// of the cases they keep what they say of the others.
/// </summary>
[Trait("Suite", "conformance")]
public sealed class ConformanceDocumentTests
{
    private const int WidestVector = 512;

    private static bool IsUpdating => Environment.GetEnvironmentVariable("CAMEO_UPDATE_DOCS") == "1";

    [SkippableFact]
    public void PageOfConformance()
    {
        IReadOnlyList<ConformanceCase> cases = Prepare("conformance.md", out string path, out string page);
        Check(path, page, ConformancePage.Write(cases, ExpectedOutcomes.Read(), ConformanceRun.Get().Reports, ConformanceSuites.IsFiltered ? page : ""));
    }

    [SkippableFact]
    public void PageOfOperators()
    {
        Prepare("operators.md", out string path, out string page);
        Check(path, page, OperatorsPage.Write(ConformanceRun.Get().Reports, ConformanceSuites.IsFiltered ? page : ""));
    }

    private static IReadOnlyList<ConformanceCase> Prepare(string file, out string path, out string page)
    {
        Skip.If(ConformanceSuites.Names.Count == 0, $"There are no suites in '{TestData.Zips}'.");
        Skip.If(VectorWidth.Bits < WidestVector, "The pages are about machines with vectors of 512 bits, too.");
        IReadOnlyList<ConformanceCase> cases = ConformanceSuites.FindAll();
        path = DocumentPath(file);
        page = File.Exists(path) ? File.ReadAllText(path) : "";
        string conformance = DocumentPath("conformance.md");
        Skip.IfNot(IsUpdating || (File.Exists(conformance) && ConformancePage.IsAbout(File.ReadAllText(conformance), cases)), "The pages are about other suites.");
        return cases;
    }

    private static string DocumentPath(string file) => Path.Combine(TestData.Repository, "docs", file);

    private static void Check(string path, string page, string expected)
    {
        if (IsUpdating)
        {
            File.WriteAllText(path, expected);
            return;
        }

        if (page != expected)
        {
            Assert.Fail($"{path} does not say what the compiler does; CAMEO_UPDATE_DOCS=1 writes it. The first line that differs: {FirstDifference(page, expected)}");
        }
    }

    private static string FirstDifference(string page, string expected)
    {
        (string[] actual, string[] wanted) = (page.Split('\n'), expected.Split('\n'));
        int line = Enumerable.Range(0, Math.Max(actual.Length, wanted.Length)).First(index => actual.ElementAtOrDefault(index) != wanted.ElementAtOrDefault(index));
        return FormattableString.Invariant($"{line + 1}: '{actual.ElementAtOrDefault(line)}' instead of '{wanted.ElementAtOrDefault(line)}'");
    }
}

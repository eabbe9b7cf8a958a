using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Xunit;
using Xunit.Abstractions;

namespace Cameo.Tests.Models;

/// <summary>Every folder of the test data that has a model and stored data is a test: the compiled model must give the stored outputs.</summary>
[Trait("Suite", "models")]
public sealed class ModelSuiteTests(SuiteReport report, ITestOutputHelper output) : IClassFixture<SuiteReport>
{
    public static TheoryData<string> Folders => [.. TestData.ModelNames.Where(static name => TestData.DataSets(name).Count > 0).DefaultIfEmpty("")];

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void ModelGivesTheStoredOutputs(string folder)
    {
        TestData.RequireModels();
        ModelCompilation compilation = CompiledModels.Get(folder);
        if (ExpectedFailures.IsUpdating)
        {
            ExpectedFailures.Update(folder, compilation.Refusal);
            Skip.If(compilation.Refusal is not null, "The list of expected failures is being written.");
        }
        else if (ExpectedFailures.Find(folder) is { } diagnostic)
        {
            report.AddFailed(folder);
            AssertRefused(compilation, diagnostic);
            output.WriteLine($"Expected failure: {folder}: {diagnostic}");
            report.AddExpectedFailure(folder, diagnostic);
            return;
        }

        report.AddFailed(folder);
        Assert.True(compilation.Type is not null, compilation.Explain());
        IReadOnlyList<string> faults = FindFaults(compilation);
        Assert.True(faults.Count == 0, $"{folder} gives wrong results:\n{string.Join("\n", faults)}\nGenerated files: {compilation.Folder}");
        report.AddPassed(folder);
    }

    /// <summary>A model that is not supported must be refused by a diagnostic, and by the one that is listed.</summary>
    private static void AssertRefused(ModelCompilation compilation, string expected)
    {
        Assert.True(
            compilation.Refusal is not null,
            $"{compilation.Name} is listed in {ExpectedFailures.Path}, but it is not refused: take it off the list if it passes. {compilation.Explain()}");
        (string id, string message) = compilation.Refusal.Value;
        Assert.True(
            $"{id} {message}".StartsWith(expected, StringComparison.Ordinal),
            $"{compilation.Name} is expected to be refused with\n{expected}\nbut is refused with\n{id} {message}");
    }

    private static List<string> FindFaults(ModelCompilation compilation)
    {
        List<string> faults = [];
        var signature = ModelSignature.Read(compilation.GraphText!);
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession reused = model.CreateSession();
        foreach (DataSet set in DataSet.ReadAll(compilation.Name, signature))
        {
            // Once in a session of its own, and once more in one that has run other sets before.
            using CompiledSession session = model.CreateSession();
            faults.AddRange(Run(set, session, signature));
            reused.Reset();
            faults.AddRange(Run(set, reused, signature).Select(static fault => "in a session used before: " + fault));
        }

        if (faults.Count > 0)
        {
            CompiledModels.KeepFiles();
        }

        return faults;
    }

    private static IReadOnlyList<string> Run(DataSet set, CompiledSession session, ModelSignature signature)
    {
        try
        {
            return OutputComparison.Compare(set, session.Run(set.Inputs), signature.RelativePrecision);
        }
        catch (Exception exception)
        {
            return [$"set {set.Number}: {exception}"];
        }
    }
}

using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Xunit;
using Xunit.Abstractions;

namespace Cameo.Tests.Models;

/// <summary>Every folder of the test data that has a model and stored data is a test: the compiled model must give the stored outputs.</summary>
[Trait("Suite", "models")]
public sealed class ModelSuiteTests(ITestOutputHelper output)
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
            AssertRefused(compilation, diagnostic);
            output.WriteLine($"Expected failure: {folder}: {diagnostic}");
            SuiteReport.AddExpectedFailure(folder, diagnostic);
            return;
        }

        Assert.True(compilation.Type is not null, compilation.Explain());
        IReadOnlyList<string> faults = FindFaults(compilation);
        Assert.True(faults.Count == 0, $"{folder} gives wrong results:\n{string.Join("\n", faults)}\nGenerated files: {compilation.Folder}");
        SuiteReport.AddPassed(folder);
    }

    /// <summary>A model that is not supported must be refused by a diagnostic, and by the one that is listed.</summary>
    private static void AssertRefused(ModelCompilation compilation, string expected)
    {
        Assert.True(
            compilation.Refusal is not null,
            $"{compilation.Name} is listed in {ExpectedFailures.Path}, but it is not refused: take it off the list if it passes. {compilation.Explain()}");
        (string id, string message) = compilation.Refusal.Value;
        Assert.StartsWith(expected, $"{id} {message}", StringComparison.Ordinal);
    }

    private static List<string> FindFaults(ModelCompilation compilation)
    {
        List<string> faults = [];
        var signature = ModelSignature.Read(compilation.GraphText!);
        using CompiledModel model = compilation.CreateModel();
        Dictionary<string, string> states = model.Description.States.ToDictionary(static state => state.OutputName, static state => state.InputName);
        using CompiledSession reused = model.CreateSession();
        foreach (DataSet set in DataSet.ReadAll(compilation.Name, signature))
        {
            // Once in a session of its own, and once more in one that has run other sets before.
            using CompiledSession session = model.CreateSession();
            faults.AddRange(Run(set, session, states, signature));
            reused.Reset();
            faults.AddRange(Run(set, reused, states, signature).Select(static fault => "in a session used before: " + fault));
        }

        if (faults.Count > 0)
        {
            CompiledModels.KeepFiles();
        }

        return faults;
    }

    private static IReadOnlyList<string> Run(DataSet set, CompiledSession session, Dictionary<string, string> states, ModelSignature signature)
    {
        try
        {
            return OutputComparison.Compare(set, session.Run(set.Inputs), states, signature.RelativePrecision);
        }
        catch (Exception exception)
        {
            return [$"set {set.Number}: {exception}"];
        }
    }
}

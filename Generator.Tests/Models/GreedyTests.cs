using Cameo.Generation;
using Cameo.Generator.Diagnostics;
using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Xunit;

namespace Cameo.Tests.Models;

/// <summary>The language models of the test data must give the stored greedy tokens.</summary>
[Trait("Suite", "models")]
public sealed class GreedyTests
{
    public static TheoryData<string> Folders => [.. TestData.ModelNames.Where(GreedyText.Exists).DefaultIfEmpty("")];

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void SingleTokens(string folder) => Check(folder, LanguageModelChecks.SingleTokens);

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void PrefillAndDecode(string folder) => Check(folder, LanguageModelChecks.PrefillAndDecode);

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void Generate(string folder)
    {
        ModelCompilation compilation = Compile(folder);
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        if (session is IDecoder)
        {
            LanguageModelChecks.Generate(model, GreedyText.Read(folder));
        }
        else
        {
            // A language model without Generate must say why.
            Assert.Contains(compilation.Result!.Diagnostics, static diagnostic => diagnostic.Id == DiagnosticIds.NoGeneration);
        }
    }

    private static void Check(string folder, Action<CompiledModel, GreedyText> check)
    {
        using CompiledModel model = Compile(folder).CreateModel();
        check(model, GreedyText.Read(folder));
    }

    private static ModelCompilation Compile(string folder)
    {
        TestData.RequireModels();
        string? diagnostic = ExpectedFailures.Find(folder);
        Skip.If(diagnostic is not null, $"{folder} does not compile yet: {diagnostic}");
        return CompiledModels.Require(folder);
    }
}

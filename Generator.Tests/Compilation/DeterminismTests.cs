using Cameo.Generator;
using Cameo.Tests.Infrastructure;
using Xunit;

namespace Cameo.Tests.Compilation;

/// <summary>The same text gives the same files, byte for byte, under every culture.</summary>
[Trait("Suite", "models")]
public sealed class DeterminismTests
{
    public static TheoryData<string> Folders => [.. TestData.ModelNames.DefaultIfEmpty("")];

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void SecondCompilationIsTheSame(string folder)
    {
        TestData.RequireModels();
        ModelCompilation model = CompiledModels.Get(folder);
        Assert.NotNull(model.GraphText);

        string first = Describe(model.Result!);
        Assert.Equal(first, Describe(Compile(model.GraphText)));
        Assert.Equal(first, Describe(ForeignCulture.Run(() => Compile(model.GraphText))));
    }

    private static CompileResult Compile(string text) => ModelCompiler.Compile(text, new CompileSettings());

    private static string Describe(CompileResult result)
    {
        IEnumerable<string> recipe = result.Recipe is { } weights
            ? [$"{weights.PayloadBytes} {Convert.ToHexString(weights.Identity)}", .. weights.Entries.Select(static entry => $"{entry.Offset} {entry.Name} {entry.Expression}")]
            : [];
        return string.Join("\n", [
            result.ClassName,
            .. result.Diagnostics.Select(static diagnostic => diagnostic.ToString()),
            .. result.Sources.Select(static source => $"--- {source.HintName}\n{source.Text}"),
            .. recipe]);
    }
}

using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Cameo.Vectors;
using Xunit;

namespace Cameo.Tests.Models;

/// <summary>What every vector width must give: the stored outputs of four models and the text of the language model among them, with one thread and with two.</summary>
[Trait("Widths", "models")]
public sealed class WidthTests
{
    private const string LanguageModel = "stories260K_opset23";

    private static readonly string[] Folders = ["mnist_8", "micro_kws_static_fp32", "ppocr_v2_cls", LanguageModel];

    public static TheoryData<string, int> Cases
    {
        get
        {
            TheoryData<string, int> cases = [];
            foreach (string folder in Folders)
            {
                cases.Add(folder, 1);
                cases.Add(folder, 2);
            }

            return cases;
        }
    }

    [Fact]
    public void WidthIsTheOneAskedFor()
    {
        string? bits = Environment.GetEnvironmentVariable(VectorWidthRunner.ExpectedBitsVariable);
        Assert.Equal(bits ?? VectorWidth.Bits.ToString(), VectorWidth.Bits.ToString());
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void ModelGivesTheStoredOutputs(string folder, int threads)
    {
        ModelCompilation compilation = Compile(folder);
        var signature = ModelSignature.Read(compilation.GraphText!);
        using CompiledModel model = compilation.CreateModel(threads);
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
        Assert.Equal(threads, session.Threads);
        foreach (DataSet set in DataSet.ReadAll(folder, signature))
        {
            session.Reset();
            Assert.Empty(OutputComparison.Compare(set, session.Run(set.Inputs), signature.RelativePrecision));
        }
    }

    [SkippableFact]
    public void TextIsTheStoredOne()
    {
        using CompiledModel model = Compile(LanguageModel).CreateModel();
        var text = GreedyText.Read(LanguageModel);
        LanguageModelChecks.SingleTokens(model, text);
        LanguageModelChecks.PrefillAndDecode(model, text);
        LanguageModelChecks.Generate(model, text);
    }

    private static ModelCompilation Compile(string folder)
    {
        TestData.RequireModel(folder);
        string? diagnostic = ExpectedFailures.Find(folder);
        Skip.If(diagnostic is not null, $"{folder} does not compile yet: {diagnostic}");
        return CompiledModels.Require(folder);
    }
}

using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;
using Cameo.Generator.Passes.Recognition;
using Cameo.Generator.Reports;

namespace Cameo.Generator;

/// <summary>All that <see cref="ModelCompiler.Compile"/> makes of a model. On an error <see cref="Sources"/> is empty and <see cref="Recipe"/> is null.</summary>
/// <param name="ClassName">Fully qualified name of the generated class.</param>
/// <param name="WeightsMode">"file" or "embed".</param>
/// <param name="Sources">Generated files.</param>
/// <param name="Recipe">What the packed weight file holds; null where the model has no weights or did not compile.</param>
/// <param name="Diagnostics">Everything found, in the graph's order.</param>
/// <param name="Stages">The graph's text after each pass, when asked for.</param>
/// <param name="Kernels">The kernels in order of execution, for tools and tests.</param>
internal sealed record CompileResult(
    string ClassName,
    string WeightsMode,
    IReadOnlyList<GeneratedSource> Sources,
    WeightRecipe? Recipe,
    IReadOnlyList<DiagnosticInfo> Diagnostics,
    IReadOnlyList<StageDump> Stages,
    IReadOnlyList<KernelSummary> Kernels)
{
    /// <summary>Spellings that were recognised.</summary>
    public IReadOnlyList<RecognizedPattern> Recognitions { get; init; } = [];

    /// <summary>Spellings that resemble a pattern and were left alone, with the reasons.</summary>
    public IReadOnlyList<RecognitionMiss> Misses { get; init; } = [];

    /// <summary>All that was found, when asked for.</summary>
    public ModelReport? Report { get; init; }

    public bool Succeeded => Diagnostics.All(diagnostic => diagnostic.Severity != DiagnosticLevel.Error);

    /// <summary>File name of the packed weights beside the application: the class's simple name with the extension .weights.</summary>
    public string WeightsFileName => ClassName.Substring(ClassName.LastIndexOf('.') + 1) + ".weights";
}

/// <summary>A generated C# file.</summary>
internal sealed record GeneratedSource(string HintName, string Text);

/// <summary>A graph printed after a pass.</summary>
internal sealed record StageDump(string Stage, string Text);

/// <summary>One kernel of the compiled model.</summary>
/// <param name="Name">Name of the generated method.</param>
/// <param name="Kind">"loop", "matmul", "convolution", "attention", …</param>
/// <param name="Nodes">The ONNX nodes it implements.</param>
internal sealed record KernelSummary(string Name, string Kind, IReadOnlyList<string> Nodes);

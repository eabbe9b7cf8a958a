using System.Text.Json;
using System.Text.RegularExpressions;
using Cameo.Generator;
using Cameo.Generator.Diagnostics;
using Cameo.Generator.Onnx;
using Cameo.Tests.Infrastructure;

namespace Cameo.Tests.Models;

/// <summary>One folder "fusion_topic_number" of the test data: a spelling of the computation that the topic names, and what the compiler makes of it.</summary>
internal sealed partial class FusionSpelling
{
    /// <summary>The topics whose spellings must end in the kernel that the topic names, with the patterns that count as it.</summary>
    private static readonly Dictionary<string, string[]> Patterns = new(StringComparer.Ordinal)
    {
        ["gelu"] = ["gelu"],
        ["biasgelu"] = ["biasgelu"],
        // One of its spellings is the function without the product.
        ["hardswish"] = ["hardswish", "hardsigmoid"],
        ["layernorm"] = ["layernorm"],
        ["rmsnorm"] = ["rmsnorm"],
        ["skipnorm"] = ["skipnorm"],
        ["groupnorm"] = ["groupnorm"],
        ["rotary"] = ["rotary"],
        ["sdpa"] = ["attention"],
        ["mha"] = ["attention"],
    };

    /// <summary>Kernels that are made for nothing but a pattern: a model whose operator is the canonical one already is not recognised, but ends in them.</summary>
    private static readonly Dictionary<string, string> KernelKinds = new(StringComparer.Ordinal) { ["attention"] = "attention", ["rotary"] = "rotary embedding" };

    /// <summary>Canonical operators of patterns that end in loops, as the dump of a graph writes them.</summary>
    private static readonly Dictionary<string, string> CanonicalOperators = new(StringComparer.Ordinal)
    {
        ["gelu"] = "Gelu",
        ["hardswish"] = "HardSwish",
        ["layernorm"] = "LayerNormalization",
        ["rmsnorm"] = "RMSNormalization",
        ["groupnorm"] = "GroupNormalization",
    };

    private readonly CompileResult _result;

    private FusionSpelling(string folder, string topic, int number, string feature, CompileResult result)
    {
        Folder = folder;
        Topic = topic;
        Number = number;
        Feature = feature;
        _result = result;
    }

    public static IReadOnlyList<string> Folders { get; } = [.. TestData.ModelNames.Where(static name => FolderName().IsMatch(name))];

    public string Folder { get; }

    public string Topic { get; }

    public int Number { get; }

    /// <summary>What the test data say of the spelling.</summary>
    public string Feature { get; }

    /// <summary>Whether the spelling only resembles the pattern, so that the rule it comes from leaves it alone.</summary>
    public bool IsNearMiss => Feature.Contains("near miss", StringComparison.Ordinal);

    /// <summary>Whether the topic's spellings must end in the topic's kernel.</summary>
    public bool IsRequired => Accepted is not null;

    /// <summary>Whether all of the spelling is in the kernel that the topic names.</summary>
    public bool IsFound => Accepted is { } patterns && patterns.Any(IsInOneKernel);

    /// <summary>The error that refused the model.</summary>
    public string? Refusal => _result.Diagnostics.FirstOrDefault(static diagnostic => diagnostic.Severity == DiagnosticLevel.Error)?.ToString();

    /// <summary>What was recognised, each pattern once.</summary>
    public string Recognized => string.Join(", ", _result.Recognitions.Select(static recognition => recognition.Pattern).Distinct());

    /// <summary>The kinds of kernels that the model ends in, with how often.</summary>
    public string Kernels => string.Join(", ", _result.Kernels.GroupBy(static kernel => kernel.Kind).Select(static kind => kind.Count() == 1 ? kind.Key : $"{kind.Count()} {kind.Key}"));

    /// <summary>Reasons of misses.</summary>
    public string Misses => string.Join("; ", _result.Misses.Select(static miss => $"{miss.Pattern}: {miss.Reason}").Distinct());

    private string[]? Accepted => Topic.StartsWith("gqa", StringComparison.Ordinal) ? ["attention"] : Patterns.GetValueOrDefault(Topic);

    /// <summary>Imports and compiles the model of a folder; its code is not built.</summary>
    public static FusionSpelling Read(string folder)
    {
        Match name = FolderName().Match(folder);
        using JsonDocument data = JsonDocument.Parse(File.ReadAllText(Path.Combine(TestData.Models, folder, "data.json")));
        string feature = data.RootElement.TryGetProperty("feature", out JsonElement text) ? text.GetString()! : "";
        ImportResult import = ModelImporter.Import(TestData.ModelPath(folder), new ImportOptions { GraphOptions = new Dictionary<string, string> { [GraphOptions.Class] = "Model" } });
        CompileResult result = ModelCompiler.Compile(
            import.GraphText ?? throw new InvalidOperationException(string.Join("; ", import.Diagnostics)), new CompileSettings { Validate = true, DumpStages = true });
        return new FusionSpelling(folder, name.Groups["topic"].Value, int.Parse(name.Groups["number"].Value), FeaturePrefix().Replace(feature, ""), result);
    }

    /// <summary>What became of it, for messages.</summary>
    public override string ToString() =>
        $"{Folder} ({Feature}): {(Refusal is { } refusal ? refusal : $"recognised: {Recognized}; kernels: {Kernels}; misses: {Misses}")}";

    private bool IsInOneKernel(string pattern)
    {
        if (KernelKinds.TryGetValue(pattern, out string? kind))
        {
            return _result.Kernels.Any(kernel => kernel.Kind == kind);
        }

        bool isRecognized = _result.Recognitions.Any(recognition => recognition.Pattern == pattern
            && _result.Kernels.Any(kernel => recognition.Origins.All(kernel.Nodes.Contains)));
        return isRecognized || (CanonicalOperators.TryGetValue(pattern, out string? canonical)
            && _result.Stages.First(static stage => stage.Stage == "recognition").Text.Contains($" = {canonical}(", StringComparison.Ordinal));
    }

    [GeneratedRegex("^fusion_(?<topic>.+)_(?<number>[0-9]+)$")]
    private static partial Regex FolderName();

    [GeneratedRegex("^fusion pattern [^:]*: ")]
    private static partial Regex FeaturePrefix();
}

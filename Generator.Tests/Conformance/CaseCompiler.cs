using System.Globalization;
using Cameo.Generator;
using Cameo.Tests.Compilation;

namespace Cameo.Tests.Conformance;

/// <summary>Compiles a batch of cases into one assembly: the C# compiler's own start takes longer than most cases.</summary>
internal static class CaseCompiler
{
    public static CompiledCase[] Compile(CaseArchives archives, IReadOnlyList<ConformanceCase> cases, string folder)
    {
        Directory.CreateDirectory(folder);
        string assembly = Path.Combine(folder, "models.dll");
        List<(ConformanceCase Case, CaseSignature Signature, ModelCompilation Compilation)> batch = [];
        foreach (ConformanceCase @case in cases)
        {
            byte[] content = archives.ReadModel(@case);
            string className = string.Create(CultureInfo.InvariantCulture, $"Case{batch.Count}");
            var signature = new CaseSignature(content);
            batch.Add((@case, signature, ModelCompilation.Run(@case.Key, content, className, FolderOf(@case, folder), Options(archives, @case, signature))));
        }

        using (FileStream file = File.Create(assembly))
        {
            GeneratedAssembly.Emit([.. batch.Select(static entry => entry.Compilation)], file, symbols: null);
        }

        return [.. batch.Select(entry => Describe(entry.Case, entry.Signature, entry.Compilation, assembly))];
    }

    /// <summary>Where the model leaves out an input's shape, its rank is that of the stored value.</summary>
    private static Dictionary<string, string> Options(CaseArchives archives, ConformanceCase @case, CaseSignature signature)
    {
        string[] ranks = [.. signature.Unranked.Where(input => archives.FindInput(@case, input) is not null && signature.Inputs[input].Kind == ValueKind.Tensor).Select(input =>
        {
            var value = (TensorValue)CaseValueReader.Read(archives.FindInput(@case, input)!, ValueKind.Tensor);
            return string.Create(CultureInfo.InvariantCulture, $"{signature.Inputs[input].Name}.rank={value.Shape.Length}");
        })];
        return ranks.Length == 0 ? [] : new Dictionary<string, string> { ["dimensions"] = string.Join(";", ranks) };
    }

    /// <summary>The weights of a batch lie beside its assembly; where CAMEO_DUMP names a folder, everything that is generated for a case is kept in one of its own there.</summary>
    private static string FolderOf(ConformanceCase @case, string folder)
        => GeneratedDump.Folder is { } dumps ? Directory.CreateDirectory(Path.Combine(dumps, @case.Key)).FullName : folder;

    private static CompiledCase Describe(ConformanceCase @case, CaseSignature signature, ModelCompilation compilation, string assembly) => new()
    {
        Case = @case,
        Outcome = compilation.HasSources ? null : Refusals.AtBuild(compilation, @case, signature.Operators),
        Assembly = assembly,
        ClassName = compilation.Result?.ClassName ?? "",
        Weights = compilation.WeightsPath,
        Inputs = signature.Inputs,
        Outputs = signature.Outputs,
        Operators = signature.Operators,
        ElementTypes = signature.ElementTypes,
        Kernels = [.. (compilation.Result?.Kernels ?? []).Select(Use)],
    };

    // Nodes are named "Operator name".
    private static KernelUse Use(KernelSummary kernel) => new(kernel.Kind, [.. kernel.Nodes.Select(static node => node.Split(' ')[0]).Distinct()]);
}

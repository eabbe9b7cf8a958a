using Cameo.Generator.Onnx;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace Cameo.Generator.Build;

/// <summary>A model of the project with its options.</summary>
internal sealed class ModelItem
{
    private const string MetadataPrefix = "Onnx";

    private static readonly HashSet<string> KnownOptions = new(StringComparer.Ordinal)
    {
        GraphOptions.Class,
        GraphOptions.Namespace,
        GraphOptions.Dimensions,
        GraphOptions.Inputs,
        GraphOptions.State,
        GraphOptions.Weights,
        GraphOptions.Quantize,
    };

    private ModelItem(string path, Dictionary<string, string> options)
    {
        Path = path;
        Options = options;
    }

    public string Path { get; }

    /// <summary>All options by their names in the graph text; class, namespace and weights are always given.</summary>
    public IReadOnlyDictionary<string, string> Options { get; }

    public string Class => Options[GraphOptions.Class];

    public string WeightsMode => Options[GraphOptions.Weights];

    /// <summary>Reads an item's <c>Onnx…</c> metadata; null, with errors logged, if a value can't be used.</summary>
    public static ModelItem? Read(ITaskItem item, string defaultNamespace, string defaultWeights, TaskLoggingHelper log)
    {
        string path = item.GetMetadata("FullPath");
        Dictionary<string, string> options = new(StringComparer.Ordinal);
        foreach (string name in item.MetadataNames)
        {
            // Metadata are escaped in the project file; GetMetadata returns what was meant, semicolons included.
            string value = item.GetMetadata(name).Trim();
            if (name.StartsWith(MetadataPrefix, StringComparison.OrdinalIgnoreCase) && name.Length > MetadataPrefix.Length && value.Length > 0)
            {
                options[name.Substring(MetadataPrefix.Length).ToLowerInvariant()] = value;
            }
        }

        foreach (string option in options.Keys.Where(static option => !KnownOptions.Contains(option)))
        {
            string known = string.Join(", ", KnownOptions.Select(static name => MetadataPrefix + char.ToUpperInvariant(name[0]) + name.Substring(1)));
            log.LogBuildWarning(BuildDiagnosticIds.UnknownOption, path, $"The option '{MetadataPrefix}{option}' is not known. Known options: {known}.");
        }

        options.TryAdd(GraphOptions.Class, ModelNames.ClassFromFile(path));
        options.TryAdd(GraphOptions.Namespace, ModelNames.CleanNamespace(defaultNamespace));
        options.TryAdd(GraphOptions.Weights, defaultWeights.Length > 0 ? defaultWeights : "file");
        return Validate(path, options, log) ? new ModelItem(path, options) : null;
    }

    private static bool Validate(string path, Dictionary<string, string> options, TaskLoggingHelper log)
    {
        string? fault = null;
        if (!ModelNames.IsIdentifier(options[GraphOptions.Class]))
        {
            fault = $"OnnxClass is '{options[GraphOptions.Class]}', which is not a C# class name. A namespace goes into OnnxNamespace.";
        }
        else if (!ModelNames.IsNamespace(options[GraphOptions.Namespace]))
        {
            fault = $"OnnxNamespace is '{options[GraphOptions.Namespace]}', which is not a C# namespace.";
        }
        else if (options[GraphOptions.Weights] is not ("file" or "embed"))
        {
            fault = $"OnnxWeights is '{options[GraphOptions.Weights]}'; it can be 'file' (a file beside the application) or 'embed' (a resource of the assembly).";
        }

        if (fault is not null)
        {
            log.LogBuildError(BuildDiagnosticIds.InvalidBuildOption, path, fault);
        }

        return fault is null;
    }
}

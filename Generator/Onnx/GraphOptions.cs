using Cameo.Generator.Onnx.Proto;

namespace Cameo.Generator.Onnx;

/// <summary>
/// The project's options for one model. They travel in the graph text, as metadata of the model, since item metadata is cut at the first semicolon
/// or number sign on its way into the compiler.
/// </summary>
internal static class GraphOptions
{
    /// <summary>Starts the metadata keys that hold options.</summary>
    public const string Prefix = "cameo.";

    public const string Class = "class";
    public const string Namespace = "namespace";
    public const string Dimensions = "dimensions";
    public const string Inputs = "inputs";
    public const string State = "state";
    public const string Weights = "weights";
    public const string Quantize = "quantize";

    /// <summary>The options in a graph text, by name without the prefix.</summary>
    public static IReadOnlyDictionary<string, string> Read(ModelProto model)
    {
        Dictionary<string, string> options = new(StringComparer.Ordinal);
        foreach (StringStringEntryProto entry in model.MetadataProps)
        {
            if (entry.Key.StartsWith(Prefix, StringComparison.Ordinal))
            {
                options[entry.Key.Substring(Prefix.Length)] = entry.Value;
            }
        }

        return options;
    }

    /// <summary>Replaces whatever options the model's file claims to have by the project's; returns the keys that were removed.</summary>
    public static IReadOnlyList<string> Replace(ModelProto model, IReadOnlyDictionary<string, string> options)
    {
        List<string> removed = [];
        for (int index = model.MetadataProps.Count - 1; index >= 0; index--)
        {
            if (model.MetadataProps[index].Key.StartsWith(Prefix, StringComparison.Ordinal))
            {
                removed.Add(model.MetadataProps[index].Key);
                model.MetadataProps.RemoveAt(index);
            }
        }

        int position = 0;
        foreach (string name in options.Keys.OrderBy(static name => name, StringComparer.Ordinal))
        {
            model.MetadataProps.Insert(position++, new StringStringEntryProto { Key = Prefix + name, Value = options[name] });
        }

        return removed;
    }
}

using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Emitting;

/// <summary>
/// The primary constructor of a generated struct: pointers and those sizes that are not known at build time. Known sizes are literals in the struct's code, so the
/// JIT folds them.
/// </summary>
internal sealed class StructParameters(KernelWriter writer)
{
    private readonly List<(string Declaration, string Argument)> _parameters = [];
    private readonly Dictionary<Dimension, string> _sizes = [];
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);

    /// <summary>"(float* x, long rows)".</summary>
    public string Declaration => $"({string.Join(", ", _parameters.Select(parameter => parameter.Declaration))})";

    /// <summary>"((float*)(Arena + 64), _batchSize)".</summary>
    public string Arguments => $"({string.Join(", ", _parameters.Select(parameter => parameter.Argument))})";

    public bool IsEmpty => _parameters.Count == 0;

    /// <summary>A pointer to a view's first element; returns its name in the struct.</summary>
    public string Pointer(View view, string name)
    {
        string unique = Unique(name);
        _parameters.Add(($"{TypeName(view.ElementType)}* {unique}", writer.Pointer(view)));
        return unique;
    }

    /// <summary>Anything else that the struct holds; returns its name in the struct.</summary>
    public string Value(string type, string name, string argument)
    {
        string unique = Unique(name);
        _parameters.Add(($"{type} {unique}", argument));
        return unique;
    }

    /// <summary>A size as C#: a literal, or a parameter.</summary>
    public string Size(Dimension dimension)
    {
        if (dimension.Value is { } value)
        {
            return value.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        if (!_sizes.TryGetValue(dimension, out string? name))
        {
            name = Unique("size");
            _sizes[dimension] = name;
            _parameters.Add(($"long {name}", writer.Size(dimension)));
        }

        return name;
    }

    public static string TypeName(ElementType type) => type.CSharpName() ?? throw new ModelException(null, $"element type {type.OnnxName()} has no kernels yet", unsupported: true);

    private string Unique(string name)
    {
        _names.TryGetValue(name, out int count);
        _names[name] = count + 1;
        return count == 0 ? name : $"{name}{count + 1}";
    }
}

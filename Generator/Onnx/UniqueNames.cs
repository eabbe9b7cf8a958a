using System.Globalization;

namespace Cameo.Generator.Onnx;

/// <summary>Gives each name once; a repeated one gets a number.</summary>
internal sealed class UniqueNames
{
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _repetitions = new(StringComparer.Ordinal);

    public string Add(string name)
    {
        string unique = name;
        while (!_used.Add(unique))
        {
            _repetitions.TryGetValue(name, out int repetitions);
            _repetitions[name] = ++repetitions;
            unique = name + "~" + (repetitions + 1).ToString(CultureInfo.InvariantCulture);
        }

        return unique;
    }
}

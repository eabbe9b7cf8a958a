using System.Globalization;
using Cameo.Generator.Graphs;
using Cameo.Generator.Onnx.Proto;

namespace Cameo.Generator.Onnx;

/// <summary>Ranks that <c>OnnxDimensions</c> states of inputs whose shape the model leaves out: "x.rank=3". What is written in another way is left to the option's other reader, which refuses it.</summary>
internal static class InputRanks
{
    public const string Suffix = ".rank";

    private const int Maximum = 64;

    public static Dictionary<string, int> Read(ModelProto model)
    {
        var ranks = new Dictionary<string, int>(StringComparer.Ordinal);
        if (!GraphOptions.Read(model).TryGetValue(GraphOptions.Dimensions, out string? option))
        {
            return ranks;
        }

        foreach (string[] parts in option.Split(';', ',').Select(entry => entry.Split(['='], 2)).Where(parts => parts.Length == 2))
        {
            string name = parts[0].Trim();
            if (name.EndsWith(Suffix, StringComparison.Ordinal) && int.TryParse(parts[1].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int rank))
            {
                string input = name.Substring(0, name.Length - Suffix.Length);
                ranks[input] = rank <= Maximum ? rank : throw new ModelException(null, $"OnnxDimensions states the rank {rank} of '{input}'");
            }
        }

        return ranks;
    }
}

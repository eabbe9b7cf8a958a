using System.Globalization;
using System.Text.Json;
using Cameo.Sessions;
using Cameo.Tests.Infrastructure;

namespace Cameo.Tests.Models;

/// <summary>Stored inputs and outputs of a model: a folder test_data_set_k.</summary>
/// <param name="Number">Its number k.</param>
/// <param name="Inputs">Inputs, states among them, by name.</param>
/// <param name="Outputs">Outputs by name.</param>
/// <param name="Difference">By how much the outputs are uncertain, as data.json states it.</param>
/// <param name="Meaning">What data.json says of the set; may be empty.</param>
internal sealed record DataSet(
    int Number,
    IReadOnlyDictionary<string, Tensor> Inputs,
    IReadOnlyDictionary<string, Tensor> Outputs,
    double Difference,
    string Meaning)
{
    private const string Prefix = "test_data_set_";

    /// <summary>Reads all sets of a model's folder, in order of their numbers.</summary>
    public static IReadOnlyList<DataSet> ReadAll(string model, ModelSignature signature)
    {
        string description = Path.Combine(TestData.Models, model, "data.json");
        using JsonDocument? document = File.Exists(description) ? JsonDocument.Parse(File.ReadAllText(description)) : null;
        return [.. TestData.DataSets(model)
            .Select(folder => Read(folder, document?.RootElement, signature))
            .OrderBy(static set => set.Number)];
    }

    private static DataSet Read(string folder, JsonElement? description, ModelSignature signature)
    {
        int number = int.Parse(Path.GetFileName(folder).AsSpan(Prefix.Length), CultureInfo.InvariantCulture);
        double difference = 0;
        string meaning = "";
        if (description is { } root && root.TryGetProperty("sets", out JsonElement sets))
        {
            foreach (JsonElement set in sets.EnumerateArray().Where(set => set.GetProperty("set").GetInt32() == number))
            {
                difference = ReadDifference(set);
                meaning = set.TryGetProperty("what", out JsonElement what) ? what.GetString()! : "";
            }
        }

        return new DataSet(number, ReadTensors(folder, "input_", signature.Inputs), ReadTensors(folder, "output_", signature.Outputs), difference, meaning);
    }

    private static double ReadDifference(JsonElement set)
    {
        foreach (string name in (string[])["logits_max_abs_diff_to_float64_reference", "max_abs_diff_between_optimisation_levels"])
        {
            if (set.TryGetProperty(name, out JsonElement difference))
            {
                return difference.GetDouble();
            }
        }

        return 0;
    }

    private static Dictionary<string, Tensor> ReadTensors(string folder, string prefix, IReadOnlyList<string> names)
    {
        Dictionary<string, Tensor> tensors = new(StringComparer.Ordinal);
        foreach (string file in Directory.GetFiles(folder, prefix + "*.pb"))
        {
            StoredTensor stored = TensorProtoReader.ReadFile(file);
            int index = int.Parse(Path.GetFileNameWithoutExtension(file).AsSpan(prefix.Length), CultureInfo.InvariantCulture);
            tensors.Add(stored.Name.Length > 0 ? stored.Name : names[index], StoredTensors.ToTensor(stored));
        }

        return tensors;
    }
}

using System.Globalization;
using Cameo.Benchmarks.Peers;
using Cameo.Fuzzing.Models;
using Cameo.Fuzzing.Oracle;
using Google.Protobuf;

namespace Cameo.Fuzzing.Shrinking;

/// <summary>Writes a model with the inputs and reference outputs of its runs, laid out as ONNX's test data are.</summary>
internal static class ModelFolderWriter
{
    public static void Write(FuzzModel model, string folder, string verdict)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), model.ToBytes());
        File.WriteAllText(Path.Combine(folder, "graph.txt"), $"{verdict}\n{ModelText.Describe(model)}");
        using var reference = new Reference(model);
        for (int run = 0; run < model.Runs.Count; run++)
        {
            string data = Directory.CreateDirectory(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"test_data_set_{run}"))).FullName;
            Dictionary<string, OnnxRuntimeTensor> values = reference.RunAll(model.Runs[run], noise: null);
            Write(data, "input", model.Inputs.Select(input => (input.Name, model.Runs[run][input.Name])));
            Write(data, "output", model.Outputs.Select(output => (output.Name, values[output.Name])));
        }
    }

    private static void Write(string folder, string prefix, IEnumerable<(string Name, OnnxRuntimeTensor Value)> tensors)
    {
        int index = 0;
        foreach ((string name, OnnxRuntimeTensor value) in tensors)
        {
            File.WriteAllBytes(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{prefix}_{index++}.pb")), Elements.ToProto(name, value).ToByteArray());
        }
    }
}

using Cameo.Benchmarks.Peers;
using Cameo.Generator.Onnx.Proto;
using Google.Protobuf;

namespace Cameo.Fuzzing.Models;

/// <summary>A random model together with what it is run on.</summary>
internal sealed class FuzzModel(int opset)
{
    private const int IrVersion = 10;

    public int Opset { get; } = opset;

    public List<FuzzInput> Inputs { get; init; } = [];

    public Dictionary<string, TensorProto> Initializers { get; init; } = new(StringComparer.Ordinal);

    public List<FuzzStep> Steps { get; init; } = [];

    /// <summary>Names of the graph's outputs with their element types and, where the sizes are to be declared, shapes.</summary>
    public List<FuzzOutput> Outputs { get; init; } = [];

    /// <summary>What the inputs are in each run; all runs use one session.</summary>
    public List<Dictionary<string, OnnxRuntimeTensor>> Runs { get; init; } = [];

    /// <summary>Inputs that fit the declared sizes and that ONNX Runtime refuses: a run must not give a result. Null where there are none.</summary>
    public Dictionary<string, OnnxRuntimeTensor>? RefusedRun { get; set; }

    public int NodeCount => Steps.Sum(static step => step.Nodes.Length);

    /// <summary>The same model without what no output needs.</summary>
    public FuzzModel Pruned()
    {
        HashSet<string> needed = [.. Outputs.Select(static output => output.Name)];
        List<FuzzStep> steps = [];
        foreach (FuzzStep step in Enumerable.Reverse(Steps))
        {
            if (step.Outputs.Any(needed.Contains))
            {
                needed.UnionWith(step.Inputs);
                steps.Insert(0, step);
            }
        }

        FuzzInput[] inputs = [.. Inputs.Where(input => needed.Contains(input.Name))];
        return new FuzzModel(Opset)
        {
            // A model without inputs is legal but dull to run: one stays.
            Inputs = [.. inputs],
            Initializers = Initializers.Where(entry => needed.Contains(entry.Key)).ToDictionary(StringComparer.Ordinal),
            Steps = steps,
            Outputs = Outputs,
            Runs = [.. Runs.Select(run => Keep(run, inputs))],
            RefusedRun = RefusedRun is null ? null : Keep(RefusedRun, inputs),
        };
    }

    private static Dictionary<string, OnnxRuntimeTensor> Keep(Dictionary<string, OnnxRuntimeTensor> run, FuzzInput[] inputs) =>
        run.Where(entry => inputs.Any(input => input.Name == entry.Key)).ToDictionary(StringComparer.Ordinal);

    public byte[] ToBytes()
    {
        var graph = new GraphProto { Name = "random" };
        foreach (FuzzInput input in Inputs)
        {
            graph.Input.Add(Describe(input.Name, (int)input.Type, input.Sizes));
        }

        graph.Initializer.Add(Initializers.Values);
        graph.Node.Add(Steps.SelectMany(static step => step.Nodes));
        foreach (FuzzOutput output in Outputs)
        {
            graph.Output.Add(Describe(output.Name, (int)output.Type, output.Sizes));
        }

        return Wrap(graph, Opset).ToByteArray();
    }

    /// <summary>A model of a graph, with the operator sets that its nodes need.</summary>
    public static ModelProto Wrap(GraphProto graph, int opset)
    {
        var model = new ModelProto { IrVersion = IrVersion, ProducerName = "cameo-fuzzing", Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = opset });
        foreach (string domain in Domains(graph).Where(static domain => domain.Length > 0).Distinct())
        {
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = domain, Version = 1 });
        }

        return model;
    }

    /// <summary>A value of a graph; sizes are numbers, names, or null for an open one without a name; null for an open rank.</summary>
    public static ValueInfoProto Describe(string name, int type, object?[]? sizes)
    {
        TensorShapeProto? shape = sizes is null ? null : new TensorShapeProto();
        foreach (object? size in sizes ?? [])
        {
            shape!.Dim.Add(size switch
            {
                null => new TensorShapeProto.Types.Dimension(),
                string symbol => new TensorShapeProto.Types.Dimension { DimParam = symbol },
                _ => new TensorShapeProto.Types.Dimension { DimValue = Convert.ToInt64(size) },
            });
        }

        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = type, Shape = shape } } };
    }

    private static IEnumerable<string> Domains(GraphProto graph) => graph.Node.SelectMany(static node =>
        node.Attribute.Where(static attribute => attribute.G is not null).SelectMany(static attribute => Domains(attribute.G)).Append(node.Domain));
}

using Cameo.Benchmarks.Peers;
using Cameo.Generator.Onnx.Proto;
using Cameo.Tests.Infrastructure;
using Google.Protobuf;

namespace Cameo.Fuzzing.Models;

/// <summary>A random model together with what it is run on.</summary>
internal sealed class FuzzModel(int opset)
{
    private const int IrVersion = 10;

    // Of the domain of classical models.
    private const int ClassicalVersion = 3;

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

    /// <summary>How much of a model a reader has to look at: nodes above all, then outputs, runs, inputs and open sizes.</summary>
    public int Size => (1000 * NodeCount) + (100 * (Outputs.Count + Runs.Count + (RefusedRun is null ? 0 : 1))) + Inputs.Sum(static input => 5 + input.Sizes.Count(static size => size is string));

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
            graph.Input.Add(OnnxParts.Describe(input.Name, (int)input.Type, input.Sizes));
        }

        graph.Initializer.Add(Initializers.Values);
        graph.Node.Add(Steps.SelectMany(static step => step.Nodes));
        foreach (FuzzOutput output in Outputs)
        {
            graph.Output.Add(OnnxParts.Describe(output.Name, (int)output.Type, output.Sizes));
        }

        return Wrap(graph, Opset, Steps.SelectMany(static step => step.Functions)).ToByteArray();
    }

    /// <summary>A model of a graph, with the operator sets that its nodes need.</summary>
    public static ModelProto Wrap(GraphProto graph, int opset, IEnumerable<FunctionProto> functions)
    {
        var model = new ModelProto { IrVersion = IrVersion, ProducerName = "cameo-fuzzing", Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = opset });
        foreach (string domain in Domains(graph).Where(static domain => domain.Length > 0).Distinct())
        {
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = domain, Version = domain == "ai.onnx.ml" ? ClassicalVersion : 1 });
        }

        model.Functions.Add(functions);

        return model;
    }

    private static IEnumerable<string> Domains(GraphProto graph) => graph.Node.SelectMany(static node =>
        node.Attribute.Where(static attribute => attribute.G is not null).SelectMany(static attribute => Domains(attribute.G)).Append(node.Domain));
}

using Cameo.Fuzzing.Models;
using Cameo.Generator.Onnx.Proto;

namespace Cameo.Fuzzing.Generation;

/// <summary>Nodes that are evaluated together, for values between them that are no tensors of numbers: sequences, optionals, texts, numbers of four bits.</summary>
internal sealed class StepBuilder(RandomGraph graph)
{
    private readonly List<NodeProto> _nodes = [];

    /// <summary>Functions of the model that the nodes call.</summary>
    public List<FunctionProto> Functions { get; } = [];

    /// <summary>Adds a node of ONNX's own domain with one result, and gives the result's name.</summary>
    public string Add(string type, string[] inputs, params (string Name, object Value)[] attributes) => Add("", type, inputs, attributes);

    /// <summary>Adds a node of any domain with one result.</summary>
    public string Add(string domain, string type, string[] inputs, params (string Name, object Value)[] attributes)
    {
        string result = graph.NewName();
        _nodes.Add(FuzzNode.Create(domain, type, inputs, [result], attributes));
        return result;
    }

    /// <summary>Adds the last node, whose results are tensors of numbers, and the step with it.</summary>
    public FuzzValue[] Finish(string domain, string type, string[] inputs, int outputs, params (string Name, object Value)[] attributes)
    {
        _nodes.Add(FuzzNode.Create(domain, type, inputs, Enumerable.Range(0, outputs).Select(_ => graph.NewName()), attributes));
        return graph.Add(FuzzStep.Of([.. _nodes]) with { Functions = [.. Functions] });
    }

    public FuzzValue Finish(string type, string[] inputs, params (string Name, object Value)[] attributes) => Finish("", type, inputs, 1, attributes)[0];
}

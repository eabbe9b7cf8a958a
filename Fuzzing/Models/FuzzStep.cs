using Cameo.Generator.Onnx.Proto;

namespace Cameo.Fuzzing.Models;

/// <summary>Nodes that the reference evaluates together: usually one. What they make for themselves alone need not be a tensor.</summary>
/// <param name="Nodes">The nodes, in order.</param>
/// <param name="Inputs">Names of the values that they read, those of their bodies included.</param>
/// <param name="Outputs">Names of the values that others may read.</param>
internal sealed record FuzzStep(NodeProto[] Nodes, string[] Inputs, string[] Outputs)
{
    /// <summary>The model's own functions that the nodes call.</summary>
    public FunctionProto[] Functions { get; init; } = [];

    /// <summary>The step of one node.</summary>
    public static FuzzStep Of(params NodeProto[] nodes)
    {
        HashSet<string> made = [.. nodes.SelectMany(static node => node.Output)];
        string[] read = [.. nodes.SelectMany(Free).Where(name => !made.Contains(name)).Distinct()];
        return new FuzzStep(nodes, read, [.. nodes[^1].Output.Where(static name => name.Length > 0)]);
    }

    /// <summary>Names that a node reads and does not make within its bodies.</summary>
    private static IEnumerable<string> Free(NodeProto node) =>
        node.Input.Where(static name => name.Length > 0).Concat(node.Attribute.Where(static attribute => attribute.G is not null).SelectMany(static attribute => Free(attribute.G)));

    private static IEnumerable<string> Free(GraphProto body)
    {
        HashSet<string> known = [.. body.Input.Select(static input => input.Name), .. body.Initializer.Select(static tensor => tensor.Name), .. body.Node.SelectMany(static node => node.Output)];
        return body.Node.SelectMany(Free).Concat(body.Output.Select(static output => output.Name)).Where(name => !known.Contains(name));
    }
}

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// SequenceMap, version 17: https://onnx.ai/onnx/operators/onnx__SequenceMap.html. Applies a graph to every tensor of one or several sequences; inputs that are tensors are the same for all. It is
/// written as a Loop that reads one tensor of each sequence and appends to the results (see <see cref="Passes.ContainerResolution"/>), as the specification does.
/// </summary>
internal sealed class SequenceMapOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new SequenceMapOperator()];

    public override string Type => "SequenceMap";

    public override IReadOnlyList<int> Versions => [17];

    public override bool TakesContainers => true;

    public override void Infer(Node node, InferenceContext context) => throw new ModelException(node, "a sequence map is written as a loop before types are known");

    /// <summary>Makes the loop's body of the node's, which it takes.</summary>
    public static Graph MakeBody(Node node)
    {
        Graph mapped = node.GraphAttribute("body") ?? throw new ModelException(node, "attribute 'body' is missing");
        SequenceItems.Sequence(node, 0);
        if (mapped.Inputs.Count != node.Inputs.Count || mapped.Outputs.Count < node.Outputs.Count)
        {
            throw new ModelException(node, $"the body has {mapped.Inputs.Count} inputs and {mapped.Outputs.Count} outputs, the node {node.Inputs.Count} and {node.Outputs.Count}");
        }

        Value[] parameters = [.. mapped.Inputs];
        Value[] results = [.. mapped.Outputs.Take(node.Outputs.Count)];
        mapped.Inputs.Clear();
        mapped.Outputs.Clear();
        Value iteration = AddInput(mapped, "iteration");
        Value condition = AddInput(mapped, "condition");
        for (int index = 0; index < parameters.Length; index++)
        {
            if (node.Input(index).Container is null)
            {
                mapped.ReplaceUses(parameters[index], node.Input(index));
                continue;
            }

            SequenceItems.Sequence(node, index);
            Node read = mapped.AddNode($"{node.Name}/at_{index}", "SequenceAt", [node.Input(index), iteration], OperatorRegistry.NewestOpset, 0);
            read.Origins = node.Origins;
            read.AddOutput(parameters[index]);
            parameters[index].DeclaredType ??= parameters[index].Type;
            parameters[index].Type = null;
            parameters[index].Container = null;
        }

        mapped.Outputs.Add(AddNode(mapped, node, "condition", "Identity", condition));
        for (int index = 0; index < results.Length; index++)
        {
            Value sequence = AddInput(mapped, $"results {index}");
            mapped.Outputs.Add(AddNode(mapped, node, $"insert_{index}", "SequenceInsert", sequence, results[index]));
        }

        return mapped;
    }

    private static Value AddInput(Graph body, string name)
    {
        Value input = body.AddValue(name);
        body.Inputs.Add(input);
        return input;
    }

    private static Value AddNode(Graph body, Node origin, string name, string type, params Value[] inputs)
    {
        Node added = body.AddNode($"{origin.Name}/{name}", type, inputs, OperatorRegistry.NewestOpset);
        added.Origins = origin.Origins;
        added.AddOutput(body.AddValue(added.Name));
        return added.Output;
    }
}

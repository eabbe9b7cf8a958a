using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Sequences and optionals as results of branches and bodies.</summary>
internal static class ContainerBranches
{
    /// <summary>The type of an If's result that is a sequence or optional; null for a tensor. A tensor in one branch where the other has an optional becomes one.</summary>
    public static ContainerType? Merge(Node node, int index, Graph then, Graph otherwise)
    {
        foreach ((Graph branch, Graph other) in new[] { (then, otherwise), (otherwise, then) })
        {
            if (branch.Outputs[index].Type is not null && other.Outputs[index].Container is { Kind: ContainerKind.OptionalTensor })
            {
                Wrap(branch, index, node);
                Value wrapped = branch.Outputs[index];
                TensorType content = wrapped.Producer!.Input(0).RequiredType;
                wrapped.Container = new ContainerType(ContainerKind.OptionalTensor, content.ElementType, ItemShape.Of(content.Shape, branch.Symbols));
            }
        }

        (Value left, Value right) = (then.Outputs[index], otherwise.Outputs[index]);
        if (left.Container is not { } first || right.Container is not { } second)
        {
            return left.Container is null && right.Container is null ? null
                : throw new ModelException(node, $"output {index} is {SequenceItems.Describe(left)} in one branch and {SequenceItems.Describe(right)} in the other");
        }

        return ContainerType.TryMerge(first, second) ?? throw new ModelException(node, $"output {index} is {first} in one branch and {second} in the other");
    }

    /// <summary>Makes an optional of a tensor that a body hands out.</summary>
    public static void Wrap(Graph body, int output, Node node)
    {
        Node optional = body.AddNode($"{node.Name}/optional_{output}", "Optional", [body.Outputs[output]], OperatorRegistry.NewestOpset);
        optional.Origins = node.Origins;
        optional.AddOutput(body.AddValue(body.Outputs[output].Name));
        body.Outputs[output] = optional.Output;
    }
}

using Cameo.Generator.Graphs;
using Cameo.Generator.Passes;

namespace Cameo.Generator.Operators;

/// <summary>
/// Types of the sequences and optionals that a loop carries. What is known of their tensors must hold in every iteration: the body is inferred with the types before the loop, then with
/// what these and its results have in common, until that stays.
/// </summary>
internal sealed class CarriedContainers(Node node, Graph body, int carried, InferenceContext context)
{
    /// <summary>Kinds, ranks and sizes can only become less known: a few rounds a size.</summary>
    private const int MaximumRounds = 64;

    private readonly ContainerType?[] _types = [.. Enumerable.Range(0, carried).Select(index => Initial(node, index, body))];

    /// <summary>The type of a carried value; null for a tensor.</summary>
    public ContainerType? this[int index] => _types[index];

    /// <summary>Finds the types, of which those of the body's inputs are set then; null where something is wrong, which has been reported.</summary>
    public bool Infer()
    {
        if (_types.All(type => type is null))
        {
            return context.InferBodies(node);
        }

        for (int round = 0; round < MaximumRounds; round++)
        {
            SetInputs();
            context.IsTentative = true;
            int selected = context.SelectedBranches;
            ShapePropagation.InferBody(body, context);
            context.IsTentative = false;
            if (!Widen())
            {
                SetInputs();
                SetElementTypes();
                return context.InferBodies(node);
            }

            if (context.SelectedBranches != selected && Enumerable.Range(0, carried).Any(index => _types[index] is not null && !Initial(node, index, body)!.Items.IsNone))
            {
                throw ModelException.Unsupported(node, "the tensors in a carried sequence have other shapes later than at first, and a branch of the body was chosen by types");
            }

            BodyReset.Run(body);
        }

        throw ModelException.Unsupported(node, "the types of the carried sequences were not found");
    }

    private static ContainerType? Initial(Node node, int index, Graph body)
    {
        Value initial = node.Input(index + 2);
        if (initial.Container is not { } type)
        {
            return null;
        }

        // Where the body takes or gives an optional sequence, the first one is one too.
        bool isOptional = body.Inputs[index + 2].DeclaredContainer?.IsOptional == true || body.Outputs[index + 1].DeclaredContainer?.IsOptional == true;
        return isOptional && type.Kind == ContainerKind.Sequence ? type with { Kind = ContainerKind.OptionalSequence } : type;
    }

    private void SetInputs()
    {
        for (int index = 0; index < carried; index++)
        {
            if (_types[index] is { } type)
            {
                body.Inputs[index + 2].Container = type;
                body.Inputs[index + 2].Type = null;
            }
        }
    }

    /// <summary>An empty sequence that a pass has made has the type of what is inserted.</summary>
    private void SetElementTypes()
    {
        for (int index = 0; index < carried; index++)
        {
            if (_types[index] is { } type && node.Input(index + 2) is { Container: { ElementType: ElementType.Undefined } open } initial)
            {
                initial.Container = open with { ElementType = type.ElementType };
            }
        }
    }

    /// <summary>Joins types with those of the body's results; whether one changed by it.</summary>
    private bool Widen()
    {
        bool changed = false;
        for (int index = 0; index < carried; index++)
        {
            Value result = body.Outputs[index + 1];
            if (_types[index] is not { } type)
            {
                continue;
            }

            if (type.Kind == ContainerKind.OptionalTensor && result.Type is not null)
            {
                ContainerBranches.Wrap(body, index + 1, node);
                changed = true;
                continue;
            }

            if (result.Container is not { } made)
            {
                continue;
            }

            ContainerType merged = ContainerType.TryMerge(type, made) ?? throw new ModelException(node, $"carried value {index} is {type} and becomes {made}");
            if (merged.Kind != type.Kind)
            {
                throw ModelException.Unsupported(node, $"carried value {index} is {type} and becomes {made}");
            }

            changed |= !merged.Equals(type);
            _types[index] = merged;
        }

        return changed;
    }
}

using Cameo.Generator.Graphs;
using Cameo.Generator.Passes;

namespace Cameo.Generator.Operators;

/// <summary>
/// Types of what a loop carries. What is known of a tensor, or of the tensors in a sequence or optional, must hold in every iteration: the body is inferred with the types before the loop,
/// then with what these and its results have in common, until that stays. A size of a carried tensor that changes is a symbol, which the loop sets before each iteration.
/// </summary>
internal sealed class CarriedTypes(Node node, Graph body, int carried, InferenceContext context)
{
    /// <summary>Kinds, ranks and sizes can only become less known: a few rounds a size.</summary>
    private const int MaximumRounds = 64;

    private readonly ContainerType?[] _types = [.. Enumerable.Range(0, carried).Select(index => Initial(node, index, body))];
    private readonly TensorType?[] _tensors = [.. Enumerable.Range(0, carried).Select(index => node.Input(index + 2).Type)];

    /// <summary>The type of a carried sequence or optional; null for a tensor.</summary>
    public ContainerType? this[int index] => _types[index];

    /// <summary>The symbol that stands for a size which changes from iteration to iteration; null for one that stays.</summary>
    public static string? Changing(Node node, Graph body, int index, int axis) =>
        DataSizes.Find(node, SizeName(index, axis)) is { } symbol && body.Inputs[index + 2].Shape[axis].AsSymbol() == symbol ? symbol : null;

    /// <summary>All symbols of sizes that change from iteration to iteration.</summary>
    public static IEnumerable<string> ChangingSizes(Node node, Graph body, int carried) =>
        from index in Enumerable.Range(0, carried)
        where body.Inputs[index + 2].Type is not null
        from axis in Enumerable.Range(0, body.Inputs[index + 2].Shape.Rank)
        where Changing(node, body, index, axis) is not null
        select Changing(node, body, index, axis);

    /// <summary>Finds the types, of which those of the body's inputs are set then; false where something is wrong, which has been reported.</summary>
    public bool Infer()
    {
        if (Enumerable.Range(0, carried).All(index => _types[index] is null && _tensors[index] is { Rank: 0 }))
        {
            SetInputs();
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
            else
            {
                body.Inputs[index + 2].Type = _tensors[index];
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
                changed |= result.Type is { } next && Widen(index, next.Shape);
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

    /// <summary>Gives sizes of a carried tensor that a result has not kept a symbol; whether there was one that had none yet.</summary>
    private bool Widen(int index, Shape result)
    {
        TensorType type = _tensors[index]!;
        if (type.Rank != result.Rank)
        {
            return false;
        }

        Dimension[] sizes = [.. type.Shape];
        bool changed = false;
        for (int axis = 0; axis < sizes.Length; axis++)
        {
            bool isOpen = DataSizes.Find(node, SizeName(index, axis)) is { } symbol && sizes[axis].AsSymbol() == symbol;
            if (!isOpen && context.Symbols.Resolve(sizes[axis]) != context.Symbols.Resolve(result[axis]))
            {
                sizes[axis] = context.DataSize(node, SizeName(index, axis));
                changed = true;
            }
        }

        _tensors[index] = new TensorType(type.ElementType, new Shape(sizes));
        return changed;
    }

    private static string SizeName(int index, int axis) => $"axis {axis} of carried value {index}";
}

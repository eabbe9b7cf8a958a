using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition.Masks;

/// <summary>
/// Reads single elements of values through the nodes that make them.
/// <para>Before: <c>r = Range(0, 10); c = Unsqueeze(r, 1); m = Less(c, r)</c>, read at (query, key). After: <c>query &lt; key</c>.</para>
/// What it cannot see through (inputs of the model, sums over axes) stays an element of that value.
/// </summary>
internal sealed class MaskReader(MaskSpace space)
{
    /// <summary>Deeper chains of nodes are no mask.</summary>
    private const int MaximumDepth = 128;

    private readonly Dictionary<string, MaskExpression> _known = new(StringComparer.Ordinal);
    private int _depth;

    /// <summary>The element of a value at the given coordinates, one an axis.</summary>
    public MaskExpression Read(Value value, IReadOnlyList<Dimension> at)
    {
        string key = $"{value.Name}[{string.Join(",", at)}]";
        if (_known.TryGetValue(key, out MaskExpression? known))
        {
            return known;
        }

        MaskExpression expression = new MaskElement(value, at);
        if (_depth < MaximumDepth)
        {
            _depth++;
            expression = MaskConstants.TryRead(value, at, space) ?? (value.IsKnown ? null : ReadNode(value, at)) ?? expression;
            _depth--;
        }

        return _known[key] = expression;
    }

    /// <summary>An element of a value that is broadcast to a shape.</summary>
    public MaskExpression? ReadBroadcast(Value value, Shape shape, IReadOnlyList<Dimension> at)
    {
        int skipped = shape.Rank - value.Shape.Rank;
        var coordinates = new Dimension[value.Shape.Rank];
        for (int axis = 0; axis < coordinates.Length; axis++)
        {
            Dimension size = value.Shape[axis];
            if (size.Value != 1 && size != shape[axis + skipped])
            {
                return null;
            }

            coordinates[axis] = size.Value == 1 ? Dimension.Zero : at[axis + skipped];
        }

        return Read(value, coordinates);
    }

    private MaskExpression? ReadNode(Value value, IReadOnlyList<Dimension> at)
    {
        if (value.Producer is not { } node || node.Domain.Length > 0 || node.OptionalOutput(0) != value || node.OptionalInput(0)?.Type is null)
        {
            return null;
        }

        return MaskMoves.TryRead(node, at, this, space, out MaskExpression? moved) ? moved : ReadPointwise(node, value, at);
    }

    private MaskExpression? ReadPointwise(Node node, Value value, IReadOnlyList<Dimension> at)
    {
        ElementType type = value.ElementType;
        switch (node.Type)
        {
            case "Identity" or "Dropout":
                return Read(node.Input(0), at);
            case "Cast" or "CastLike":
                return type == node.Input(0).ElementType ? Read(node.Input(0), at)
                    : Combine(type == ElementType.Boolean ? MaskOperator.ToBoolean : MaskOperator.Convert, 1);
            case "Add" or "Sum":
                return Chain(MaskOperator.Add);
            case "Sub":
                return Combine(MaskOperator.Subtract, 2);
            case "Mul":
                return Chain(MaskOperator.Multiply);
            case "Div":
                return Combine(MaskOperator.Divide, 2);
            case "Min":
                return Chain(MaskOperator.Minimum);
            case "Max":
                return Chain(MaskOperator.Maximum);
            case "Clip" when node.Version >= 11:
                return Clip();
            case "Neg":
                return Combine(MaskOperator.Negate, 1);
            case "Abs":
                return Combine(MaskOperator.Absolute, 1);
            case "And":
                return Combine(MaskOperator.And, 2);
            case "Or":
                return Combine(MaskOperator.Or, 2);
            case "Xor":
                return Combine(MaskOperator.Xor, 2);
            case "Not":
                return Combine(MaskOperator.Not, 1);
            case "IsNaN":
                return Combine(MaskOperator.IsNaN, 1);
            case "Equal":
                return Combine(MaskOperator.Equal, 2);
            case "Less":
                return Combine(MaskOperator.Less, 2);
            case "Greater":
                return Combine(MaskOperator.Less, 2, isReversed: true);
            case "LessOrEqual":
                return Negation(Combine(MaskOperator.Less, 2, isReversed: true));
            case "GreaterOrEqual":
                return Negation(Combine(MaskOperator.Less, 2));
            case "Where":
                return Combine(MaskOperator.Select, 3);
            default:
                return null;
        }

        MaskExpression? Combine(MaskOperator operation, int count, bool isReversed = false)
        {
            var operands = new List<MaskExpression>();
            for (int index = 0; index < count; index++)
            {
                if (ReadBroadcast(node.Input(index), value.Shape, at) is not { } operand)
                {
                    return null;
                }

                operands.Add(operand);
            }

            return Make(operation, type, isReversed ? [operands[1], operands[0]] : operands);
        }

        MaskExpression? Chain(MaskOperator operation)
        {
            MaskExpression? result = ReadBroadcast(node.Input(0), value.Shape, at);
            for (int index = 1; index < node.Inputs.Count && result is not null; index++)
            {
                MaskExpression? next = ReadBroadcast(node.Input(index), value.Shape, at);
                result = next is null ? null : Make(operation, type, [result, next]);
            }

            return result;
        }

        MaskExpression? Clip()
        {
            MaskExpression? result = Read(node.Input(0), at);
            if (node.OptionalInput(1) is { } low)
            {
                result = Make(MaskOperator.Maximum, type, [result, Read(low, [])]);
            }

            return node.OptionalInput(2) is { } high ? Make(MaskOperator.Minimum, type, [result, Read(high, [])]) : result;
        }
    }

    /// <summary>An operation, computed where its operands are known.</summary>
    public MaskExpression Make(MaskOperator operation, ElementType type, IReadOnlyList<MaskExpression> operands) =>
        MaskArithmetic.TryApply(operation, type, operands, space) ?? new MaskOperation(operation, type, operands);

    private MaskExpression? Negation(MaskExpression? truth) => truth is null ? null : Make(MaskOperator.Not, ElementType.Boolean, [truth]);
}

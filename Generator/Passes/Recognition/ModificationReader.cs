using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Operators;
using Cameo.Generator.Passes.Recognition.Masks;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// Reads what is done to each score or probability of an attention, if it is pointwise: as an expression over the element, the indices of row, head, query and key, and tensors.
/// What does not depend on the element is computed with it where that spares a tensor of queries × keys, and before the kernel otherwise.
/// </summary>
internal sealed class ModificationReader
{
    /// <summary>Longer chains are no modification; each node is visited once a path.</summary>
    public const int MaximumDepth = 64;

    /// <summary>Integers beyond it are no float32 numbers. Positions do not come near: a row of so many scores would take as many products for each query.</summary>
    private const long LargestInteger = 1 << 23;

    private static readonly HashSet<string> IntegerOperators = ["Add", "Sub", "Neg", "Min", "Max", "Abs", "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Where"];

    private readonly Value _element;
    private readonly ScoreLayout _layout;
    private readonly MaskReader _reader;
    private readonly List<Value> _tensors;
    private readonly Dictionary<Value, bool> _depends = [];
    private readonly Dictionary<Value, Expression> _expressions = [];
    private readonly List<Value> _expressed = [];
    private string _reason = "";

    /// <summary>Reads what is made of the elements of a value.</summary>
    /// <param name="element">Scores or probabilities [batch, heads, queries, keys] in float32.</param>
    /// <param name="layout">The attention's sizes.</param>
    /// <param name="tensors">Receives the tensors that expressions read.</param>
    public ModificationReader(Value element, ScoreLayout layout, List<Value> tensors)
    {
        _element = element;
        _layout = layout;
        _tensors = tensors;
        _reader = new MaskReader(layout.Space);
    }

    /// <summary>Whether a node computes each element from those at its place.</summary>
    public static bool IsTransparent(Node node) => node is { Domain: "", Type: "Identity" or "Cast" } || OperatorRegistry.Find(node) is PointwiseOperator;

    /// <summary>What is made of the elements; <see langword="null"/> with the reason where a kernel cannot do it.</summary>
    public AttentionModification? Read(Value result, out string reason)
    {
        Expression? expression = Express(result, 0);
        bool isSupported = expression is not null && VectorSpelling.Supports(expression);
        reason = isSupported ? "" : _reason.Length > 0 ? _reason : $"what '{result.Name}' is made by has no vector form";
        return isSupported ? new AttentionModification(expression!) : null;
    }

    /// <summary>Adds all nodes between the elements and a value.</summary>
    public void Collect(Value value, HashSet<Node> cone, int depth = 0)
    {
        if (DependsOnElement(value, depth) && cone.Add(value.Producer!))
        {
            foreach (Value input in value.Producer!.Inputs.OfType<Value>())
            {
                Collect(input, cone, depth + 1);
            }
        }
    }

    private bool DependsOnElement(Value value, int depth)
    {
        if (value == _element)
        {
            return true;
        }

        if (_depends.TryGetValue(value, out bool known))
        {
            return known;
        }

        bool depends = !value.IsKnown && depth <= MaximumDepth && value.Producer is { } producer && producer.Inputs.OfType<Value>().Any(input => DependsOnElement(input, depth + 1));
        return _depends[value] = depends;
    }

    private Expression? Express(Value value, int depth)
    {
        if (value == _element)
        {
            return new InputExpression(0, ElementType.Float32);
        }

        if (_expressions.TryGetValue(value, out Expression? known))
        {
            return known;
        }

        bool depends = DependsOnElement(value, depth);
        Expression? expression = depends ? ExpressNode(value, depth) : Index(value) ?? ExpressAside(value, depth);
        if (expression is null && depends)
        {
            _reason = _reason.Length > 0 ? _reason : $"{value.Producer} is not pointwise in float32";
        }

        if (expression is not null)
        {
            _expressions[value] = expression;
            _expressed.Add(value);
        }

        return expression;
    }

    /// <summary>A value that does not depend on the elements: computed in the kernel where that spares a tensor of queries × keys, else before it.</summary>
    private Expression? ExpressAside(Value value, int depth)
    {
        if (IsOverQueriesAndKeys(value.Shape))
        {
            (int before, int expressed) = (_tensors.Count, _expressed.Count);
            if (ExpressNode(value, depth) is { } inlined && !_tensors.Skip(before).Any(tensor => IsOverQueriesAndKeys(tensor.Shape)))
            {
                return inlined;
            }

            // What was expressed on the way may read tensors by numbers that others get now.
            foreach (Value dropped in _expressed.Skip(expressed))
            {
                _expressions.Remove(dropped);
            }

            _expressed.RemoveRange(expressed, _expressed.Count - expressed);
            _tensors.RemoveRange(before, _tensors.Count - before);
        }

        if (_layout.Arrange(value.Shape, _layout.Broadcast(value.Shape, _layout.Shape, _layout.Digits(4))) is null || value.Shape.Rank > 4 || (value.ElementType.IsInteger() && value.ElementType.Bits() > 16))
        {
            _reason = $"'{value.Name}' of type {value.Type} does not fit scores {_layout.Shape}";
            return null;
        }

        _tensors.Add(value);
        Expression element = new InputExpression(AttentionModification.FirstTensor + _tensors.Count - 1, ElementType.Float32);
        return value.ElementType == ElementType.Boolean ? IsNotZero(element) : element;
    }

    private static bool IsOverQueriesAndKeys(Shape shape) => shape.Rank >= 2 && shape[shape.Rank - 1].Value != 1 && shape[shape.Rank - 2].Value != 1;

    /// <summary>A number, an index of row, head, query or key, or such an index and a size.</summary>
    private Expression? Index(Value value)
    {
        int skipped = _layout.Shape.Rank - value.Shape.Rank;
        if (skipped < 0)
        {
            return null;
        }

        switch (_reader.ReadBroadcast(value, _layout.Shape, _layout.Coordinates(_layout.Digits(4))))
        {
            case MaskNumber number when value.ElementType == ElementType.Boolean:
                return Expression.Constant(number.Value, ElementType.Boolean);
            case MaskNumber number when value.ElementType.IsFloat() || Math.Abs(number.Value) <= LargestInteger:
                return Expression.Constant(number.Value, ElementType.Float32);
            case MaskInteger integer:
                Dimension[] indices = [_layout.Space.Row, _layout.Space.Head, _layout.Space.Query, _layout.Space.Key];
                for (int index = 0; index < indices.Length; index++)
                {
                    Dimension rest = integer.Value - indices[index];
                    if (!indices[index].IsStatic && !_layout.Space.HasIndex(rest))
                    {
                        Expression element = new InputExpression(1 + index, ElementType.Float32);
                        return rest == Dimension.Zero ? element : element + new SizeExpression(rest, ElementType.Float32);
                    }
                }

                return _layout.Space.HasIndex(integer.Value) ? null : new SizeExpression(integer.Value, ElementType.Float32);
            default:
                return null;
        }
    }

    /// <summary>A node's element in terms of its operands'; integers are float32 numbers too.</summary>
    private Expression? ExpressNode(Value value, int depth)
    {
        if (value.Producer is not { Outputs.Count: 1 } node || depth > MaximumDepth || value.IsKnown || !(IsNumber(value.ElementType) || value.ElementType == ElementType.Boolean)
            || !node.Inputs.OfType<Value>().All(input => IsNumber(input.ElementType) || input.ElementType == ElementType.Boolean) || !IsTransparent(node))
        {
            return null;
        }

        bool hasIntegers = node.Inputs.Append(value).OfType<Value>().Any(operand => operand.ElementType.IsInteger());
        bool isMove = node is { Domain: "", Type: "Identity" or "Cast" };
        if (hasIntegers && !isMove && !(node.Domain.Length == 0 && IntegerOperators.Contains(node.Type)))
        {
            return null;
        }

        var operands = new List<Expression?>();
        foreach (Value? input in node.Inputs)
        {
            if (input is not null && Express(input, depth + 1) is null)
            {
                return null;
            }

            operands.Add(input is null ? null : _expressions.TryGetValue(input, out Expression? operand) ? operand : Express(input, depth + 1));
        }

        return isMove ? Converted(operands[0]!, node.Input(0).ElementType, value.ElementType) : ((PointwiseOperator)OperatorRegistry.Find(node)!).Express(node, operands);
    }

    private static bool IsNumber(ElementType type) => type is ElementType.Float32 or ElementType.Int32 or ElementType.Int64;

    private static Expression? Converted(Expression operand, ElementType from, ElementType to) =>
        from == to || (from.IsInteger() && IsNumber(to)) ? operand
        : from == ElementType.Boolean ? Expression.Select(operand, Expression.Constant(1, ElementType.Float32), Expression.Constant(0, ElementType.Float32))
        : to == ElementType.Boolean ? IsNotZero(operand)
        : null;

    private static Expression IsNotZero(Expression element) =>
        Expression.Apply(ElementOperation.Not, Expression.Apply(ElementOperation.Equal, element, Expression.Constant(0, ElementType.Float32)));
}

using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Operators;
using Cameo.Generator.Passes.Recognition.Masks;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// An attention whose scores are changed in a way that no attribute says becomes the canonical node with the change as code in its kernel, if it is pointwise.
/// <para>Before: <c>s = MatMul(q, Transpose(k)); p = Softmax(Sin(s) - slopes * Abs(queries - keys)); y = MatMul(p, v)</c>.
/// After: <c>y = cameo.Attention(q, k, v, …, slopes)</c> with a modification that reads a score, the indices of query and key, and a slope. No tensor of queries × keys is made.</para>
/// What does not depend on the scores is computed with them where that spares a tensor of queries × keys, and before the kernel otherwise.
/// </summary>
internal sealed class ScoreModification
{
    /// <summary>Longer chains are no modification; each node is visited once a path.</summary>
    private const int MaximumDepth = 64;

    /// <summary>Integers beyond it are no float32 numbers. Positions do not come near: a row of so many scores would take as many products for each query.</summary>
    private const long LargestInteger = 1 << 23;

    private static readonly HashSet<string> IntegerOperators = ["Add", "Sub", "Neg", "Min", "Max", "Abs", "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Where"];

    private readonly Node _product;
    private readonly Shape _shape;
    private readonly ScoreLayout _layout;
    private readonly MaskReader _reader;
    private readonly Dictionary<Value, bool> _depends = [];
    private readonly Dictionary<Value, Expression> _expressions = [];
    private readonly List<Value> _expressed = [];
    private readonly List<Value> _tensors = [];
    private string _reason = "";

    private ScoreModification(Node product, SymbolTable symbols)
    {
        _product = product;
        _shape = product.Output.Shape;
        _layout = new ScoreLayout(symbols, _shape[0], _shape[1], _shape[2], _shape[3]);
        _reader = new MaskReader(_layout.Space);
    }

    /// <summary>Puts the canonical node in the place of the nodes around a softmax; returns why not where that cannot be.</summary>
    public static string TryRewrite(Node softmax, RecognitionContext context)
    {
        Value scores = softmax.Input(0);
        if (scores.ElementType != ElementType.Float32 || scores.Shape.Rank != 4 || SoftmaxOperators.Axes(softmax) is not [3] || FindProduct(scores, 0) is not { } product
            || !AttentionPattern.IsComputedFromInputs(product.Input(1)))
        {
            return "the softmax is not that of float32 scores [batch, heads, queries, keys]";
        }

        if (ProbabilityChain.Follow(softmax, context.Graph, out string reason) is not { } probabilities)
        {
            return reason;
        }

        if (probabilities.Shared is not null || !probabilities.Product.Output.Shape.Take(3).SequenceEqual(scores.Shape.Take(3)))
        {
            return "the probabilities are read by others too, or in another shape";
        }

        return AttentionProducts.Find(product, probabilities.Product, out reason) is { } products
            ? new ScoreModification(product, context.Graph.Symbols).Rewrite(softmax, products, probabilities, context)
            : reason;
    }

    /// <summary>The product of queries and keys on some path of pointwise nodes to the softmax.</summary>
    private static Node? FindProduct(Value value, int depth)
    {
        if (value.Producer is not { } node || depth > MaximumDepth || value.IsKnown)
        {
            return null;
        }

        if (ScoreChain.IsProduct(node))
        {
            return node.Output.Shape.Rank == 4 && node.Output.ElementType == ElementType.Float32 && node.Domain.Length == 0 ? node : null;
        }

        return IsTransparent(node) ? node.Inputs.OfType<Value>().Where(input => input.Shape.Equals(value.Shape)).Select(input => FindProduct(input, depth + 1)).FirstOrDefault(found => found is not null) : null;
    }

    private static bool IsTransparent(Node node) => node is { Domain: "", Type: "Identity" or "Cast" } || OperatorRegistry.Find(node) is PointwiseOperator;

    private string Rewrite(Node softmax, AttentionProducts products, ProbabilityChain probabilities, RecognitionContext context)
    {
        var cone = new HashSet<Node> { _product };
        Collect(softmax.Input(0), cone, 0);
        if (cone.Any(node => context.Graph.IsOutput(node.Output) || node.Output.Consumers.Any(consumer => consumer != softmax && !cone.Contains(consumer))))
        {
            return "the scores are read by others too";
        }

        if (Express(softmax.Input(0), 0) is not { } expression || !VectorSpelling.Supports(expression))
        {
            return _reason.Length > 0 ? _reason : "what is done to the scores has no vector form";
        }

        Node result = probabilities.Product;
        ExpansionContext before = context.Before(
            result, cone.Concat(probabilities.Nodes).Concat(products.Query.Place.Nodes).Concat(products.Key.Place.Nodes).Concat(products.Value.Place.Nodes));
        var formula = new Formula(before);
        Value query = products.Query.Arrangement.Apply(products.Query.Place.Value, before);
        Value key = products.Key.Arrangement.Apply(products.Key.Place.Value, before);
        Value value = products.Value.Arrangement.Apply(products.Value.Place.Value, before);
        var builder = new AttentionBuilder(formula.Cast(query, ElementType.Float32), formula.Cast(key, ElementType.Float32), formula.Cast(value, ElementType.Float32))
        {
            Scale = (float)(products.Query.Place.Factor * products.Key.Place.Factor),
            FullyMasked = probabilities.IsGuarded ? "zero" : "nan",
            ScoresMode = 3,
            Modification = new AttentionModification(expression),
            ModificationTensors = [.. _tensors.Select(tensor => formula.Cast(tensor, ElementType.Float32))],
        };
        Node attention = builder.Add(before);
        before.Replace(result.Output, formula.Cast(attention.Output, result.Output.ElementType));
        NodeOrder.Restore(context.Graph);
        context.Recognize(PatternNames.Attention, attention.Output);
        return "";
    }

    /// <summary>All nodes between the product and a value that depend on the product.</summary>
    private void Collect(Value value, HashSet<Node> cone, int depth)
    {
        if (DependsOnScores(value, depth) && cone.Add(value.Producer!))
        {
            foreach (Value input in value.Producer!.Inputs.OfType<Value>())
            {
                Collect(input, cone, depth + 1);
            }
        }
    }

    private bool DependsOnScores(Value value, int depth)
    {
        if (value == _product.Output)
        {
            return true;
        }

        if (_depends.TryGetValue(value, out bool known))
        {
            return known;
        }

        bool depends = !value.IsKnown && depth <= MaximumDepth && value.Producer is { } producer && producer.Inputs.OfType<Value>().Any(input => DependsOnScores(input, depth + 1));
        return _depends[value] = depends;
    }

    private Expression? Express(Value value, int depth)
    {
        if (value == _product.Output)
        {
            return new InputExpression(0, ElementType.Float32);
        }

        if (_expressions.TryGetValue(value, out Expression? known))
        {
            return known;
        }

        bool depends = DependsOnScores(value, depth);
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

    /// <summary>A value that does not depend on the scores: computed in the kernel where that spares a tensor of queries × keys, else before it.</summary>
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

        if (_layout.Arrange(value.Shape, _layout.Broadcast(value.Shape, _shape, _layout.Digits(4))) is null || value.Shape.Rank > 4 || (value.ElementType.IsInteger() && value.ElementType.Bits() > 16))
        {
            _reason = $"'{value.Name}' of type {value.Type} does not fit scores {_shape}";
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
        int skipped = _shape.Rank - value.Shape.Rank;
        if (skipped < 0)
        {
            return null;
        }

        switch (_reader.ReadBroadcast(value, _shape, _layout.Coordinates(_layout.Digits(4))))
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

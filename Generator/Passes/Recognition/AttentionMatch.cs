using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>The parts of a spelled attention, and the canonical node made of them.</summary>
internal sealed class AttentionMatch
{
    private readonly ScoreChain _scores;
    private readonly ProbabilityChain _probabilities;
    private readonly AttentionProducts _products;
    private readonly ScoreLayout _layout;
    private readonly ScoreSteps _steps;
    private readonly RecognitionContext _context;
    private readonly AttentionCache? _cache;
    private readonly AttentionModification? _modification;
    private readonly IReadOnlyList<Value> _tensors;

    private AttentionMatch(
        ScoreChain scores, ProbabilityChain probabilities, AttentionProducts products, ScoreLayout layout, ScoreSteps steps, AttentionModification? modification, IReadOnlyList<Value> tensors, RecognitionContext context)
    {
        _scores = scores;
        _probabilities = probabilities;
        _products = products;
        _layout = layout;
        _steps = steps;
        _modification = modification;
        _tensors = tensors;
        _context = context;
        _cache = modification is null or { IsIndependent: true } ? AttentionCache.Find(products.Query, products.Key, products.Value, Result, context) : null;
    }

    private Node Result => _probabilities.Product;

    /// <summary>Puts the canonical node in the place of a spelling; returns why not where that cannot be.</summary>
    public static string TryRewrite(Node softmax, ScoreChain scores, ProbabilityChain probabilities, RecognitionContext context)
    {
        if (SoftmaxOperators.Axes(softmax) is not [var axis] || axis != softmax.Output.Shape.Rank - 1)
        {
            return "the softmax does not run over the last axis";
        }

        if (scores.Nodes.Any(node => node.Output.Consumers.Count != 1 || context.Graph.IsOutput(node.Output)))
        {
            return "the scores are read by others too";
        }

        if (AttentionProducts.Find(scores.Product, probabilities.Product, out string reason) is not { } products)
        {
            return reason;
        }

        if (new[] { products.Query, products.Key, products.Value }.Any(operand => operand.Place.Value.ElementType == ElementType.Float64))
        {
            return "query, key or value is of float64, which the attention kernels do not have";
        }

        Shape query = products.Query.Shape;
        var layout = new ScoreLayout(context.Graph.Symbols, query[0], query[1], query[2], products.Key.Shape[2]);
        if (ScoreSteps.Read(scores, layout, out reason) is not { } steps)
        {
            return reason;
        }

        var tensors = new List<Value>();
        AttentionModification? modification = probabilities.ReadModification(layout, tensors, out reason);
        if (reason.Length > 0)
        {
            return reason;
        }

        var match = new AttentionMatch(scores, probabilities, products, layout, steps, modification, tensors, context);
        reason = match.Refusal();
        if (reason.Length == 0)
        {
            match.Rewrite();
        }

        return reason;
    }

    private string Refusal()
    {
        Shape result = new([_layout.Shape[0], _layout.Shape[1], _layout.Shape[2], _products.Value.Shape[3]]);
        if (Result.Output.Shape.ElementCount != result.ElementCount)
        {
            return $"the result {Result.Output.Shape} is not that of {_layout.Shape[0]} rows, {_layout.Shape[1]} heads and {_layout.Shape[2]} queries";
        }

        if (_probabilities.Shared is { } shared && !shared.Shape.Equals(_layout.Shape))
        {
            return $"the probabilities are read in the shape {shared.Shape}";
        }

        if (_probabilities.Nodes.Any(node => node.OptionalOutput(0) is { } output && output != Result.Output && output.ElementType != ElementType.Boolean
            && output.Shape.ElementCount != _layout.Shape.ElementCount))
        {
            return "the probabilities change their size";
        }

        return "";
    }

    private void Rewrite()
    {
        IEnumerable<Node> matched = _scores.Nodes.Concat(_probabilities.Nodes)
            .Concat(_products.Query.Place.Nodes).Concat(_products.Key.Place.Nodes).Concat(_products.Value.Place.Nodes).Concat(_cache?.Nodes ?? []);
        ExpansionContext before = _context.Before(Result, matched);
        var formula = new Formula(before);
        Value query = _products.Query.Arrangement.Apply(_products.Query.Place.Value, before);
        Value key = _cache?.NewKey ?? _products.Key.Arrangement.Apply(_products.Key.Place.Value, before);
        Value value = _cache?.NewValue ?? _products.Value.Arrangement.Apply(_products.Value.Place.Value, before);
        if (query.ElementType != key.ElementType || key.ElementType != value.ElementType)
        {
            (query, key, value) = (formula.Cast(query, ElementType.Float32), formula.Cast(key, ElementType.Float32), formula.Cast(value, ElementType.Float32));
        }

        foreach ((Value factor, bool isDivision) in _steps.OpenScales)
        {
            Value number = formula.Cast(factor.Shape.Rank == 0 ? factor : formula.Reshape(factor, Dimension.One), query.ElementType);
            query = isDivision ? formula.Divide(query, number) : formula.Multiply(query, number);
        }

        var mask = new AttentionMask(_layout, _cache?.PastKey.Shape[2] ?? Dimension.Zero, _steps.Events, _cache is not null);
        var builder = new AttentionBuilder(query, key, value)
        {
            Mask = mask.Emit(before, query.ElementType, _context.MaskConditions),
            PastKey = _cache?.PastKey,
            PastValue = _cache?.PastValue,
            IsCausal = mask.IsCausal,
            Window = mask.Window,
            Scale = (float)(_steps.Scale * _products.Query.Place.Factor * _products.Key.Place.Factor * _scores.Product.FloatAttribute("alpha", 1)),
            SoftCap = (float)_steps.SoftCap,
            FullyMasked = mask.FullyMasked == "nan" && _probabilities.IsGuarded ? "zero" : mask.FullyMasked,
            ScoresMode = 3,
            ProbabilityModification = _modification,
            ModificationTensors = [.. _tensors.Select(tensor => formula.Cast(tensor, ElementType.Float32))],
        };
        Node attention = builder.Add(before);
        Replace(attention, before, formula);
        _context.Recognize(PatternNames.Attention, attention.Output);
        if (mask.Miss is { Term.Tensor.Producer: { } producer } miss)
        {
            _context.Miss(PatternNames.AttentionMask, producer, miss.Reason);
        }
    }

    private void Replace(Node attention, ExpansionContext before, Formula formula)
    {
        Value result = formula.Cast(attention.Output, Result.Output.ElementType);
        if (!result.Shape.Equals(Result.Output.Shape))
        {
            result = before.Add("Reshape", result, DigitArrangement.KnownShape(before, [.. Result.Output.Shape]));
        }

        before.Replace(Result.Output, result);
        if (_probabilities.Shared is { } shared)
        {
            before.Replace(shared, formula.Cast(attention.Outputs[AttentionNode.Scores]!, shared.ElementType));
        }

        if (_cache is not null)
        {
            before.Replace(_cache.PresentKey, attention.Outputs[AttentionNode.PresentKey]!);
            before.Replace(_cache.PresentValue, attention.Outputs[AttentionNode.PresentValue]!);
        }

        NodeOrder.Restore(_context.Graph);
    }
}

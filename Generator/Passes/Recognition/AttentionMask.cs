using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;
using Cameo.Generator.Passes.Recognition.Masks;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// Turns what is done to the scores of an attention into attributes of the canonical node, conditions on small tensors, and, where neither describes it, a tensor that is
/// added as before.
/// <para>Before: <c>Where(Greater(keys, queries), -∞, 0) + Where(mask[b, k] = 0, -∞, 0) + bias[h, q, k]</c>.
/// After: <c>is_causal = 1</c>, the condition <c>mask[b, k] ≠ 0</c>, the tensor <c>bias</c>.</para>
/// </summary>
internal sealed class AttentionMask
{
    private readonly ScoreLayout _layout;
    private readonly IReadOnlyList<ScoreEvent> _events;
    private readonly bool _isCached;
    private readonly MaskAnalysis _analysis;
    private MaskFinding _finding = new(false, 0, [], null, false);
    private List<MaskTerm> _tensors = [];

    /// <summary>Decides what becomes of each mask.</summary>
    /// <param name="layout">The attention's sizes.</param>
    /// <param name="pastLength">Keys before the first query, as the canonical node sees it.</param>
    /// <param name="events">What happens to a score, in order.</param>
    /// <param name="isCached">Whether the keys have a past from outside. A query that is padding may then give anything: what follows from it is hidden by the mask in every later
    /// run too.</param>
    public AttentionMask(ScoreLayout layout, Dimension pastLength, IReadOnlyList<ScoreEvent> events, bool isCached)
    {
        _layout = layout;
        _events = events;
        _isCached = isCached;
        _analysis = new MaskAnalysis(layout.Space, pastLength, layout.Shape[3]);
        Resolve();
    }

    public bool IsCausal => _finding.IsCausal;

    public long Window => _finding.Window;

    /// <summary>A term that seems to say which keys count but stays a tensor, and why.</summary>
    public (MaskTerm Term, string Reason)? Miss { get; private set; }

    /// <summary>"uniform" or "nan": what a query gives that may see no key.</summary>
    public string FullyMasked
    {
        get
        {
            double? replacement = _tensors.Select(term => term.Replacement).FirstOrDefault(number => number is not null);
            return _finding.CanBeFullyMasked ? _finding.FullyMasked ?? "uniform"
                : replacement is { } number && !double.IsNegativeInfinity(number) ? "uniform"
                : "nan";
        }
    }

    /// <summary>Whether more is known of the only mask than its tensor says as it is.</summary>
    public bool IsRefined => _tensors.Count == 0
        && (_finding.Conditions is not [{ Truth: MaskTruth.NotZero } only] || IsCausal || Window > 0
            || !_layout.Arrange(only.Element)!.Shape.Equals(_events.First(step => step.Term is not null).Term!.Arrangement.Shape));

    /// <summary>Adds the nodes that compute the canonical node's mask; <see langword="null"/> where there is none.</summary>
    /// <param name="context">Where the nodes go.</param>
    /// <param name="type">The scores' type.</param>
    /// <param name="known">Conditions that other attentions have made already.</param>
    public Value? Emit(ExpansionContext context, ElementType type, Dictionary<string, Value> known)
    {
        var formula = new Formula(context);
        Value? condition = null;
        foreach (Value next in _finding.Conditions.Select(found => Emit(found, context, known)).Concat(_tensors.Where(term => term.Replacement is not null).Select(EmitCondition)))
        {
            condition = condition is null ? next : context.Add("And", condition, next);
        }

        Value? sum = null;
        foreach (MaskTerm term in _tensors.Where(term => term.Replacement is null))
        {
            Value tensor = formula.Cast(term.Arrangement.Apply(term.Tensor, context), type);
            tensor = term.Factor == 1 ? tensor : formula.Multiply(tensor, formula.Number(term.Factor, tensor));
            sum = sum is null ? tensor : formula.Add(sum, tensor);
        }

        return sum is null ? condition
            : condition is null ? sum
            : formula.Where(condition, sum, formula.Number(FullyMasked == "uniform" ? Lowest(type) : double.NegativeInfinity, sum));

        Value EmitCondition(MaskTerm term)
        {
            Value arranged = term.Arrangement.Apply(term.Tensor, context);
            return term.ReplacesWhere ? context.Add("Not", arranged) : arranged;
        }
    }

    /// <summary>The smallest finite number of a type.</summary>
    private static double Lowest(ElementType type) => type == ElementType.Float16 ? -65504 : float.MinValue;

    private Value Emit(MaskCondition found, ExpansionContext context, Dictionary<string, Value> known)
    {
        DigitArrangement arrangement = _layout.Arrange(found.Element)!;
        string key = $"{found.Element.Source.Name} {found.Truth} {arrangement.Shape}";
        if (known.TryGetValue(key, out Value? made))
        {
            return made;
        }

        Value source = found.Element.Source;
        var formula = new Formula(context);
        Value truth = found.Truth is MaskTruth.NotZero or MaskTruth.Zero ? formula.Cast(source, ElementType.Boolean) : context.Add("Equal", source, formula.Number(1, source));
        truth = found.Truth is MaskTruth.Zero or MaskTruth.NotOne ? context.Add("Not", truth) : truth;
        return known[key] = arrangement.Apply(truth, context);
    }

    private void Resolve()
    {
        List<MaskTerm> masks = [];
        List<MaskTerm> independent = [];
        foreach (MaskTerm term in _events.Where(step => step.Term is not null).Select(step => step.Term!))
        {
            // An element of a tensor of numbers is a bias; there is nothing to find out.
            bool isOpaque = term.Element is MaskElement { Source.ElementType: not ElementType.Boolean };
            if (isOpaque)
            {
                continue;
            }

            if (_analysis.Analyze(Steps([term])) is { } alone)
            {
                masks.Add(term);
                if (alone.Conditions.Count == 0)
                {
                    independent.Add(term);
                }
            }
            else if (!_analysis.IsBias && Chooses(term.Element))
            {
                Miss ??= (term, _analysis.Reason);
            }
        }

        if (!TryUse(masks) && !TryUse(independent))
        {
            TryUse([]);
        }
    }

    /// <summary>Whether an expression depends on a comparison, as masks do and slopes do not.</summary>
    private static bool Chooses(MaskExpression expression) => expression is MaskInequality
        || (expression is MaskOperation operation && (operation.Operator is MaskOperator.Select or MaskOperator.Equal or MaskOperator.Less || operation.Operands.Any(Chooses)));

    private bool TryUse(List<MaskTerm> masks)
    {
        MaskFinding? finding = masks.Count == 0 ? new MaskFinding(false, 0, [], null, false) : _analysis.Analyze(Steps(masks));
        string reason = finding is null ? _analysis.Reason
            : finding.CanBeFullyMasked && finding.FullyMasked is null && !_isCached ? "what a query gives that sees no key depends on the numbers of the mask"
            : finding.Conditions.Any(found => _layout.Arrange(found.Element) is null) ? "an element of the mask is not at the place of its row, head, query and key"
            : "";
        if (reason.Length > 0)
        {
            Miss ??= (masks[0], reason);
            return false;
        }

        _finding = finding!;
        _tensors = [.. _events.Where(step => step.Term is { } term && !masks.Contains(term)).Select(step => step.Term!)];
        return true;
    }

    private IReadOnlyList<ScoreStep> Steps(IReadOnlyList<MaskTerm> masks) =>
        [.. _events.Where(step => step.Term is null || masks.Contains(step.Term)).Select(step => step.Step)];
}

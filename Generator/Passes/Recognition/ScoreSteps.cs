using Cameo.Generator.Graphs;
using Cameo.Generator.Passes.Recognition.Masks;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>What a <see cref="ScoreChain"/> does to scores: their scale, soft cap and masks.</summary>
internal sealed class ScoreSteps
{
    private readonly List<ScoreEvent> _events = [];
    private readonly ScoreLayout _layout;
    private readonly MaskReader _reader;
    private AxisDigits _digits;
    private bool _awaitsCap;

    private ScoreSteps(ScoreLayout layout, int rank)
    {
        _layout = layout;
        _reader = new MaskReader(layout.Space);
        _digits = layout.Digits(rank);
    }

    /// <summary>Factor of the products, where known.</summary>
    public double Scale { get; private set; } = 1;

    /// <summary>Factors and divisors that the run computes, one number each.</summary>
    public List<(Value Factor, bool IsDivision)> OpenScales { get; } = [];

    /// <summary>0 for none.</summary>
    public double SoftCap { get; private set; }

    public IReadOnlyList<ScoreEvent> Events => _events;

    /// <summary>Reads a chain; <see langword="null"/> with the reason where it does what attention does not.</summary>
    public static ScoreSteps? Read(ScoreChain chain, ScoreLayout layout, out string reason)
    {
        var steps = new ScoreSteps(layout, chain.Product.Output.Shape.Rank);
        reason = "";
        foreach (ScoreLink link in chain.Links)
        {
            reason = steps.Add(link);
            if (reason.Length > 0)
            {
                return null;
            }
        }

        if (steps._awaitsCap)
        {
            reason = "the hyperbolic tangent is not scaled";
            return null;
        }

        if (steps._digits.Axes.Count == 0 || steps._digits.Axes[steps._digits.Axes.Count - 1].Any(digit => digit.Index != AxisDigit.Key))
        {
            reason = "the softmax does not run over the keys alone";
            return null;
        }

        return steps;
    }

    private string Add(ScoreLink link)
    {
        if (_awaitsCap && link.Kind is not (ScoreLinkKind.Scaling or ScoreLinkKind.Move))
        {
            return "the hyperbolic tangent is not scaled";
        }

        switch (link.Kind)
        {
            case ScoreLinkKind.Move:
                bool splits = false;
                AxisDigits? moved = _digits.Reshape(link.Input.Shape, link.Node.Output.Shape, (_, _, _) => splits = true);
                _digits = moved ?? _digits;
                return moved is null || splits ? $"the shape {link.Node.Output.Shape} of the scores mixes rows, heads, queries and keys" : "";
            case ScoreLinkKind.Scaling:
                return AddScale(link);
            case ScoreLinkKind.Tanh:
                _awaitsCap = true;
                return _events.Exists(step => step.Term is not null) ? "the soft cap comes after a mask" : "";
            case ScoreLinkKind.Floor:
                _events.Add(new ScoreEvent(new ScoreFloor(Matching.Number(link.Other)!.Value)));
                return "";
            case ScoreLinkKind.Addition:
                return AddTerms(link, link.Other!);
            default:
                return AddReplacement(link);
        }
    }

    private string AddScale(ScoreLink link)
    {
        if (!link.Node.Output.Shape.Equals(link.Input.Shape))
        {
            return $"the scale has the shape {link.Other!.Shape}";
        }

        double? number = Matching.Number(link.Other);
        if (number is null)
        {
            OpenScales.Add((link.Other!, link.IsDivision));
            return _awaitsCap || SoftCap != 0 ? "the soft cap is computed by the run"
                : _events.Exists(step => step.Term is not null) ? "a mask is scaled by a number that the run computes"
                : "";
        }

        double factor = link.IsDivision ? 1 / number.Value : number.Value;
        if (double.IsInfinity(factor) || double.IsNaN(factor) || factor == 0)
        {
            return $"the scale is {factor}";
        }

        if (_awaitsCap)
        {
            // cap · tanh(x · scale / cap): what came before the tangent holds the division.
            _awaitsCap = false;
            SoftCap = factor;
            Scale *= factor;
            return factor > 0 ? "" : $"the soft cap is {factor}";
        }

        if (SoftCap != 0)
        {
            return "the scores are scaled behind the soft cap";
        }

        Scale *= factor;
        for (int index = 0; index < _events.Count; index++)
        {
            if (_events[index].Term is { } term)
            {
                _events[index] = new ScoreEvent(term with { Factor = term.Factor * factor });
            }
        }

        _events.Add(new ScoreEvent(new ScoreScaling(factor)));
        return "";
    }

    /// <summary>Adds the summands of what is added, each for itself.</summary>
    private string AddTerms(ScoreLink link, Value added)
    {
        Shape scores = link.Node.Output.Shape;
        if (!scores.Equals(link.Input.Shape) || added.Shape.Rank > scores.Rank)
        {
            return $"what is added has the shape {added.Shape}, which does not broadcast to the scores {link.Input.Shape}";
        }

        MaskExpression? element = _reader.ReadBroadcast(added, scores, _layout.Coordinates(_digits));
        if (element is MaskOperation { Operator: MaskOperator.Add } && added.Producer is { Type: "Add", Domain: "" } sum && added.Consumers.Count > 0)
        {
            string reason = AddTerms(link, sum.Input(0));
            return reason.Length > 0 ? reason : AddTerms(link, sum.Input(1));
        }

        if (element is null || _layout.Arrange(added.Shape, _layout.Broadcast(added.Shape, scores, _digits)) is not { } arrangement)
        {
            return $"what is added has the shape {added.Shape}, which does not broadcast to the scores {link.Input.Shape}";
        }

        _events.Add(new ScoreEvent(new MaskTerm(added, arrangement, element)));
        return "";
    }

    private string AddReplacement(ScoreLink link)
    {
        Shape scores = link.Node.Output.Shape;
        Value condition = link.Other!;
        if (_reader.ReadBroadcast(link.Replacement!, scores, _layout.Coordinates(_digits)) is not MaskNumber { Value: var replacement } || !(replacement <= MaskAnalysis.Hiding))
        {
            return $"'{link.Replacement!.Name}', which takes the place of scores, does not hide them";
        }

        if (!scores.Equals(link.Input.Shape) || _reader.ReadBroadcast(condition, scores, _layout.Coordinates(_digits)) is not { } element
            || _layout.Arrange(condition.Shape, _layout.Broadcast(condition.Shape, scores, _digits)) is not { } arrangement)
        {
            return $"the condition has the shape {condition.Shape}, which does not broadcast to the scores {link.Input.Shape}";
        }

        _events.Add(new ScoreEvent(new MaskTerm(condition, arrangement, element) { Replacement = replacement, ReplacesWhere = link.ReplacesWhere }));
        return "";
    }
}

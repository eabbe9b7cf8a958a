using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition.Masks;

/// <summary>
/// Finds out which keys a query sees.
/// <para>Before: <c>score + (key &gt; query + past ? -∞ : 0) + (mask[row, key] = 0 ? -∞ : 0)</c>. After: causal, and <c>mask[row, key] ≠ 0</c>.</para>
/// All cases of the expressions are computed. A case attends where the score is left as it is, and does not where it sinks out of the softmax's sight. What all attending
/// cases have in common are the conditions; they are the answer if every other case violates one of them.
/// </summary>
internal sealed class MaskAnalysis(MaskSpace space, Dimension pastLength, Dimension keys)
{
    /// <summary>
    /// A number added to a score that means "not this key". Exporters for half precision write -10000 (-9984 in bfloat16), all others far less. It hides a key from scores that differ
    /// by less than 9800, since e^-104 is 0 in float32; models that mask with it count on that. A smaller number is a bias: it hides nothing where scores are large.
    /// </summary>
    public const double Hiding = -9984;

    /// <summary>Adding it leaves nothing of a score, so that all keys masked by it are equal.</summary>
    private const double Absorbing = -1e30;

    /// <summary>Half precision's smallest number has no room for a score's digits either.</summary>
    private const double AbsorbingInHalf = -6e4;

    /// <summary>Masks have a handful of cases.</summary>
    private const int MaximumCases = 2000;

    private readonly Dictionary<string, MaskElement> _elements = new(StringComparer.Ordinal);

    /// <summary>Why the last analysis found nothing.</summary>
    public string Reason { get; private set; } = "";

    /// <summary>Whether the last analysis found nothing because the steps add ordinary numbers: a bias, not a mask.</summary>
    public bool IsBias { get; private set; }

    /// <summary>The meaning of the steps, or <see langword="null"/> with a <see cref="Reason"/>.</summary>
    public MaskFinding? Analyze(IReadOnlyList<ScoreStep> steps)
    {
        IsBias = false;
        if (Cases(steps) is not { } cases)
        {
            return null;
        }

        Case[] attending = [.. cases.Where(current => current.Kind == CaseKind.Attends)];
        Case[] masked = [.. cases.Where(current => current.Kind == CaseKind.Masked)];
        if (attending.Length == 0)
        {
            return Fail("no query sees a key");
        }

        List<Dimension> common = CommonInequalities(attending);
        Dictionary<string, HashSet<double>> allowed = AllowedValues(attending);
        if (masked.FirstOrDefault(current => !IsExcluded(current, common, allowed)) is not null)
        {
            return Fail("which keys a query sees is no conjunction of conditions");
        }

        return Interpret(common, allowed, masked);
    }

    /// <summary>All cases of the score; <see langword="null"/> where one of them is neither untouched nor masked.</summary>
    private List<Case>? Cases(IReadOnlyList<ScoreStep> steps)
    {
        MaskExpression[] expressions = [.. steps.Select(step => step switch { ScoreAddition added => added.Term, ScoreReplacement replaced => replaced.Condition, _ => MaskExpression.False })];
        foreach (MaskElement element in expressions.SelectMany(Elements))
        {
            _elements[element.Key] = element;
        }

        var evaluator = new MaskEvaluator(space, expressions);
        IEnumerable<Case> cases = [new Case(MaskPath.Empty)];
        foreach (ScoreStep step in steps)
        {
            cases = cases.SelectMany(current => Apply(step, current, evaluator));
        }

        List<Case> found = [.. cases.Take(MaximumCases + 1)];
        if (found.Count > MaximumCases)
        {
            Reason = "the mask has too many cases";
            return null;
        }

        // A mask of integers that is multiplied is one of zeros and ones, whatever other integers would do.
        bool IsOrdinary(Case current) => current.Path.Elements.All(pair => pair.Value is 0 or 1 || !_elements[pair.Key].Source.ElementType.IsInteger());
        if (found.Any(current => current.Kind == CaseKind.Other && !IsOrdinary(current)))
        {
            found.RemoveAll(current => !IsOrdinary(current));
        }

        if (found.Any(current => current.Kind == CaseKind.Other))
        {
            IsBias = found.Any(current => current.Kind == CaseKind.Other && !current.IsOther);
            Reason = IsBias ? "the mask adds numbers that are neither 0 nor far below every score" : "an element of the mask is computed in a way that is not known";
            return null;
        }

        return found;
    }

    private static IEnumerable<Case> Apply(ScoreStep step, Case current, MaskEvaluator evaluator) => step switch
    {
        // A scale behind the mask makes all scores smaller: what hid a key before it still does.
        ScoreScaling scaling => [current with
        {
            Number = MaskArithmetic.Round(current.Number * scaling.Factor, current.Type).Value,
            Limit = current.Number == 0 && current.HasScore ? Hiding : current.Limit * scaling.Factor,
        }],
        ScoreFloor floor => [current.Number < floor.Minimum ? current with { Number = floor.Minimum, HasScore = false } : current],
        ScoreAddition addition => evaluator.Evaluate(addition.Term, current.Path).Select(term => term.Result is MaskNumber number
            ? current with { Path = term.Path, Number = MaskArithmetic.Round(current.Number + number.Value, addition.Type).Value, Type = addition.Type }
            : current with { Path = term.Path, IsOther = true }),
        ScoreReplacement replacement => evaluator.Evaluate(replacement.Condition, current.Path).Select(condition => condition.Result is not MaskNumber truth
            ? current with { Path = condition.Path, IsOther = true }
            : truth.Value != 0 == replacement.Truth
                ? current with { Path = condition.Path, Number = replacement.Replacement, HasScore = false }
                : current with { Path = condition.Path }),
        _ => throw new InvalidOperationException($"Unknown step {step}."),
    };

    private static IEnumerable<MaskElement> Elements(MaskExpression expression) => expression switch
    {
        MaskElement element => [element],
        MaskOperation operation => operation.Operands.SelectMany(Elements),
        _ => [],
    };

    /// <summary>The inequalities that hold wherever a query sees a key, without those that follow from others.</summary>
    private List<Dimension> CommonInequalities(Case[] attending)
    {
        List<Dimension> common = [.. attending.SelectMany(current => current.Path.Inequalities).Distinct().Where(inequality =>
            attending.All(current => current.Path.Decide(inequality, space) == true))];
        for (int index = common.Count - 1; index >= 0; index--)
        {
            if (common.Where((_, other) => other != index).Any(other => space.IsNonNegative(common[index] - other)))
            {
                common.RemoveAt(index);
            }
        }

        return common;
    }

    /// <summary>By element, the values it has where a query sees a key; elements that may have any are absent.</summary>
    private static Dictionary<string, HashSet<double>> AllowedValues(Case[] attending)
    {
        var allowed = new Dictionary<string, HashSet<double>>(StringComparer.Ordinal);
        foreach (string key in attending.SelectMany(current => current.Path.Elements).Select(pair => pair.Key).Distinct())
        {
            if (attending.All(current => current.Path.Element(key) is not null))
            {
                allowed[key] = [.. attending.Select(current => current.Path.Element(key)!.Value)];
            }
        }

        return allowed;
    }

    private bool IsExcluded(Case current, List<Dimension> common, Dictionary<string, HashSet<double>> allowed) =>
        current.Path.Elements.Any(pair => allowed.TryGetValue(pair.Key, out HashSet<double>? values) && !values.Contains(pair.Value))
        || common.Any(inequality => current.Path.Decide(inequality, space) == false);

    private MaskFinding? Interpret(List<Dimension> common, Dictionary<string, HashSet<double>> allowed, Case[] masked)
    {
        bool isCausal = false;
        long window = 0;
        foreach (Dimension inequality in common)
        {
            // inequality = past + query - key: keys up to the query's own position; inequality = key - query - past + window - 1: the last ones of these.
            Dimension position = pastLength + space.Query;
            if (inequality == position - space.Key)
            {
                isCausal = true;
            }
            else if ((inequality - space.Key + position).Value is >= 0 and { } before)
            {
                window = window == 0 ? before + 1 : Math.Min(window, before + 1);
            }
            else
            {
                return Fail($"'{Readable(inequality)} >= 0' is neither causal behind {pastLength} keys nor a window");
            }
        }

        // The one query of a step that follows all its keys is causal without saying so.
        if (window > 0 && !isCausal && !(isCausal = space.IsNonNegative(pastLength + space.Query - space.Key)))
        {
            return Fail("the window has an end behind the query's own position");
        }

        var conditions = new List<MaskCondition>();
        foreach (KeyValuePair<string, HashSet<double>> pair in allowed)
        {
            HashSet<double> excluded = [.. masked.Select(current => current.Path.Element(pair.Key) ?? double.NaN).Where(value => !double.IsNaN(value) && !pair.Value.Contains(value))];
            if (excluded.Count == 0)
            {
                continue;
            }

            if (Truth(pair.Value, excluded) is not { } truth)
            {
                return Fail($"which values of '{_elements[pair.Key].Source.Name}' mean that a key counts is not clear");
            }

            conditions.Add(new MaskCondition(_elements[pair.Key], truth));
        }

        bool seesItself = space.IsNonNegative(keys - Dimension.One - pastLength - space.Query);
        bool canBeFullyMasked = conditions.Count > 0 || (window > 0 && !seesItself);
        return new MaskFinding(isCausal, window, conditions, FullyMasked(masked), canBeFullyMasked);
    }

    private static MaskTruth? Truth(HashSet<double> allowed, HashSet<double> excluded) =>
        excluded.Count == 1 && excluded.Contains(0) ? MaskTruth.NotZero
        : allowed.Count == 1 && allowed.Contains(0) ? MaskTruth.Zero
        : allowed.Count == 1 && allowed.Contains(1) ? MaskTruth.One
        : excluded.Count == 1 && excluded.Contains(1) ? MaskTruth.NotOne
        : null;

    /// <summary>What a query gives for which all keys are masked: that has a name where all are masked in the same way, by -∞ or by a number that absorbs the scores.</summary>
    private static string? FullyMasked(Case[] masked)
    {
        double[] numbers = [.. masked.Select(current => current.Number).Distinct()];
        return numbers.Length != 1 ? null
            : double.IsNegativeInfinity(numbers[0]) ? "nan"
            : masked.All(current => !current.HasScore || current.Number <= (current.Type == ElementType.Float16 ? AbsorbingInHalf : Absorbing)) ? "uniform"
            : null;
    }

    private string Readable(Dimension inequality)
    {
        string text = inequality.ToString();
        foreach ((Dimension index, string name) in new[] { (space.Query, "query"), (space.Key, "key"), (space.Head, "head"), (space.Row, "row") })
        {
            text = index.AsSymbol() is { } symbol ? text.Replace(symbol, name) : text;
        }

        return text;
    }

    private MaskFinding? Fail(string reason)
    {
        Reason = reason;
        return null;
    }

    private enum CaseKind
    {
        Attends,
        Masked,
        Other,
    }

    /// <summary>A case and the score in it: the product, where it is still there, plus a number, which hides the key up to the limit.</summary>
    private sealed record Case(MaskPath Path, double Number = 0, bool HasScore = true, bool IsOther = false, ElementType Type = ElementType.Float32, double Limit = MaskAnalysis.Hiding)
    {
        public CaseKind Kind =>
            IsOther || double.IsNaN(Number) ? CaseKind.Other
            : HasScore && Number == 0 ? CaseKind.Attends
            : Number <= Limit ? CaseKind.Masked
            : CaseKind.Other;
    }
}

using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// What RMS and layer normalization have in common: a mean of squares, to which epsilon is added, whose root divides what was squared. Powers are followed as
/// exponents, so that Sqrt + Div, Sqrt + Reciprocal + Mul, Div(1, Sqrt) + Mul and Pow(-0.5) + Mul are one.
/// </summary>
internal sealed class NormalizationSpelling
{
    private const int MaximumDepth = 8;

    private readonly Node _mean;
    private readonly Value _squared;

    /// <summary>Whether the variance is the mean of squares less the square of the mean.</summary>
    private bool _isDifference;

    private NormalizationSpelling(Node mean, Value squared, int axis)
    {
        _mean = mean;
        _squared = squared;
        Axis = axis;
        Value? x = Centered(squared, mean);
        IsCentered = x is not null;
        Input = x ?? squared;
    }

    /// <summary>Whether the mean is taken from the elements first (layer normalization).</summary>
    public bool IsCentered { get; private set; }

    /// <summary>What is normalised, in the type that the spelling computes in.</summary>
    public Value Input { get; }

    /// <summary>The first of the axes that a row has.</summary>
    public int Axis { get; }

    public double Epsilon { get; private set; }

    /// <summary>The normalised elements, multiplied with <see cref="Weight"/> already where there is one.</summary>
    public Value? Normalized { get; private set; }

    /// <summary>A factor that was multiplied in before input and root met.</summary>
    public Value? Weight { get; private set; }

    /// <summary>What stands in the way, where <see cref="Normalized"/> was not found.</summary>
    public string? Obstacle { get; private set; }

    /// <summary>The spelling around a ReduceMean; null where it is no mean of squares.</summary>
    public static NormalizationSpelling? Find(Node mean)
    {
        if (Squared(mean.Input(0)) is not { } squared || !squared.ElementType.IsFloat())
        {
            return null;
        }

        IReadOnlyList<int> axes = ReductionAxes.Of(mean);
        int rank = squared.Shape.Rank;
        bool isTail = axes.Count > 0 && axes.SequenceEqual(Enumerable.Range(rank - axes.Count, axes.Count));
        var spelling = new NormalizationSpelling(mean, squared, rank - axes.Count);
        if (!isTail)
        {
            spelling.Obstacle = $"the mean is taken over axes [{string.Join(", ", axes)}] of {rank}, which are not the last ones";
        }
        else
        {
            spelling.Obstacle = "the mean of squares is not followed by + epsilon, root and division";
            spelling.Normalized = spelling.Climb(mean.Output, 1, null, MaximumDepth);
        }

        return spelling;
    }

    /// <summary>v for v · v or v ^ 2.</summary>
    private static Value? Squared(Value value)
    {
        if (Matching.Producer(value, "Pow") is { } power)
        {
            return Matching.IsNumber(power.Input(1), 2) ? power.Input(0) : null;
        }

        if (Matching.Producer(value, "Cast") is { } cast && Matching.Holds(cast.Output.ElementType, cast.Input(0).ElementType))
        {
            return Squared(cast.Input(0));
        }

        return Matching.Producer(value, "Mul") is { } product && (Matching.Same(product.Input(0), product.Input(1)) || AreTwins(product.Input(0), product.Input(1)))
            ? product.Input(0)
            : null;
    }

    /// <summary>x for x - ReduceMean(x) over the same axes.</summary>
    private static Value? Centered(Value deviation, Node mean)
    {
        if (Matching.Producer(Matching.Narrowest(deviation), "Sub") is not { } difference)
        {
            return null;
        }

        Value subtrahend = Matching.Narrowest(difference.Input(1));
        while (Matching.Producer(subtrahend, "Unsqueeze") is { } restored && difference.Input(0).Shape.Rank == subtrahend.Shape.Rank)
        {
            subtrahend = restored.Input(0);
        }

        return Matching.Producer(subtrahend, "ReduceMean") is { } center
            && Matching.Same(center.Input(0), difference.Input(0))
            && ReductionAxes.Of(center).SequenceEqual(ReductionAxes.Of(mean))
            ? difference.Input(0)
            : null;
    }

    /// <summary>Whether two nodes subtract the same values.</summary>
    private static bool AreTwins(Value left, Value right) =>
        Matching.Producer(Matching.Narrowest(left), "Sub") is { } first && Matching.Producer(Matching.Narrowest(right), "Sub") is { } second
        && first.Inputs.SequenceEqual(second.Inputs);

    /// <summary>Whether a value is what was squared: the same value, or computed once more in the same way.</summary>
    private bool IsNumerator(Value value) =>
        (!_isDifference && (Matching.Same(value, _squared) || AreTwins(value, _squared)))
        || (IsCentered && Centered(value, _mean) is { } x && Matching.Same(x, Input));

    /// <summary>Follows (mean of squares + epsilon) ^ exponent to where it scales the input.</summary>
    private Value? Climb(Value value, double exponent, double? epsilon, int depth)
    {
        if (depth == 0)
        {
            return null;
        }

        foreach (Node reader in Matching.Readers(value).Where(reader => reader.Domain.Length == 0))
        {
            Value? found = reader.Type switch
            {
                "Add" when exponent == 1 && epsilon is null => Added(reader, value) is { } added ? Climb(reader.Output, 1, added, depth - 1) : null,
                "Sub" when exponent == 1 && epsilon is null && !IsCentered && reader.Input(0) == value && IsSquareOfMean(reader.Input(1)) => ClimbVariance(reader.Output, depth - 1),
                "Sqrt" => Climb(reader.Output, exponent / 2, epsilon, depth - 1),
                "Reciprocal" => Climb(reader.Output, -exponent, epsilon, depth - 1),
                "Pow" when reader.Input(0) == value && Matching.Number(reader.Input(1)) is { } power => Climb(reader.Output, exponent * power, epsilon, depth - 1),
                "Cast" when reader.Output.ElementType.IsFloat() => Climb(reader.Output, exponent, epsilon, depth - 1),
                "Unsqueeze" => Climb(reader.Output, exponent, epsilon, depth - 1),
                "Div" when reader.Input(1) == value => Divided(reader, exponent, epsilon, depth),
                "Mul" => Multiplied(reader, value, exponent, epsilon, depth),
                _ => null,
            };
            if (found is not null)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>ReduceMean(x)² for the mean of x².</summary>
    private bool IsSquareOfMean(Value value) =>
        Squared(value) is { } mean && Matching.Producer(Matching.Narrowest(mean), "ReduceMean") is { } center
        && Matching.Same(center.Input(0), _squared) && ReductionAxes.Of(center).SequenceEqual(ReductionAxes.Of(_mean));

    /// <summary>Goes on with a variance, which makes the normalization a centred one.</summary>
    private Value? ClimbVariance(Value variance, int depth)
    {
        (IsCentered, _isDifference) = (true, true);
        return Climb(variance, 1, null, depth);
    }

    private double? Added(Node sum, Value value)
    {
        if (Matching.Other(sum, value) is { } other && Matching.Number(other) is { } epsilon && epsilon >= 0)
        {
            return epsilon;
        }

        Obstacle = "what is added to the mean of squares is not one number known at build time";
        return null;
    }

    private Value? Divided(Node quotient, double exponent, double? epsilon, int depth) =>
        Matching.IsNumber(quotient.Input(0), 1) ? Climb(quotient.Output, -exponent, epsilon, depth - 1)
        : exponent == 0.5 ? Meet(quotient.Output, quotient.Input(0), epsilon)
        : null;

    private Value? Multiplied(Node product, Value value, double exponent, double? epsilon, int depth)
    {
        if (exponent != -0.5 || Matching.Other(product, value) is not { } other)
        {
            return null;
        }

        if (Meet(product.Output, other, epsilon) is { } met)
        {
            return met;
        }

        // The root may meet the weight before the input.
        if (Weight is null && Matching.IsWeight(other, _squared.Shape, Axis) && Climb(product.Output, exponent, epsilon, depth - 1) is { } scaled)
        {
            Weight = other;
            return scaled;
        }

        return null;
    }

    /// <summary>The result, if the other operand is the input, or the input times a weight.</summary>
    private Value? Meet(Value result, Value other, double? epsilon)
    {
        if (!IsNumerator(other))
        {
            Value? weight = Matching.Producer(other, "Mul") is not { } product ? null
                : IsNumerator(product.Input(0)) ? product.Input(1)
                : IsNumerator(product.Input(1)) ? product.Input(0)
                : null;
            if (weight is null || !Matching.IsWeight(weight, _squared.Shape, Axis) || !result.Shape.Equals(_squared.Shape))
            {
                Obstacle = "the root of the mean of squares divides something else than what was squared";
                return null;
            }

            Weight = weight;
        }

        Epsilon = epsilon ?? 0;
        Obstacle = null;
        return result;
    }
}

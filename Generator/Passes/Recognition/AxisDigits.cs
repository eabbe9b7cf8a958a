using Cameo.Generator.Graphs;
using Cameo.Generator.Passes.Recognition.Masks;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// How the axes of a tensor are made of the indices of attention: for each axis its digits, outermost first; none where the size is 1.
/// <para>Example: [batch · heads, positions, 8] is <c>[b h] [t] [d]</c>; its reshape to [batch, heads, positions, 8] is <c>[b] [h] [t] [d]</c>.</para>
/// </summary>
internal sealed class AxisDigits(IReadOnlyList<IReadOnlyList<AxisDigit>> axes)
{
    public IReadOnlyList<IReadOnlyList<AxisDigit>> Axes { get; } = axes;

    /// <summary>One index an axis.</summary>
    public static AxisDigits Of(Shape shape, IReadOnlyList<char> indices) =>
        new([.. shape.Select((size, axis) => (IReadOnlyList<AxisDigit>)(size.Value == 1 ? [] : [new AxisDigit(indices[axis], size)]))]);

    /// <summary>All digits in the order in which they lie in memory.</summary>
    public IEnumerable<AxisDigit> All => Axes.SelectMany(axis => axis);

    public AxisDigits Permute(IReadOnlyList<int> permutation) => new([.. permutation.Select(axis => Axes[axis])]);

    /// <summary>
    /// The digits after a reshape from one shape to another, or <see langword="null"/> where they do not follow. Digits that a size cuts through are replaced by two;
    /// <paramref name="split"/> tells.
    /// </summary>
    public AxisDigits? Reshape(Shape from, Shape to, Action<AxisDigit, AxisDigit, AxisDigit> split)
    {
        if (ReshapeGroups.Match(from, to) is not { } groups)
        {
            return null;
        }

        var result = new IReadOnlyList<AxisDigit>[to.Rank];
        foreach ((int fromBegin, int fromEnd, int toBegin, int toEnd) in groups)
        {
            var digits = new LinkedList<AxisDigit>(Enumerable.Range(fromBegin, fromEnd - fromBegin).SelectMany(axis => Axes[axis]));
            for (int axis = toBegin; axis < toEnd; axis++)
            {
                if (Take(digits, to[axis], split) is not { } taken)
                {
                    return null;
                }

                result[axis] = taken;
            }

            if (digits.Count > 0)
            {
                return null;
            }
        }

        return new AxisDigits(result);
    }

    /// <summary>Takes digits from the front whose sizes multiply to <paramref name="size"/>.</summary>
    private static List<AxisDigit>? Take(LinkedList<AxisDigit> digits, Dimension size, Action<AxisDigit, AxisDigit, AxisDigit> split)
    {
        var taken = new List<AxisDigit>();
        Dimension rest = size;
        while (rest.Value != 1)
        {
            if (digits.First is not { } first)
            {
                return null;
            }

            digits.RemoveFirst();
            AxisDigit digit = first.Value;
            Dimension quotient = Dimension.FloorDivide(rest, digit.Size);
            if (quotient * digit.Size == rest)
            {
                taken.Add(digit);
                rest = quotient;
                continue;
            }

            Dimension inner = Dimension.FloorDivide(digit.Size, rest);
            if (inner * rest != digit.Size)
            {
                return null;
            }

            AxisDigit left = new(digit.Index, rest);
            AxisDigit right = new(digit.Index, inner);
            split(digit, left, right);
            digits.AddFirst(right);
            taken.Add(left);
            rest = Dimension.One;
        }

        return taken;
    }
}

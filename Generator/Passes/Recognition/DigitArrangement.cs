using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>How a tensor becomes one with an axis an index: by splitting axes that hold several indices, then by a permutation.</summary>
internal sealed class DigitArrangement
{
    private readonly Dimension[] _sizes;
    private readonly int[] _permutation;

    private DigitArrangement(Dimension[] sizes, int[] permutation, Shape shape)
    {
        _sizes = sizes;
        _permutation = permutation;
        IsReshaped = !shape.Equals(new Shape(sizes));
        IsPermuted = !permutation.SequenceEqual(Enumerable.Range(0, permutation.Length));
    }

    public bool IsReshaped { get; }

    public bool IsPermuted { get; }

    /// <summary>Whether the tensor is already what is wanted.</summary>
    public bool IsNothing => !IsReshaped && !IsPermuted;

    /// <summary>The sizes of the arranged tensor.</summary>
    public Shape Shape => new([.. _permutation.Select(axis => _sizes[axis])]);

    /// <summary>Arranges a tensor as one axis for each of <paramref name="indices"/> (of size 1 for those it has no digits of); <see langword="null"/> where an index's digits do not
    /// lie side by side.</summary>
    public static DigitArrangement? Find(Shape shape, AxisDigits layout, IReadOnlyList<char> indices)
    {
        var runs = new List<(char Index, Dimension Size)>();
        foreach (AxisDigit digit in layout.All)
        {
            if (runs.Count > 0 && runs[runs.Count - 1].Index == digit.Index)
            {
                runs[runs.Count - 1] = (digit.Index, runs[runs.Count - 1].Size * digit.Size);
            }
            else if (runs.Any(run => run.Index == digit.Index) || !indices.Contains(digit.Index))
            {
                return null;
            }
            else
            {
                runs.Add((digit.Index, digit.Size));
            }
        }

        // Missing indices go where they need no permutation: in front of the first that follows them.
        for (int index = 0; index < indices.Count; index++)
        {
            if (runs.All(run => run.Index != indices[index]))
            {
                int place = runs.FindIndex(run => Position(run.Index) > index);
                runs.Insert(place < 0 ? runs.Count : place, (indices[index], Dimension.One));
            }
        }

        return new DigitArrangement([.. runs.Select(run => run.Size)], [.. indices.Select(index => runs.FindIndex(run => run.Index == index))], shape);

        int Position(char index) => Enumerable.Range(0, indices.Count).First(position => indices[position] == index);
    }

    /// <summary>Adds the nodes that arrange a value.</summary>
    public Value Apply(Value value, ExpansionContext context)
    {
        if (IsReshaped)
        {
            value = NewAxes(value.Shape) is { } axes
                ? context.Add("Unsqueeze", value, context.Integers(axes))
                : context.Add("Reshape", value, KnownShape(context, _sizes));
        }

        return IsPermuted ? new Formula(context).Transpose(value, _permutation) : value;
    }

    /// <summary>The axes of size 1 that are all the arrangement adds, or <see langword="null"/> where it does something else.</summary>
    private long[]? NewAxes(Shape shape)
    {
        var axes = new List<long>();
        int next = 0;
        for (int axis = 0; axis < _sizes.Length; axis++)
        {
            if (next < shape.Rank && shape[next] == _sizes[axis])
            {
                next++;
            }
            else if (_sizes[axis].Value == 1)
            {
                axes.Add(axis);
            }
            else
            {
                return null;
            }
        }

        return next == shape.Rank ? [.. axes] : null;
    }

    /// <summary>A shape for Reshape, whose sizes may be expressions.</summary>
    public static Value KnownShape(ExpansionContext context, IReadOnlyList<Dimension> sizes)
    {
        if (sizes.All(size => size.IsStatic))
        {
            return context.Integers([.. sizes.Select(size => size.Constant)]);
        }

        Value shape = context.Graph.AddValue("shape", new TensorType(ElementType.Int64, Graphs.Shape.Of(sizes.Count)));
        shape.Elements = [.. sizes];
        return shape;
    }
}

using Cameo.Generator.Graphs;
using Cameo.Generator.Passes.Recognition.Masks;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>Sizes of an attention, and how tensors that broadcast to its scores become [batch | 1, heads | 1, queries | 1, keys | 1].</summary>
internal sealed class ScoreLayout
{
    private static readonly char[] Indices = [AxisDigit.Row, AxisDigit.Head, AxisDigit.Position, AxisDigit.Key];

    private readonly Dictionary<char, Dimension> _indices;

    public ScoreLayout(SymbolTable symbols, Dimension rows, Dimension heads, Dimension queries, Dimension keys)
    {
        Space = new MaskSpace(symbols, rows, heads, queries, keys);
        Shape = new Shape([rows, heads, queries, keys]);
        _indices = new()
        {
            [AxisDigit.Row] = Space.Row,
            [AxisDigit.Head] = Space.Head,
            [AxisDigit.Position] = Space.Query,
            [AxisDigit.Key] = Space.Key,
        };
    }

    public MaskSpace Space { get; }

    /// <summary>[batch, heads, queries, keys].</summary>
    public Shape Shape { get; }

    /// <summary>The layout of scores of rank 4, of rank 3 with rows and heads in one axis, or of rank 2.</summary>
    public AxisDigits Digits(int rank)
    {
        AxisDigit[] all = [.. Indices.Select((index, axis) => new AxisDigit(index, Shape[axis]))];
        IReadOnlyList<AxisDigit> Axis(params int[] axes) => [.. axes.Select(axis => all[axis]).Where(digit => digit.Size.Value != 1)];
        return new AxisDigits(rank switch
        {
            4 => [Axis(0), Axis(1), Axis(2), Axis(3)],
            3 => [Axis(0, 1), Axis(2), Axis(3)],
            _ => [Axis(2), Axis(3)],
        });
    }

    /// <summary>The coordinates in scores of a layout, as expressions over the indices.</summary>
    public Dimension[] Coordinates(AxisDigits scores) =>
        [.. scores.Axes.Select(axis => axis.Aggregate(Dimension.Zero, (place, digit) => place * digit.Size + _indices[digit.Index]))];

    /// <summary>The layout of a tensor that broadcasts to scores.</summary>
    public AxisDigits Broadcast(Shape tensor, Shape scoresShape, AxisDigits scores)
    {
        int added = scoresShape.Rank - tensor.Rank;
        return new AxisDigits([.. tensor.Select((size, axis) => size.Value == 1 ? [] : scores.Axes[axis + added])]);
    }

    /// <summary>How a tensor of a layout becomes one of rank 4.</summary>
    public DigitArrangement? Arrange(Shape tensor, AxisDigits layout) => DigitArrangement.Find(tensor, layout, Indices);

    /// <summary>How the tensor that an element belongs to becomes one of rank 4: each of its coordinates is one index, or 0 on an axis of size 1.</summary>
    public DigitArrangement? Arrange(MaskElement element)
    {
        Shape shape = element.Source.Shape;
        var axes = new IReadOnlyList<AxisDigit>[shape.Rank];
        for (int axis = 0; axis < axes.Length; axis++)
        {
            Dimension coordinate = element.Coordinates[axis];
            if (shape[axis].Value == 1 && coordinate == Dimension.Zero)
            {
                axes[axis] = [];
                continue;
            }

            int index = Array.FindIndex(Indices, candidate => _indices[candidate] == coordinate && !coordinate.IsStatic);
            if (index < 0 || Shape[index] != shape[axis])
            {
                return null;
            }

            axes[axis] = [new AxisDigit(Indices[index], shape[axis])];
        }

        return Arrange(shape, new AxisDigits(axes));
    }
}

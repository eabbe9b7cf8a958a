using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>Finds query, key and value of the two products of an attention, with the heads told from the rows.</summary>
internal sealed class AttentionProducts
{
    private AttentionProducts(AttentionOperand query, AttentionOperand key, AttentionOperand value)
    {
        Query = query;
        Key = key;
        Value = value;
    }

    public AttentionOperand Query { get; }

    public AttentionOperand Key { get; }

    public AttentionOperand Value { get; }

    /// <summary>Traces the operands; <see langword="null"/> with the reason where they do not fit.</summary>
    public static AttentionProducts? Find(Node scores, Node result, out string reason)
    {
        int rank = scores.Output.Shape.Rank;
        if (rank is < 2 or > 4 || result.Output.Shape.Rank is < 2 or > 4)
        {
            reason = $"scores of rank {rank} are not supported";
            return null;
        }

        Value left = scores.Input(0);
        bool isLeftTransposed = IsTransposed(scores, "transA");
        (Dimension rows, Dimension heads) = RowsAndHeads(left, isLeftTransposed);
        AttentionOperand? query = Trace(left, isLeftTransposed, rows, heads, takesFactors: true);
        AttentionOperand? key = Trace(scores.Input(1), !IsTransposed(scores, "transB"), rows, heads, takesFactors: true);
        AttentionOperand? value = Trace(result.Input(1), IsTransposed(result, "transB"), rows, heads, takesFactors: false);
        if (query is null || key is null || value is null)
        {
            reason = $"the axes of {(query is null ? "the queries" : key is null ? "the keys" : "the values")} are not rows, heads, positions and elements";
            return null;
        }

        reason = Mismatch(query.Shape, key.Shape, value.Shape);
        return reason.Length == 0 ? new AttentionProducts(query, key, value) : null;
    }

    private static bool IsTransposed(Node product, string attribute) => product.Domain.Length > 0 && product.IntegerAttribute(attribute, 0) != 0;

    private static string Mismatch(Shape query, Shape key, Shape value) =>
        query[0] != key[0] ? $"there are {query[0]} rows of queries but {key[0]} of keys"
        : query[0] != value[0] ? $"there are {query[0]} rows of queries but {value[0]} of values"
        : key[1] != value[1] ? $"there are {key[1]} heads of keys but {value[1]} of values"
        : key[2] != value[2] ? $"there are {key[2]} keys but {value[2]} values"
        : query[3] != key[3] ? $"queries have {query[3]} elements but keys have {key[3]}"
        : key[1].Value != 1 && Dimension.FloorDivide(query[1], key[1]) * key[1] != query[1] ? $"{query[1]} heads of queries cannot share {key[1]} of keys"
        : "";

    private static AttentionOperand? Trace(Value operand, bool isTransposed, Dimension rows, Dimension heads, bool takesFactors) =>
        Layout(operand.Shape, isTransposed, rows, heads) is { } layout ? AttentionOperand.Choose(OperandTrace.Start(operand, layout), takesFactors) : null;

    /// <summary>The layout of an operand of rank 4, of rank 3 with rows and heads in one axis, or of rank 2.</summary>
    private static AxisDigits? Layout(Shape shape, bool isTransposed, Dimension rows, Dimension heads)
    {
        int rank = shape.Rank;
        var axes = new List<IReadOnlyList<AxisDigit>>();
        switch (rank)
        {
            case 4:
                axes.Add(Axis(AxisDigit.Row, shape[0]));
                axes.Add(Axis(AxisDigit.Head, shape[1]));
                break;
            case 3 when shape[0] == rows * heads:
                axes.Add([.. Axis(AxisDigit.Row, rows), .. Axis(AxisDigit.Head, heads)]);
                break;
            case 2:
                break;
            default:
                return null;
        }

        axes.Add(isTransposed ? Axis(AxisDigit.Element, shape[rank - 2]) : Axis(AxisDigit.Position, shape[rank - 2]));
        axes.Add(isTransposed ? Axis(AxisDigit.Position, shape[rank - 1]) : Axis(AxisDigit.Element, shape[rank - 1]));
        return new AxisDigits(axes);
    }

    private static IReadOnlyList<AxisDigit> Axis(char index, Dimension size) => size.Value == 1 ? [] : [new AxisDigit(index, size)];

    /// <summary>
    /// How many rows and heads there are. Where one axis holds both, a form of the queries with four axes, further up, tells; without one, every entry of the axis is a row.
    /// </summary>
    private static (Dimension Rows, Dimension Heads) RowsAndHeads(Value query, bool isTransposed)
    {
        Shape shape = query.Shape;
        if (shape.Rank == 4)
        {
            return (shape[0], shape[1]);
        }

        if (shape.Rank == 2 || Layout(shape, isTransposed, shape[0], Dimension.One) is not { } layout)
        {
            return (Dimension.One, Dimension.One);
        }

        foreach (OperandTrace place in OperandTrace.Start(query, layout).Walk(takesFactors: true))
        {
            if (place.Value.Shape.Rank == 4 && !place.IsRepeated && place.Layout.Axes[0].All(digit => digit.Index == AxisDigit.Row)
                && place.Layout.Axes.All(axis => axis.Select(digit => digit.Index).Distinct().Count() <= 1))
            {
                Dimension rows = place.Value.Shape[0];
                Dimension heads = Dimension.FloorDivide(shape[0], rows);
                return rows * heads == shape[0] ? (rows, heads) : (shape[0], Dimension.One);
            }
        }

        return (shape[0], Dimension.One);
    }
}

using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition.Masks;

/// <summary>Reads through nodes that make, move or pick elements: which element of which input an element of the output is.</summary>
internal static class MaskMoves
{
    /// <summary>Whether the node is of that kind; the element is <see langword="null"/> where its place does not follow from indices and sizes.</summary>
    public static bool TryRead(Node node, IReadOnlyList<Dimension> at, MaskReader reader, MaskSpace space, out MaskExpression? element)
    {
        element = node.Type switch
        {
            "Range" => ReadRange(node, at[0], reader),
            "ConstantOfShape" => ReadFill(node),
            "Expand" => reader.ReadBroadcast(node.Input(0), node.Output.Shape, at),
            "Tile" => ReadTile(node, at, reader, space),
            "Trilu" => ReadTriangle(node, at, reader, space),
            "Unsqueeze" or "Squeeze" or "Reshape" or "Flatten" => ReadReshape(node, at, reader, space),
            "Transpose" => ReadTranspose(node, at, reader),
            "Slice" => ReadSlice(node, at, reader, space),
            "Concat" => ReadConcatenation(node, at, reader, space),
            "Gather" => ReadGather(node, at, reader),
            "GatherND" => ReadIndexedGather(node, at, reader),
            "ScatterND" => ReadScatter(node, at, reader, space),
            "Pad" => ReadPad(node, at, reader, space),
            _ => null,
        };
        return element is not null || node.Type is "Range" or "ConstantOfShape" or "Expand" or "Tile" or "Trilu" or "Unsqueeze" or "Squeeze" or "Reshape" or "Flatten"
            or "Transpose" or "Slice" or "Concat" or "Gather" or "GatherND" or "ScatterND" or "Pad";
    }

    private static MaskExpression? ReadRange(Node node, Dimension at, MaskReader reader)
    {
        MaskExpression start = reader.Read(node.Input(0), Origin(node.Input(0)));
        MaskExpression step = reader.Read(node.Input(2), Origin(node.Input(2)));
        ElementType type = node.Output.ElementType;
        return MaskArithmetic.AsInteger(start) is null || MaskArithmetic.AsInteger(step) is null ? null
            : reader.Make(MaskOperator.Add, type, [start, reader.Make(MaskOperator.Multiply, type, [MaskArithmetic.Integer(at), step])]);
    }

    private static Dimension[] Origin(Value value) => [.. value.Shape.Select(_ => Dimension.Zero)];

    private static MaskExpression? ReadFill(Node node) => node.TensorAttribute("value") is { } fill
        ? ConstantElements.TryReadScalar(fill) is { } number ? new MaskNumber(number) : null
        : new MaskNumber(0);

    private static MaskExpression? ReadTile(Node node, IReadOnlyList<Dimension> at, MaskReader reader, MaskSpace space)
    {
        Shape from = node.Input(0).Shape;
        var coordinates = new Dimension[from.Rank];
        for (int axis = 0; axis < from.Rank; axis++)
        {
            if (from[axis] == node.Output.Shape[axis])
            {
                coordinates[axis] = at[axis];
            }
            else if (space.Divide(at[axis], from[axis]) is { } parts)
            {
                coordinates[axis] = parts.Remainder;
            }
            else
            {
                return null;
            }
        }

        return reader.Read(node.Input(0), coordinates);
    }

    private static MaskExpression? ReadTriangle(Node node, IReadOnlyList<Dimension> at, MaskReader reader, MaskSpace space)
    {
        Dimension diagonal = Dimension.Zero;
        if (node.OptionalInput(1) is { } given)
        {
            if (MaskArithmetic.AsInteger(reader.Read(given, Origin(given))) is not { } known)
            {
                return null;
            }

            diagonal = known;
        }

        int rank = at.Count;
        Dimension beyond = at[rank - 1] - at[rank - 2] - diagonal;
        MaskExpression keeps = MaskArithmetic.NonNegative(node.IntegerAttribute("upper", 1) != 0 ? beyond : -beyond, space);
        return reader.Make(MaskOperator.Select, node.Output.ElementType, [keeps, reader.Read(node.Input(0), at), MaskExpression.False]);
    }

    private static MaskExpression? ReadReshape(Node node, IReadOnlyList<Dimension> at, MaskReader reader, MaskSpace space)
    {
        Shape from = node.Input(0).Shape;
        Shape to = node.Output.Shape;
        if (ReshapeGroups.Match(from, to) is not { } groups)
        {
            return null;
        }

        var coordinates = new Dimension[from.Rank];
        foreach ((int fromBegin, int fromEnd, int toBegin, int toEnd) in groups)
        {
            Dimension place = Dimension.Zero;
            for (int axis = toBegin; axis < toEnd; axis++)
            {
                place = place * to[axis] + at[axis];
            }

            for (int axis = fromEnd - 1; axis >= fromBegin; axis--)
            {
                bool isOutermost = from.Product(fromBegin, axis).Value == 1;
                if (from[axis].Value == 1)
                {
                    coordinates[axis] = Dimension.Zero;
                }
                else if (isOutermost)
                {
                    coordinates[axis] = place;
                    place = Dimension.Zero;
                }
                else if (space.Divide(place, from[axis]) is { } parts)
                {
                    (place, coordinates[axis]) = parts;
                }
                else
                {
                    return null;
                }
            }
        }

        return reader.Read(node.Input(0), coordinates);
    }

    private static MaskExpression? ReadTranspose(Node node, IReadOnlyList<Dimension> at, MaskReader reader)
    {
        var coordinates = new Dimension[at.Count];
        IReadOnlyList<int> permutation = TransposeOperator.Permutation(node);
        for (int axis = 0; axis < at.Count; axis++)
        {
            coordinates[permutation[axis]] = at[axis];
        }

        return reader.Read(node.Input(0), coordinates);
    }

    private static MaskExpression? ReadSlice(Node node, IReadOnlyList<Dimension> at, MaskReader reader, MaskSpace space)
    {
        var ranges = SliceOperator.Ranges(node, space.Symbols);
        return reader.Read(node.Input(0), [.. at.Select((coordinate, axis) => ranges[axis].Start + coordinate * ranges[axis].Step)]);
    }

    private static MaskExpression? ReadConcatenation(Node node, IReadOnlyList<Dimension> at, MaskReader reader, MaskSpace space)
    {
        int axis = ConcatOperator.Axis(node);
        Dimension end = node.Output.Shape[axis];
        MaskExpression? result = null;
        for (int index = node.Inputs.Count - 1; index >= 0; index--)
        {
            Value input = node.Input(index);
            Dimension begin = end - input.Shape[axis];
            if (input.Shape[axis].Value != 0)
            {
                MaskExpression element = reader.Read(input, [.. at.Select((coordinate, current) => current == axis ? coordinate - begin : coordinate)]);
                result = result is null ? element
                    : reader.Make(MaskOperator.Select, node.Output.ElementType, [MaskArithmetic.NonNegative(end - Dimension.One - at[axis], space), element, result]);
            }

            end = begin;
        }

        return result;
    }

    private static MaskExpression? ReadGather(Node node, IReadOnlyList<Dimension> at, MaskReader reader)
    {
        Value data = node.Input(0);
        Value indices = node.Input(1);
        int axis = ShapeMath.Axis(node, node.IntegerAttribute("axis", 0), data.Shape.Rank);
        Dimension[] place = [.. at.Skip(axis).Take(indices.Shape.Rank)];
        return Position(reader.Read(indices, place), data.Shape[axis]) is { } position
            ? reader.Read(data, [.. at.Take(axis), position, .. at.Skip(axis + indices.Shape.Rank)])
            : null;
    }

    private static MaskExpression? ReadIndexedGather(Node node, IReadOnlyList<Dimension> at, MaskReader reader)
    {
        Value data = node.Input(0);
        Value indices = node.Input(1);
        int batch = (int)node.IntegerAttribute("batch_dims", 0);
        int outer = indices.Shape.Rank - 1;
        if (indices.Shape[outer].Value is not { } count || count > data.Shape.Rank - batch)
        {
            return null;
        }

        var coordinates = new List<Dimension>(at.Take(batch));
        for (int index = 0; index < count; index++)
        {
            if (Position(reader.Read(indices, [.. at.Take(outer), Dimension.Of(index)]), data.Shape[batch + index]) is not { } position)
            {
                return null;
            }

            coordinates.Add(position);
        }

        return reader.Read(data, [.. coordinates, .. at.Skip(outer)]);
    }

    /// <summary>A place along an axis: an integer expression; numbers below 0 count from the end.</summary>
    private static Dimension? Position(MaskExpression index, Dimension size) =>
        MaskArithmetic.AsInteger(index) is not { } position ? null : position.Value < 0 ? position + size : position;

    /// <summary>Slices along the first axis that are replaced by updates, at places that go up by one.</summary>
    private static MaskExpression? ReadScatter(Node node, IReadOnlyList<Dimension> at, MaskReader reader, MaskSpace space)
    {
        Value indices = node.Input(1);
        if (node.StringAttribute("reduction", "none") != "none" || indices.Shape.Rank != 2 || indices.Shape[1].Value != 1)
        {
            return null;
        }

        Dimension count = indices.Shape[0];
        Dimension update = space.Index("update", count);
        if (MaskArithmetic.AsInteger(reader.Read(indices, [update, Dimension.Zero])) is not { } place)
        {
            return null;
        }

        Dimension first = place - update;
        if (space.HasIndex(first) || first.Value < 0)
        {
            return null;
        }

        Dimension row = at[0] - first;
        MaskExpression isAfter = MaskArithmetic.NonNegative(row, space);
        MaskExpression isBefore = MaskArithmetic.NonNegative(count - Dimension.One - row, space);
        MaskExpression updated = reader.Read(node.Input(2), [row, .. at.Skip(1)]);
        if (isAfter == MaskExpression.True && isBefore == MaskExpression.True)
        {
            return updated;
        }

        MaskExpression isUpdated = reader.Make(MaskOperator.And, ElementType.Boolean, [isAfter, isBefore]);
        return reader.Make(MaskOperator.Select, node.Output.ElementType, [isUpdated, updated, reader.Read(node.Input(0), at)]);
    }

    private static MaskExpression? ReadPad(Node node, IReadOnlyList<Dimension> at, MaskReader reader, MaskSpace space)
    {
        Value input = node.Input(0);
        int rank = input.Shape.Rank;
        if (node.Version < 11 || node.StringAttribute("mode", "constant") != "constant" || node.OptionalInput(3) is not null
            || node.Input(1).Elements is not { } pads || pads.Count != 2 * rank)
        {
            return null;
        }

        MaskExpression isInside = MaskExpression.True;
        var coordinates = new Dimension[rank];
        for (int axis = 0; axis < rank; axis++)
        {
            coordinates[axis] = at[axis] - pads[axis];
            MaskExpression isAfter = MaskArithmetic.NonNegative(coordinates[axis], space);
            MaskExpression isBefore = MaskArithmetic.NonNegative(input.Shape[axis] - Dimension.One - coordinates[axis], space);
            isInside = reader.Make(MaskOperator.And, ElementType.Boolean, [isInside, reader.Make(MaskOperator.And, ElementType.Boolean, [isAfter, isBefore])]);
        }

        MaskExpression padding = node.OptionalInput(2) is { } given ? reader.Read(given, Origin(given)) : MaskExpression.False;
        return reader.Make(MaskOperator.Select, input.ElementType, [isInside, reader.Read(input, coordinates), padding]);
    }
}

using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition.Masks;

/// <summary>
/// Reads elements of known values: by value, as a line (0, 1, 2, …), or as a band of a matrix whose elements are one number within some diagonals and another elsewhere.
/// Of tensors that the compiler does not see, import tells whether they are one number or two triangles.
/// </summary>
internal static class MaskConstants
{
    /// <summary>Larger tensors are not looked at element by element.</summary>
    private const int MaximumElements = 4096;

    public static MaskExpression? TryRead(Value value, IReadOnlyList<Dimension> at, MaskSpace space)
    {
        if (value.Elements is { } elements && ReadElements(elements, at) is { } element)
        {
            return element;
        }

        return value.Constant switch
        {
            InlineConstant inline when inline.Count is > 0 and <= MaximumElements && IsNumber(inline.Type.ElementType) => ReadInline(inline, at, space),
            WeightConstant weight when IsNumber(weight.Type.ElementType) => ReadWeight(weight.Expression, at, space),
            _ => null,
        };
    }

    private static bool IsNumber(ElementType type) => type.IsFloat() || type.IsInteger() || type == ElementType.Boolean;

    private static MaskExpression? ReadElements(IReadOnlyList<Dimension> elements, IReadOnlyList<Dimension> at)
    {
        Dimension place = at.Count == 0 ? Dimension.Zero : at[0];
        if (place.Value is { } known)
        {
            return known >= 0 && known < elements.Count ? MaskArithmetic.Integer(elements[(int)known]) : null;
        }

        if (elements.Count == 0)
        {
            return null;
        }

        Dimension step = elements.Count > 1 ? elements[1] - elements[0] : Dimension.Zero;
        for (int index = 2; index < elements.Count; index++)
        {
            if (elements[index] - elements[index - 1] != step)
            {
                return null;
            }
        }

        return MaskArithmetic.Integer(elements[0] + place * step);
    }

    private static MaskExpression? ReadInline(InlineConstant constant, IReadOnlyList<Dimension> at, MaskSpace space)
    {
        double[] elements = ConstantElements.ReadDoubles(constant);
        if (elements.All(element => element.Equals(elements[0])))
        {
            return new MaskNumber(elements[0]);
        }

        long[] sizes = constant.Type.Shape.ToStatic();
        int[] open = [.. Enumerable.Range(0, at.Count).Where(axis => !at[axis].IsStatic)];
        if (Enumerable.Range(0, at.Count).Any(axis => at[axis].Value is { } place && (place < 0 || place >= sizes[axis])))
        {
            return null;
        }

        long[] strides = ConstantMoves.Strides(sizes);
        long origin = at.Select((place, axis) => (place.Value ?? 0) * strides[axis]).Sum();
        switch (open.Length)
        {
            case 0:
                return new MaskNumber(elements[origin]);
            case 1:
                double[] line = [.. Enumerable.Range(0, (int)sizes[open[0]]).Select(index => elements[origin + index * strides[open[0]]])];
                return ReadLine(line, at[open[0]], space);
            case 2:
                (long rows, long columns) = (sizes[open[0]], sizes[open[1]]);
                double Element(long row, long column) => elements[origin + row * strides[open[0]] + column * strides[open[1]]];
                return ReadBand(Element, rows, columns, at[open[0]], at[open[1]], space);
            default:
                return null;
        }
    }

    /// <summary>Elements that go up by the same step, or two runs of one number each.</summary>
    private static MaskExpression? ReadLine(double[] line, Dimension place, MaskSpace space)
    {
        if (line.All(element => element.Equals(line[0])))
        {
            return new MaskNumber(line[0]);
        }

        double step = line[1] - line[0];
        if (line.Zip(line.Skip(1), (left, right) => right - left).All(difference => difference == step)
            && MaskArithmetic.AsInteger(new MaskNumber(line[0])) is { } start && MaskArithmetic.AsInteger(new MaskNumber(step)) is { } slope)
        {
            return MaskArithmetic.Integer(start + place * slope);
        }

        int change = Array.FindIndex(line, element => element != line[0]);
        return line.Skip(change).All(element => element == line[change])
            ? Select(MaskArithmetic.NonNegative(place - change, space), line[change], line[0])
            : null;
    }

    /// <summary>
    /// One number where low ≤ column - row ≤ high and another elsewhere. Which of the two numbers is the band's is tried both ways; the corners show where it ends.
    /// </summary>
    private static MaskExpression? ReadBand(Func<long, long, double> element, long rows, long columns, Dimension row, Dimension column, MaskSpace space)
    {
        double inside = element(0, 0);
        double? outside = null;
        for (long index = 0; index < rows * columns && outside is null; index++)
        {
            double current = element(index / columns, index % columns);
            outside = current.Equals(inside) ? null : current;
        }

        return outside is null ? new MaskNumber(inside) : Band(inside, outside.Value) ?? Band(outside.Value, inside);

        MaskExpression? Band(double within, double beyond)
        {
            long low = long.MaxValue;
            long high = long.MinValue;
            for (long r = 0; r < rows; r++)
            {
                for (long c = 0; c < columns; c++)
                {
                    if (element(r, c).Equals(within))
                    {
                        low = Math.Min(low, c - r);
                        high = Math.Max(high, c - r);
                    }
                }
            }

            for (long r = 0; r < rows; r++)
            {
                for (long c = 0; c < columns; c++)
                {
                    if (!element(r, c).Equals(c - r >= low && c - r <= high ? within : beyond))
                    {
                        return null;
                    }
                }
            }

            // An end that no element lies beyond is none.
            MaskExpression belowEnd = high >= columns - 1 ? MaskExpression.True : MaskArithmetic.NonNegative(row + high - column, space);
            MaskExpression aboveStart = low <= 1 - rows ? MaskExpression.True : MaskArithmetic.NonNegative(column - row - low, space);
            MaskExpression isInside = belowEnd == MaskExpression.True ? aboveStart
                : aboveStart == MaskExpression.True ? belowEnd
                : new MaskOperation(MaskOperator.And, ElementType.Boolean, [belowEnd, aboveStart]);
            return Select(isInside, within, beyond);
        }
    }

    private static MaskExpression? ReadWeight(WeightExpression expression, IReadOnlyList<Dimension> at, MaskSpace space)
    {
        switch (expression)
        {
            case WeightFill fill:
                return ConstantElements.TryReadScalar(new InlineConstant(new TensorType(fill.ElementType, Shape.Scalar), fill.Element)) is { } number ? new MaskNumber(number) : null;
            case WeightSlice slice:
                return ReadWeight(slice.Input, [.. at.Select((place, axis) => Dimension.Of(slice.Start[axis]) + place * slice.Step[axis])], space);
            case WeightTranspose transpose:
                return ReadWeight(transpose.Input, [.. Enumerable.Range(0, at.Count).Select(axis => at[transpose.Permutation.ToList().IndexOf(axis)])], space);
            case WeightReshape reshape when Core(reshape.Shape).SequenceEqual(Core(reshape.Input.Shape)):
                var places = new Queue<Dimension>(at.Where((_, axis) => reshape.Shape[axis] != 1));
                return ReadWeight(reshape.Input, [.. reshape.Input.Shape.Select(size => size == 1 ? Dimension.Zero : places.Dequeue())], space);
            case WeightCast cast when ReadWeight(cast.Input, at, space) is { } input:
                MaskOperator conversion = cast.ElementType == ElementType.Boolean ? MaskOperator.ToBoolean : MaskOperator.Convert;
                return MaskArithmetic.TryApply(conversion, cast.ElementType, [input], space) ?? new MaskOperation(conversion, cast.ElementType, [input]);
            case WeightSource { Triangles: { } triangles } source when at.Count >= 2:
                return Select(
                    MaskArithmetic.NonNegative(at[at.Count - 2] - at[at.Count - 1], space), Number(triangles.Lower, source.ElementType), Number(triangles.Upper, source.ElementType));
            default:
                return null;
        }

        static IEnumerable<long> Core(IEnumerable<long> sizes) => sizes.Where(size => size != 1);
    }

    private static double Number(ulong bits, ElementType type) => ConstantElements.TryReadScalar(
        new InlineConstant(new TensorType(type, Shape.Scalar), [.. BitConverter.GetBytes(bits).Take(type.Bytes())])) ?? double.NaN;

    private static MaskExpression Select(MaskExpression condition, double whenTrue, double whenFalse) => condition is MaskNumber known
        ? new MaskNumber(known.Value != 0 ? whenTrue : whenFalse)
        : new MaskOperation(MaskOperator.Select, ElementType.Float64, [condition, new MaskNumber(whenTrue), new MaskNumber(whenFalse)]);
}

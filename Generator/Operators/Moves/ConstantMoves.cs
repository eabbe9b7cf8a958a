using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Moves of constants at build time. Small ones move by their bytes, whatever their element type; large ones become weight expressions,
/// so that packing moves them.
/// </summary>
internal static class ConstantMoves
{
    /// <summary>Whether a constant has more elements than the compiler computes with.</summary>
    public static bool IsLarge(ConstantTensor? constant) =>
        constant is WeightConstant || (constant is InlineConstant inline && inline.Count > Folding.MaximumElements);

    /// <summary>The constant as a weight expression.</summary>
    public static WeightExpression ToExpression(ConstantTensor constant) => constant switch
    {
        WeightConstant weight => weight.Expression,
        InlineConstant inline => new WeightBytes(inline.Data, inline.Type.ElementType, inline.Type.Shape.ToStatic()),
        _ => throw new InvalidOperationException(constant.GetType().Name),
    };

    public static ConstantTensor Reshape(ConstantTensor constant, Shape shape)
    {
        var type = new TensorType(constant.Type.ElementType, shape);
        return constant is InlineConstant inline
            ? new InlineConstant(type, inline.Data)
            : new WeightConstant(type, ToExpression(constant) switch
            {
                // Reshapes of reshapes, and of what is the same everywhere, are one.
                WeightReshape inner => new WeightReshape(inner.Input, shape.ToStatic()),
                WeightFill fill => fill with { Shape = shape.ToStatic() },
                WeightExpression other => new WeightReshape(other, shape.ToStatic()),
            });
    }

    public static ConstantTensor Transpose(ConstantTensor constant, IReadOnlyList<int> permutation)
    {
        Shape from = constant.Type.Shape;
        var type = new TensorType(constant.Type.ElementType, new Shape([.. permutation.Select(axis => from[axis])]));
        if (IsLarge(constant))
        {
            return new WeightConstant(type, new WeightTranspose(ToExpression(constant), permutation));
        }

        long[] strides = Strides(from.ToStatic());
        return Pick((InlineConstant)constant, type, coordinates => Dot(coordinates, [.. permutation.Select(axis => strides[axis])]));
    }

    public static ConstantTensor Slice(ConstantTensor constant, IReadOnlyList<long> start, IReadOnlyList<long> step, IReadOnlyList<long> sizes)
    {
        var type = new TensorType(constant.Type.ElementType, Shape.Of([.. sizes]));
        if (IsLarge(constant))
        {
            return new WeightConstant(type, ToExpression(constant) is WeightFill fill
                ? fill with { Shape = sizes }
                : new WeightSlice(ToExpression(constant), start, step, sizes));
        }

        long[] strides = Strides(constant.Type.Shape.ToStatic());
        return Pick((InlineConstant)constant, type, coordinates => Dot([.. coordinates.Select((coordinate, axis) => start[axis] + coordinate * step[axis])], strides));
    }

    public static ConstantTensor Concatenate(IReadOnlyList<ConstantTensor> constants, int axis, Shape shape)
    {
        var type = new TensorType(constants[0].Type.ElementType, shape);
        if (constants.Any(IsLarge) || shape.ElementCount.Constant > Folding.MaximumElements)
        {
            return new WeightConstant(type, new WeightConcatenation([.. constants.Select(ToExpression)], axis, shape.ToStatic()));
        }

        // Row by row of the axes before the concatenated one.
        long rows = shape.Product(0, axis).Constant;
        var data = new List<byte>();
        for (long row = 0; row < rows; row++)
        {
            foreach (ConstantTensor constant in constants)
            {
                byte[] bytes = ((InlineConstant)constant).Data;
                int count = bytes.Length / (int)Math.Max(1, rows);
                data.AddRange(new ArraySegment<byte>(bytes, (int)row * count, count));
            }
        }

        return new InlineConstant(type, [.. data]);
    }

    /// <summary>The constant repeated to a shape; <see langword="null"/> where the result is large and not uniform.</summary>
    public static ConstantTensor? Broadcast(ConstantTensor constant, Shape shape)
    {
        var type = new TensorType(constant.Type.ElementType, shape);
        if (shape.Equals(constant.Type.Shape))
        {
            return constant;
        }

        if (shape.ElementCount.Constant > Folding.MaximumElements || constant is not InlineConstant inline)
        {
            return UniformElement(constant) is { } element ? new WeightConstant(type, new WeightFill(element, type.ElementType, shape.ToStatic())) : null;
        }

        long[] from = constant.Type.Shape.ToStatic();
        long[] strides = [.. Enumerable.Repeat(0L, shape.Rank - from.Length), .. Strides(from).Select((stride, axis) => from[axis] == 1 ? 0 : stride)];
        return Pick(inline, type, coordinates => Dot(coordinates, strides));
    }

    /// <summary>Picks elements: <paramref name="source"/> gives the flat index in the constant for coordinates in the result.</summary>
    public static InlineConstant Pick(InlineConstant constant, TensorType type, Func<long[], long> source)
    {
        long[] sizes = type.Shape.ToStatic();
        int bytes = type.ElementType.Bytes();
        var data = new byte[type.Shape.ElementCount.Constant * bytes];
        var coordinates = new long[sizes.Length];
        for (int index = 0; index < data.Length / bytes; index++)
        {
            Array.Copy(constant.Data, (int)source(coordinates) * bytes, data, index * bytes, bytes);
            for (int axis = sizes.Length - 1; axis >= 0 && ++coordinates[axis] == sizes[axis]; axis--)
            {
                coordinates[axis] = 0;
            }
        }

        return new InlineConstant(type, data);
    }

    public static long[] Strides(IReadOnlyList<long> sizes)
    {
        var strides = new long[sizes.Count];
        long stride = 1;
        for (int axis = sizes.Count - 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= sizes[axis];
        }

        return strides;
    }

    /// <summary>The bytes of the one value that all elements have, or <see langword="null"/>.</summary>
    public static byte[]? UniformElement(ConstantTensor? constant) => constant switch
    {
        InlineConstant { Count: 1 } inline => inline.Data,
        WeightConstant { Expression: WeightFill fill } => fill.Element,
        _ => null,
    };

    private static long Dot(IReadOnlyList<long> coordinates, IReadOnlyList<long> strides)
    {
        long sum = 0;
        for (int axis = 0; axis < strides.Count; axis++)
        {
            sum += coordinates[axis] * strides[axis];
        }

        return sum;
    }
}

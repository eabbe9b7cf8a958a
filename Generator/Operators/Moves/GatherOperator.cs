using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Gather: https://onnx.ai/onnx/operators/onnx__Gather.html. Takes slices of the data along an axis; indices are int32 or int64 and, from version 11 on, may be
/// negative. Indices that are known and evenly spaced make a view; others a kernel that checks them against the axis.
/// </summary>
internal sealed class GatherOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new GatherOperator()];

    public override string Type => "Gather";

    public override IReadOnlyList<int> Versions => [1, 11, 13];

    public override void Infer(Node node, InferenceContext context)
    {
        Value data = node.Input(0);
        Value indices = node.Input(1);
        ElementTypeSet.Movable.Require(node, 0);
        RequireIndexType(node, 1);
        int axis = Axis(node);
        var type = new TensorType(data.ElementType, new Shape([.. data.Shape.Take(axis), .. indices.Shape, .. data.Shape.Skip(axis + 1)]));
        context.SetType(node.Output, type);
        if (KnownIndices(node, data, indices, axis) is not { } known)
        {
            return;
        }

        if (known.Length > 0 && !data.Shape[axis].IsStatic)
        {
            context.RequireAtMost(node, known.Max() + 1, data.Shape[axis], $"elements that the indices need along axis {axis}");
        }

        if (!type.Shape.IsStatic)
        {
            return;
        }

        if (data.Constant is { } constant)
        {
            FoldConstant(node, constant, type, axis, indices.Shape.Rank, known, context);
        }
        else if (data.Elements is { } elements && type.Rank <= 1)
        {
            context.SetElements(node.Output, type, [.. known.Select(index => elements[(int)index])]);
        }
    }

    public override void Lower(Node node, LoweringContext context)
    {
        Value data = node.Input(0);
        Value indices = node.Input(1);
        int axis = Axis(node);
        if (KnownIndices(node, data, indices, axis) is { Length: > 0 } known && Step(known) is { } step)
        {
            View part = context.Read(data).Slice(axis, known[0], known.Length, step);
            // Splitting one axis, or dropping one of size 1, never needs a copy.
            context.SetView(node.Output, part.Reshape(node.Output.Shape) ?? context.MakeContiguous(part, node).Reshape(node.Output.Shape)!);
            return;
        }

        View from = context.ReadContiguous(data);
        View index = context.ReadContiguous(indices);
        View to = context.Write(node.Output);
        Dimension outer = data.Shape.Product(0, axis);
        Dimension sliceBytes = data.Shape.Product(axis + 1, data.Shape.Rank) * data.ElementType.Bytes();
        context.Add(new Kernel("gather", node, [from, index], [to], writer => writer.Line(
            $"Gather.Slices(Workers, {KernelText.Bytes(writer, from)}, {writer.Size(outer)}, {writer.Size(data.Shape[axis])}, {writer.Size(sliceBytes)}, " +
            $"{writer.Pointer(index)}, {writer.Size(indices.Shape.ElementCount)}, {KernelText.Bytes(writer, to)}, {KernelText.Name(node)});"))
        {
            LookedUp = [from],
            Summary = $"slices of {data.Shape} along axis {axis} by {indices.Shape}",
        });
    }

    /// <summary>Refuses indices that are not int32 or int64.</summary>
    public static void RequireIndexType(Node node, int input)
    {
        if (node.Input(input).ElementType is not (ElementType.Int32 or ElementType.Int64))
        {
            throw new ModelException(node, $"indices (input {input}) must be int32 or int64 but are {node.Input(input).ElementType.OnnxName()}");
        }
    }

    private static int Axis(Node node) => ShapeMath.Axis(node, node.IntegerAttribute("axis", 0), node.Input(0).Shape.Rank);

    private static long[]? KnownIndices(Node node, Value data, Value indices, int axis)
    {
        if (indices.Constant is not InlineConstant { Count: <= Folding.MaximumElements } constant)
        {
            return null;
        }

        long[] known = ConstantElements.ReadIntegers(constant);
        if (data.Shape[axis].Value is not { } size)
        {
            // Without the size only positions from the start are known.
            return known.All(index => index >= 0) ? known : null;
        }

        foreach (long index in known)
        {
            if (index < -size || index >= size)
            {
                throw ModelException.Contradiction(node, $"index {index} is outside the {size} elements of axis {axis}");
            }
        }

        return [.. known.Select(index => index < 0 ? index + size : index)];
    }

    private static long? Step(long[] indices)
    {
        long step = indices.Length > 1 ? indices[1] - indices[0] : 1;
        return Enumerable.Range(1, indices.Length - 1).All(position => indices[position] - indices[position - 1] == step) ? step : null;
    }

    private static void FoldConstant(Node node, ConstantTensor constant, TensorType type, int axis, int indexRank, long[] known, InferenceContext context)
    {
        if (!ConstantMoves.IsLarge(constant) && type.Shape.ElementCount.Constant <= Folding.MaximumElements)
        {
            long[] strides = ConstantMoves.Strides(constant.Type.Shape.ToStatic());
            long[] indexStrides = ConstantMoves.Strides([.. type.Shape.Skip(axis).Take(indexRank).Select(size => size.Constant)]);
            context.SetConstant(node.Output, ConstantMoves.Pick((InlineConstant)constant, type, coordinates =>
            {
                long source = 0;
                long position = 0;
                for (int current = 0; current < coordinates.Length; current++)
                {
                    if (current >= axis && current < axis + indexRank)
                    {
                        position += coordinates[current] * indexStrides[current - axis];
                    }
                    else
                    {
                        source += coordinates[current] * strides[current < axis ? current : current - indexRank + 1];
                    }
                }

                return source + known[position] * strides[axis];
            }));
        }
        else if (known.Length > 0 && Step(known) is { } step)
        {
            long[] sizes = constant.Type.Shape.ToStatic();
            sizes[axis] = known.Length;
            ConstantTensor slice = ConstantMoves.Slice(
                constant,
                [.. sizes.Select((_, current) => current == axis ? known[0] : 0)],
                [.. sizes.Select((_, current) => current == axis ? step : 1)],
                sizes);
            context.SetConstant(node.Output, ConstantMoves.Reshape(slice, type.Shape));
        }
    }
}

using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Concat: https://onnx.ai/onnx/operators/onnx__Concat.html. The axis is 1 by default before version 4 and required after; it may be negative from version 11
/// on. Each input is copied into its part of the result, unless its producer writes there.
/// </summary>
internal sealed class ConcatOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new ConcatOperator()];

    public override string Type => "Concat";

    public override IReadOnlyList<int> Versions => [1, 4, 11, 13];

    /// <summary>The concatenated axis.</summary>
    public static int Axis(Node node)
    {
        if (node.Version >= 4 && !node.HasAttribute("axis"))
        {
            throw new ModelException(node, "attribute 'axis' is missing");
        }

        return ShapeMath.Axis(node, node.IntegerAttribute("axis", 1), node.Input(0).Shape.Rank);
    }

    public override void Infer(Node node, InferenceContext context)
    {
        int axis = Axis(node);
        Value[] inputs = [.. node.Inputs.Select((_, index) => node.Input(index))];
        Dimension[] sizes = [.. inputs[0].Shape];
        for (int input = 1; input < inputs.Length; input++)
        {
            ElementTypeSet.RequireEqual(node, 0, input);
            Shape shape = inputs[input].Shape;
            if (shape.Rank != sizes.Length)
            {
                throw ModelException.Contradiction(node, $"inputs have the shapes {inputs[0].Shape} and {shape}");
            }

            for (int current = 0; current < sizes.Length; current++)
            {
                if (current != axis && (sizes[current] - shape[current]).Value is { } difference && difference != 0)
                {
                    throw new ModelException(node, $"inputs have the shapes {inputs[0].Shape} and {shape}, which differ at axis {current}");
                }

                if (current != axis)
                {
                    context.RequireEqual(node, sizes[current], shape[current], $"sizes at axis {current} of the inputs");
                }

                // Where one input knows the size, all have it.
                sizes[current] = current == axis ? sizes[current] + shape[current] : sizes[current].IsStatic ? sizes[current] : shape[current].IsStatic ? shape[current] : sizes[current];
            }
        }

        var type = new TensorType(inputs[0].ElementType, new Shape(sizes));
        if (type.Shape.IsStatic && inputs.All(input => input.IsConstant))
        {
            context.SetConstant(node.Output, ConstantMoves.Concatenate([.. inputs.Select(input => input.Constant!)], axis, type.Shape));
        }
        else if (type.Rank == 1 && inputs.All(input => input.Elements is not null))
        {
            context.SetElements(node.Output, type, [.. inputs.SelectMany(input => input.Elements!)]);
        }
        else
        {
            context.SetType(node.Output, type);
        }
    }

    public override void Lower(Node node, LoweringContext context)
    {
        int axis = Axis(node);
        View output = context.Write(node.Output);
        Dimension start = Dimension.Zero;
        foreach (Value? input in node.Inputs)
        {
            View part = context.Read(input!);
            if (part.Shape[axis].Value != 0)
            {
                context.Copy(part, output.Slice(axis, start, part.Shape[axis]), node);
            }

            start += part.Shape[axis];
        }
    }
}

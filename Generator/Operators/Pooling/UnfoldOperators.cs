using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// UnfoldTensor of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. Windows of <c>size</c> elements, <c>step</c> apart, along the axis
/// <c>dim</c>; the elements of a window become the last axis. A gather by constant positions.
/// </summary>
internal sealed class UnfoldOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new UnfoldOperators()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "UnfoldTensor";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Movable.Require(node, 0);
        Shape shape = node.Input(0).Shape;
        int axis = Axis(node);
        long size = node.IntegerAttribute("size", 0), step = node.IntegerAttribute("step", 1);
        if (shape[axis].Value is not { } length)
        {
            throw ModelException.Unsupported(node, $"axis {axis} has the open size '{shape[axis]}'");
        }

        if (size < 1 || step < 1 || size > length)
        {
            throw new ModelException(node, $"windows of {size} elements, {step} apart, do not fit axis {axis} of {shape}");
        }

        Dimension[] sizes = [.. shape, Dimension.Of(size)];
        sizes[axis] = (length - size) / step + 1;
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, new Shape(sizes)));
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        int axis = Axis(node), rank = node.Input(0).Shape.Rank;
        long windows = node.Output.Shape[axis].Constant, size = node.Output.Shape[rank].Constant, step = node.IntegerAttribute("step", 1);
        long[] positions = new long[checked(windows * size)];
        for (long index = 0; index < positions.Length; index++)
        {
            positions[index] = (index / size * step) + (index % size);
        }

        Value indices = context.Graph.AddConstant($"{node.Name}/positions", ConstantElements.FromIntegers(positions, new TensorType(ElementType.Int64, Shape.Of(windows, size))));
        Value gathered = context.Add("Gather", [("axis", (long)axis)], node.Input(0), indices);
        context.Replace(node.Output, new Formula(context).Transpose(gathered, [.. Enumerable.Range(0, rank + 1).Where(place => place != axis + 1), axis + 1]));
        return true;
    }

    private static int Axis(Node node) => ShapeMath.Axis(node, node.IntegerAttribute("dim", -1), node.Input(0).Shape.Rank);
}

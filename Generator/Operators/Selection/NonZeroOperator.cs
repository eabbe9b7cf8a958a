using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// NonZero: https://onnx.ai/onnx/operators/onnx__NonZero.html, versions 9 and 13 (more types). The coordinates of all elements that are not 0, a column each, in row-major order; numbers, booleans, and strings, of which the empty one is 0.
/// How many there are is counted first and is a size of the run. A scalar has no coordinates: [0, count]. Kernels run on one thread: where a column goes follows from all before it.
/// </summary>
internal sealed class NonZeroOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new NonZeroOperator()];

    public override string Type => "NonZero";

    public override IReadOnlyList<int> Versions => [9, 13];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.NumericBooleanOrText.Require(node, 0);
        Value x = node.Input(0);
        if (x.ElementType != ElementType.String && x.Constant is InlineConstant { Count: <= Folding.MaximumElements } constant)
        {
            context.SetConstant(node.Output, Fold(constant));
            return;
        }

        Dimension count = context.DataSize(node, "count", x.Shape.ElementCount);
        context.SetType(node.Output, new TensorType(ElementType.Int64, new Shape([x.Shape.Rank, count])));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        View to = context.Write(node.Output);
        Dimension count = DataSizes.Of(node, "count");
        string type = from.ElementType.Bytes() switch { 1 => "byte", 2 => "ushort", 4 => "uint", _ => "ulong" };

        // Minus zero is 0 too.
        string mask = $"({type}){(from.ElementType.IsFloat() ? $"0x7F{new string('F', (2 * from.ElementType.Bytes()) - 2)}" : $"0x{new string('F', 2 * from.ElementType.Bytes())}")}";
        context.Add(new Kernel("count", node, [from], [], writer => writer.SetSize(count, $"NonZero.Count(({type}*){writer.Pointer(from)}, {writer.Size(from.Shape.ElementCount)}, {mask})"))
        {
            Sizes = DataSizes.Names(node),
        });
        context.Add(new Kernel("nonzero", node, [from], [to], writer => writer.Line(
            $"NonZero.Coordinates(({type}*){writer.Pointer(from)}, {KernelText.Sizes(writer, from.Shape)}, {mask}, {writer.Size(count)}, {writer.Pointer(to)});"))
        {
            Summary = $"coordinates in {from.Shape}",
        });
    }

    private static InlineConstant Fold(InlineConstant constant)
    {
        long[] sizes = constant.Type.Shape.ToStatic();
        double[] elements = ConstantElements.ReadDoubles(constant);
        int[] found = [.. Enumerable.Range(0, elements.Length).Where(index => elements[index] != 0)];
        long[] strides = ConstantMoves.Strides(sizes);
        long[] coordinates = [.. sizes.SelectMany((size, axis) => found.Select(index => index / strides[axis] % size))];
        return ConstantElements.FromIntegers(coordinates, new TensorType(ElementType.Int64, Shape.Of(sizes.Length, found.Length)));
    }
}

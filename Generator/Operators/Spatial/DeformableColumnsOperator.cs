using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// cameo.DeformableColumns: what the windows of a deformable convolution read. Inputs: 0 images [batch, channels, …], 1 offsets and 2 factors as <see cref="DeformConvOperator"/> has them;
/// output [batch, channels · kernel, positions]. Attributes as there.
/// </summary>
internal sealed class DeformableColumnsOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new DeformableColumnsOperator()];

    public override string Domain => OperatorRegistry.InternalDomain;

    public override string Type => "DeformableColumns";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        Shape x = node.Input(0).Shape, offsets = node.Input(1).Shape;
        Dimension kernel = node.IntegersAttribute("kernel_shape")!.Aggregate(1L, (product, size) => product * size);
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, new Shape([x[0], x[1] * kernel, offsets.Product(2, offsets.Rank)])));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View x = context.ReadContiguous(node.Input(0));
        View offsets = context.ReadContiguous(node.Input(1));
        View? mask = node.OptionalInput(2) is { } factors ? context.ReadContiguous(factors) : null;
        View columns = context.Write(node.Output);
        context.Add(new Kernel("deformable columns", node, mask is null ? [x, offsets] : [x, offsets, mask], [columns], writer =>
        {
            string List(string attribute, int count) => $"[{string.Join(", ", node.IntegersAttribute(attribute)!.Take(count))}]";
            int axes = x.Rank - 2;
            writer.Line("var shape = new DeformableShape");
            writer.Line("{");
            writer.Line($"    Batch = {writer.Size(x.Shape[0])}, Channels = {writer.Size(x.Shape[1])}, OffsetGroups = {node.IntegerAttribute("offset_group", 1)},");
            writer.Line($"    Input = {KernelText.Sizes(writer, x.Shape.Skip(2))}, Output = {KernelText.Sizes(writer, offsets.Shape.Skip(2))},");
            writer.Line($"    Kernel = {List("kernel_shape", axes)}, Strides = {List("strides", axes)}, Dilations = {List("dilations", axes)}, Pads = {List("pads", axes)},");
            writer.Line("};");
            writer.Line($"DeformableSampling.Columns(Workers, shape, {writer.Pointer(x)}, {writer.Pointer(offsets)}, {(mask is null ? "null" : writer.Pointer(mask))}, {writer.Pointer(columns)});");
        })
        {
            Summary = $"{x.Shape} → {columns.Shape}",
        });
    }
}

using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>Sizes and output of a product [.., depth] · [depth, columns] whose left operand's leading axes are all rows.</summary>
internal sealed class MatrixProduct
{
    public MatrixProduct(Node node, FusedEpilogue epilogue, LoweringContext context)
    {
        Shape left = node.Input(0).Shape;
        Depth = left[left.Rank - 1];
        Rows = left.Product(0, left.Rank - 1);
        Columns = node.Output.Shape[node.Output.Shape.Rank - 1];
        Output = context.Write(epilogue.Output, allowStrides: epilogue.Output.Shape.Rank == 2);
    }

    public Dimension Rows { get; }

    public Dimension Columns { get; }

    public Dimension Depth { get; }

    public View Output { get; }

    public Dimension MultiplyAdds => Rows * Columns * Depth;

    /// <summary>The left operand as rows of neighbouring elements.</summary>
    public View ReadLeft(Value a, LoweringContext context) => MatMulOperator.ReadRows(a, context);

    /// <summary>The arguments "a, lda" of a kernel.</summary>
    public string Left(KernelWriter writer, View left) => $"{writer.Pointer(left)}, {KernelText.Native(writer, left.Strides[0])}";

    /// <summary>The arguments "c, ldc, m" of a kernel.</summary>
    public string Target(KernelWriter writer) =>
        $"{writer.Pointer(Output)}, {KernelText.Native(writer, Output.Rank == 2 ? Output.Strides[0] : Columns)}, {KernelText.Native(writer, Rows)}";
}

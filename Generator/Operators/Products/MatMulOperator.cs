using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// MatMul: https://onnx.ai/onnx/operators/onnx__MatMul.html. numpy.matmul: leading axes broadcast, vectors lose their axis. Version 9 adds integers, version 13 bfloat16.
/// A constant right operand is packed into panels at build time; otherwise both operands are read with whatever strides they have, so that transposes
/// cost nothing. 16-bit floating-point numbers are multiplied in float32; float64 and integers by a plain kernel.
/// </summary>
internal sealed class MatMulOperator : Operator
{
    /// <summary>Batch axes that the kernel has strides for.</summary>
    private const int MaximumBatchAxes = 3;

    public static readonly IReadOnlyList<Operator> All = [new MatMulOperator()];

    public override string Type => "MatMul";

    public override IReadOnlyList<int> Versions => [1, 9, 13];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Numeric.Require(node, 0);
        ElementTypeSet.RequireEqual(node, 0, 1);
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, ResultShape(node, node.Input(0).Shape, node.Input(1).Shape, context)));
    }

    /// <summary>numpy's rules: vectors lose their axis, leading axes broadcast. Without a context, open sizes are left to the operators that the node is written with.</summary>
    public static Shape ResultShape(Node node, Shape a, Shape b, InferenceContext? context = null)
    {
        if (a.Rank == 0 || b.Rank == 0)
        {
            throw new ModelException(node, $"shapes {a} and {b} cannot be multiplied: scalars have no rows or columns");
        }

        Dimension depth = a[a.Rank - 1];
        Dimension rows = b[Math.Max(0, b.Rank - 2)];
        if ((depth - rows).Value is { } difference && difference != 0)
        {
            throw ModelException.Contradiction(node, $"shapes {a} and {b} cannot be multiplied: {depth} columns meet {rows} rows");
        }

        context?.RequireEqual(node, depth, rows, "the columns and the rows");
        Shape batch = ShapeMath.Broadcast(node, new Shape([.. a.Take(Math.Max(0, a.Rank - 2))]), new Shape([.. b.Take(Math.Max(0, b.Rank - 2))]), context);
        return new Shape([.. batch, .. a.Rank > 1 ? [a[a.Rank - 2]] : Array.Empty<Dimension>(), .. b.Rank > 1 ? [b[b.Rank - 1]] : Array.Empty<Dimension>()]);
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        if (node.Output.ElementType is not (ElementType.Float16 or ElementType.BFloat16))
        {
            return false;
        }

        var formula = new Formula(context);
        context.Replace(node.Output, formula.Cast(context.Add("MatMul", formula.Widen(node.Input(0)), formula.Widen(node.Input(1))), node.Output.ElementType));
        return true;
    }

    // A product with a vector on the right has no columns that lanes could run along.
    public override EpilogueKind EpilogueKind(Node node) =>
        node.Output.ElementType == ElementType.Float32 && node.Input(1).Shape.Rank > 1 ? Lowering.EpilogueKind.Matrix : Lowering.EpilogueKind.None;

    public override void Lower(Node node, LoweringContext context)
    {
        FusedEpilogue epilogue = EpilogueKind(node) == Lowering.EpilogueKind.None
            ? new FusedEpilogue(node.Output, null, [], node.Origins)
            : context.Epilogue(node);
        Value b = node.Input(1);
        bool sharesMatrix = b.Shape.Take(b.Shape.Rank - 2).All(size => size.Value == 1);
        if (node.Output.ElementType == ElementType.Float32 && b.Shape.Rank > 1 && sharesMatrix && context.TryGetWeight(b) is { } weight)
        {
            LowerPacked(node, epilogue, weight, context);
        }
        else
        {
            LowerBatched(node, epilogue, context);
        }
    }

    /// <summary>The left operand of a product whose leading axes are all rows, as rows of neighbouring elements.</summary>
    public static View ReadRows(Value a, LoweringContext context)
    {
        int last = a.Shape.Rank - 1;
        var matrix = new Shape([a.Shape.Product(0, last), a.Shape[last]]);
        return context.Read(a).Reshape(matrix) is { } view && IsUnit(view, 1) ? view : context.ReadContiguous(a).Reshape(matrix)!;
    }

    private static void LowerPacked(Node node, FusedEpilogue epilogue, WeightExpression weight, LoweringContext context)
    {
        Value a = node.Input(0), b = node.Input(1);

        // Rows are as long as the weights are deep, even where only a run knows how long they are.
        long depth = b.Shape[b.Shape.Rank - 2].Constant;
        long columns = node.Output.Shape[node.Output.Shape.Rank - 1].Constant;
        View left = ReadRows(a, context);
        var weights = FloatPanels.Create(b.Name, weight, depth, columns, context);
        View output = context.Write(epilogue.Output, allowStrides: epilogue.Output.Shape.Rank == 2);
        context.Add(new PackedProduct(node, left, weights, [new ProductPart(epilogue, output, columns)]).ToKernel());
    }

    private static void LowerBatched(Node node, FusedEpilogue epilogue, LoweringContext context)
    {
        View a = AsMatrices(context.Read(node.Input(0)), column: false);
        View b = AsMatrices(context.Read(node.Input(1)), column: true);
        View c = AsMatrices(context.Write(epilogue.Output), node.Input(0).Shape.Rank == 1, node.Input(1).Shape.Rank == 1);
        Shape batch = new([.. c.Shape.Take(c.Rank - 2)]);
        if (Batches(a, b, c, batch).Sizes.Count > MaximumBatchAxes)
        {
            a = AsMatrices(context.MakeContiguous(BroadcastBatch(context.Read(node.Input(0)), batch, column: false), node), column: false);
            b = AsMatrices(context.MakeContiguous(BroadcastBatch(context.Read(node.Input(1)), batch, column: true), node), column: true);
        }

        (List<Dimension> sizes, List<Dimension>[] strides) = Batches(a, b, c, batch);
        string kind = node.Output.ElementType == ElementType.Float32 ? "" : $"<{KernelText.TypeName(node, node.Output.ElementType)}>";
        Dimension rows = c.Shape[c.Rank - 2], columns = c.Shape[c.Rank - 1], depth = a.Shape[a.Rank - 1];
        context.Add(new Kernel("matmul", node, [a, b, .. epilogue.Inputs], [c], Emit)
        {
            Nodes = epilogue.Nodes,
            MultiplyAdds = c.Shape.ElementCount * depth,
            Summary = $"{batch} × [{rows}, {depth}] · [{depth}, {columns}]",
        });

        void Emit(KernelWriter writer)
        {
            if (sizes.Any(size => size.Value == 0))
            {
                writer.Line("// There are no matrices.");
                return;
            }

            string Stride(View view, int fromEnd) => KernelText.Native(writer, view.Strides[view.Rank - fromEnd]);
            string name = kind.Length == 0 ? "BatchedOperands" : $"PlainOperands{kind}";
            writer.Line($"var operands = new {name}");
            writer.Line("{");
            writer.Line($"    A = {writer.Pointer(a)}, B = {writer.Pointer(b)}, C = {writer.Pointer(c)},");
            writer.Line($"    Rows = {KernelText.Native(writer, rows)}, Columns = {KernelText.Native(writer, columns)}, Depth = {KernelText.Native(writer, depth)},");
            writer.Line($"    RowStrideA = {Stride(a, 2)}, ColumnStrideA = {Stride(a, 1)}, RowStrideB = {Stride(b, 2)}, ColumnStrideB = {Stride(b, 1)}, RowStrideC = {Stride(c, 2)},");
            for (int axis = 0; axis < sizes.Count; axis++)
            {
                string arguments = string.Join(", ", new[] { sizes[axis], strides[0][axis], strides[1][axis], strides[2][axis] }.Select(size => KernelText.Native(writer, size)));
                writer.Line($"    Batch{axis + MaximumBatchAxes - sizes.Count} = new BatchDimension({arguments}),");
            }

            writer.Line("};");
            string call = kind.Length == 0 ? $"MatrixMultiply.Batched(Workers, operands, {writer.MatrixEpilogue(epilogue)});" : "PlainMatrixMultiply.Run(Workers, operands);";
            Dimension[] symbolic = [.. sizes.Where(size => !size.IsStatic)];
            writer.Line(symbolic.Length == 0 ? call : $"if ({string.Join(" && ", symbolic.Select(size => $"{writer.Size(size)} > 0"))})\n{{\n    {call}\n}}");
        }
    }

    public static bool IsUnit(View view, int axis) => view.Strides[axis] == Dimension.One || view.Shape[axis].Value == 1;

    /// <summary>A vector gets the axis that it lacks as a matrix.</summary>
    private static View AsMatrices(View view, bool column) => view.Rank > 1 ? view : AsMatrices(view, !column, column);

    private static View AsMatrices(View view, bool lacksRows, bool lacksColumns)
    {
        if (lacksColumns)
        {
            view = new View(view.Buffer, new Shape([.. view.Shape, Dimension.One]), [.. view.Strides, Dimension.One], view.Offset);
        }

        int axis = view.Rank - 1;
        return lacksRows
            ? new View(view.Buffer, new Shape([.. view.Shape.Take(axis), Dimension.One, view.Shape[axis]]), [.. view.Strides.Take(axis), Dimension.Zero, view.Strides[axis]], view.Offset)
            : view;
    }

    private static View BroadcastBatch(View view, Shape batch, bool column)
    {
        View matrices = AsMatrices(view, column);
        return matrices.Broadcast(new Shape([.. batch, .. matrices.Shape.Skip(matrices.Rank - 2)]));
    }

    private static (List<Dimension> Sizes, List<Dimension>[] Strides) Batches(View a, View b, View c, Shape batch) =>
        LoopNest.Merge([.. batch], [.. new[] { BroadcastBatch(a, batch, false), BroadcastBatch(b, batch, true), c }.Select(view => view.Strides.Take(batch.Rank).ToArray())]);
}

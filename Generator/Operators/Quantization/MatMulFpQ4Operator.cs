using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// com.microsoft.MatMulFpQ4: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulFpQ4. A [.., K] of float32 times a matrix [K, N] of 4-bit numbers in one blob
/// of bytes; K and N are the third input and must be known. <c>blk_quant_type</c>: 0 is blocks of 32 without an offset, 1 (the default) blocks of 32 with one, 2 blocks of 64 without. Column after
/// column, a block along K is its scale as float32, its offset as a byte where it has one, and its elements: for every 32 of them 16 bytes, which hold the first 16 in their lower and the others
/// in their upper halves. Without an offset 8 stands for 0.
/// <para>Becomes cameo.QuantizedMatMul where the blob is constant, else dequantised weights and MatMul.</para>
/// </summary>
internal sealed class MatMulFpQ4Operator : Operator
{
    private const int ScaleBytes = 4;

    /// <summary>Elements whose halves of bytes lie together.</summary>
    private const int UnitLength = 32;

    private const int UnitBytes = UnitLength / 2;

    public static readonly IReadOnlyList<Operator> All = [new MatMulFpQ4Operator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "MatMulFpQ4";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        if (node.Input(0).ElementType != ElementType.Float32 || node.Input(1).ElementType != ElementType.UInt8 || node.Input(1).Shape.Rank != 1)
        {
            throw new ModelException(node, $"inputs {node.Input(0).Type} and {node.Input(1).Type} must be float32, and uint8 with one axis");
        }

        var layout = new Layout(node);
        Shape a = node.Input(0).Shape;
        if (a.Rank == 0 || (a[a.Rank - 1] - layout.Depth).Value is not (null or 0))
        {
            throw new ModelException(node, $"an input of shape {a} does not end in {layout.Depth} elements, the rows of the matrix");
        }

        if (node.Input(1).Shape[0].Value is { } bytes && bytes != layout.Columns * layout.Blocks * layout.BlockBytes)
        {
            throw new ModelException(node, $"a blob of {bytes} bytes is no matrix [{layout.Depth}, {layout.Columns}] of quantisation type {layout.Kind}, which takes {layout.Columns * layout.Blocks * layout.BlockBytes}");
        }

        context.SetType(node.Output, new TensorType(ElementType.Float32, new Shape([.. a.Take(a.Rank - 1), layout.Columns])));
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        var layout = new Layout(node);
        context.Replace(node.Output, node.Input(1).Constant is { } blob ? Narrow(node, blob, layout, context) : Wide(node, layout, context));
        return true;
    }

    private static Value Narrow(Node node, ConstantTensor blob, Layout layout, ExpansionContext context)
    {
        (long columns, long blocks) = (layout.Columns, layout.Blocks);
        ConstantTensor rows = ConstantMoves.Reshape(blob, Shape.Of(columns * blocks, layout.BlockBytes));
        ConstantTensor Part(long start, long bytes) => ConstantMoves.Slice(rows, [0, start], [1, 1], [columns * blocks, bytes]);
        ConstantTensor PerBlock(ConstantTensor parameter) => ConstantMoves.Transpose(ConstantMoves.Reshape(parameter, Shape.Of(columns, blocks)), [1, 0]);
        Value Constant(string what, ConstantTensor tensor) => context.Graph.AddConstant($"{node.Input(1).Name} ({what})", tensor);

        ConstantTensor pairs = QuantizedConstants.Unpack(Part(layout.DataStart, layout.BlockLength / 2), ElementType.UInt4);
        ConstantTensor units = ConstantMoves.Reshape(pairs, Shape.Of(columns, blocks * layout.BlockLength / UnitLength, UnitBytes, 2));
        ConstantTensor whole = ConstantMoves.Reshape(ConstantMoves.Transpose(units, [0, 1, 3, 2]), Shape.Of(columns, blocks * layout.BlockLength));
        ConstantTensor weights = ConstantMoves.Transpose(
            whole.Type.Shape[1].Constant == layout.Depth ? whole : ConstantMoves.Slice(whole, [0, 0], [1, 1], [columns, layout.Depth]), [1, 0]);
        Value scales = Constant("scales", PerBlock(QuantizedConstants.Reinterpret(Part(0, ScaleBytes), ElementType.Float32)));
        Value? offsets = layout.HasOffset ? Constant("offsets", PerBlock(QuantizedConstants.Offset(Part(ScaleBytes, 1), 0, ElementType.UInt4))) : null;
        weights = layout.HasOffset ? weights : QuantizedConstants.Offset(weights, -8, ElementType.Int4);
        return QuantizedMatMulOperator.Write(context, node.Input(0), Constant("weights", weights), scales, offsets, layout.BlockLength, accuracyLevel: 0);
    }

    private static Value Wide(Node node, Layout layout, ExpansionContext context)
    {
        var formula = new Formula(context);
        (long columns, long blocks) = (layout.Columns, layout.Blocks);
        Value rows = formula.Reshape(node.Input(1), columns, blocks, layout.BlockBytes);
        Value Part(long start, long bytes) => context.Add("Slice", rows, context.Integers(start), context.Integers(start + bytes), context.Integers(2));
        Value bytes = formula.Cast(Part(0, ScaleBytes), ElementType.UInt32);
        Value shifts = context.Graph.AddConstant("shifts", ConstantElements.FromIntegers([0, 8, 16, 24], new TensorType(ElementType.UInt32, Shape.Of(ScaleBytes))));
        Value bits = formula.Sum(context.Add("BitShift", [("direction", "LEFT")], bytes, shifts), [2]);
        Value scales = context.AddNewer("BitCast", 26, [("to", (long)ElementType.Float32)], bits);
        Value offsets = layout.HasOffset ? formula.Cast(Part(ScaleBytes, 1), ElementType.Float32) : context.Literal(8, ElementType.Float32);
        Value pairs = LinearQuantization.Unpack(Part(layout.DataStart, layout.BlockLength / 2), 4, context);
        Value units = formula.Transpose(formula.Reshape(pairs, columns * blocks, layout.BlockLength / UnitLength, UnitBytes, 2), 0, 1, 3, 2);
        Value elements = formula.Cast(formula.Reshape(units, columns, blocks, layout.BlockLength), ElementType.Float32);
        Value weights = formula.Reshape(formula.Multiply(formula.Subtract(elements, offsets), scales), columns, blocks * layout.BlockLength);
        return context.Add("MatMul", node.Input(0), formula.Transpose(LinearQuantization.First(weights, layout.Depth, context), 1, 0));
    }

    /// <summary>How the blob lies in memory.</summary>
    private sealed class Layout
    {
        public Layout(Node node)
        {
            Kind = node.IntegerAttribute("blk_quant_type", 1);
            if (Kind is not (0 or 1 or 2))
            {
                throw new ModelException(node, $"attribute 'blk_quant_type' is {Kind}; known are 0, 1 and 2");
            }

            if (node.Input(2).ElementType != ElementType.Int64 || node.Input(2).Shape is not { Rank: 1 } shape || shape[0].Value is not (null or 2))
            {
                throw new ModelException(node, $"the matrix's shape is {node.Input(2).Type} and must be two numbers of int64");
            }

            if (node.Input(2).Elements is not [{ Value: { } depth }, { Value: { } columns }])
            {
                throw ModelException.Unsupported(node, "a matrix whose shape (input 2) is not known");
            }

            if (depth <= 0 || columns <= 0 || depth > int.MaxValue / columns)
            {
                throw new ModelException(node, $"a matrix [{depth}, {columns}] must have rows and columns, and less than 2^31 elements");
            }

            (Depth, Columns) = (depth, columns);
        }

        public long Kind { get; }

        public long Depth { get; }

        public long Columns { get; }

        public bool HasOffset => Kind == 1;

        public long BlockLength => Kind == 2 ? 2 * UnitLength : UnitLength;

        public long DataStart => ScaleBytes + (HasOffset ? 1 : 0);

        public long BlockBytes => DataStart + BlockLength / 2;

        /// <summary>Blocks of a column.</summary>
        public long Blocks => (Depth + BlockLength - 1) / BlockLength;
    }
}

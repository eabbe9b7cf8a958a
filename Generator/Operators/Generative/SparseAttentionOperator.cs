using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// SparseAttention of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.SparseAttention. Query [batch, sequence, heads · size] (or query, key and
/// value side by side in it), key, value, past key and past value [batch, key heads, room, size], which the presents have the shape of; <c>block_row_indices</c> [layouts, blocks + 1] and
/// <c>block_col_indices</c> [layouts, entries], the blocks of <c>sparse_block_size</c> keys that blocks of queries see, as compressed rows padded with -1; the total length; keys of each row; cosines
/// and sines. Head h has the layout h mod layouts. Causal. float32, float16, bfloat16.
/// <para>Becomes RotaryEmbedding and <see cref="AttentionNode"/> with a mask of blocks, computed once at load where the layouts are constant. A query that sees no block gives 0.</para>
/// </summary>
internal sealed class SparseAttentionOperator : Operator
{
    private const int PastKey = 3;
    private const int PastValue = 4;
    private const int Rows = 5;
    private const int Columns = 6;
    private const int TotalLength = 7;
    private const int KeyLengths = 8;
    private const int Cosine = 9;
    private const int Sine = 10;

    public static readonly IReadOnlyList<Operator> All = [new SparseAttentionOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "SparseAttention";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        var sizes = new Sizes(node);
        ElementType type = node.Input(0).ElementType;
        context.SetType(node.Output, new TensorType(type, new Shape([sizes.Batch, sizes.Sequence, sizes.QueryHeads * sizes.HeadSize])));
        for (int output = 1; output < node.Outputs.Count; output++)
        {
            if (node.Outputs[output] is { } present)
            {
                context.SetType(present, node.Input(PastKey).RequiredType);
            }
        }
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        var sizes = new Sizes(node);
        Value[] operands = [node.Input(0), node.OptionalInput(1)!, node.OptionalInput(2)!];
        if (sizes.IsPacked)
        {
            Value parts = context.Integers(sizes.QueryHeads * sizes.HeadSize, sizes.KeyHeads * sizes.HeadSize, sizes.KeyHeads * sizes.HeadSize);
            context.AddWithOutputs("Split", [("axis", 2L)], [node.Input(0), parts], 3, out Node split);
            operands = [.. split.Outputs.Select(output => output!)];
        }

        Value lengths = node.Input(KeyLengths);
        Value positions = HeadRotation.RowPositions(operands[0], lengths, context);
        if (node.IntegerAttribute("do_rotary", 0) == 1)
        {
            var rotation = new HeadRotation(node, node.Input(Cosine), node.Input(Sine), positions, context);
            operands[0] = rotation.Apply(operands[0], sizes.QueryHeads, sizes.HeadSize);
            operands[1] = rotation.Apply(operands[1], sizes.KeyHeads, sizes.HeadSize);
        }

        float scale = node.FloatAttribute("scale", 0);
        Node attention = new AttentionBuilder(operands[0], operands[1], operands[2])
        {
            Mask = Mask(node, sizes, positions, context),
            MaskBlock = sizes.BlockSize,
            PastKey = node.Input(PastKey),
            PastValue = node.Input(PastValue),
            KeyLengths = lengths,
            TotalLength = node.Input(TotalLength),
            KeepsLength = true,
            QueryHeads = sizes.QueryHeads,
            KeyHeads = sizes.KeyHeads,
            IsCausal = true,
            Scale = scale != 0 ? scale : null,
        }.Add(context);
        for (int output = 0; output < node.Outputs.Count; output++)
        {
            context.Replace(node.Outputs[output], attention.Outputs[output]!);
        }

        return true;
    }

    /// <summary>The blocks that each query sees, [batch, heads or 1, queries, blocks].</summary>
    private static Value Mask(Node node, Sizes sizes, Value positions, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value blocks = formula.Divide(positions, formula.Number(sizes.BlockSize, positions));
        Value seen = formula.Transpose(context.Add("Gather", [("axis", 1L)], Layouts(node, sizes, context), blocks), 1, 0, 2, 3);
        return sizes.LayoutCount == 1 ? seen : context.Add("Tile", seen, context.Integers(1, sizes.QueryHeads / sizes.LayoutCount, 1, 1));
    }

    /// <summary>The layouts as booleans [layouts, blocks of queries, blocks of keys].</summary>
    private static Value Layouts(Node node, Sizes sizes, ExpansionContext context)
    {
        var formula = new Formula(context);
        (long layouts, long blocks, long entries) = (sizes.LayoutCount, sizes.Blocks, sizes.Entries);
        Value rows = formula.Cast(node.Input(Rows), ElementType.Int64), columns = formula.Cast(node.Input(Columns), ElementType.Int64);
        Value ends = formula.Reshape(context.Add("Slice", rows, context.Integers(1), context.Integers(blocks + 1), context.Integers(1)), layouts, 1, blocks);
        Value entry = formula.Reshape(context.Integers([.. Enumerable.Range(0, checked((int)entries)).Select(index => (long)index)]), 1, entries, 1);

        // An entry's row is the number of rows that end at it or before it; what belongs to no block is put behind the last one.
        Value ended = formula.Cast(context.Add("LessOrEqual", ends, entry), ElementType.Int64);
        Value row = formula.Sum(ended, [2], keepsAxes: false);
        Value place = formula.Add(formula.Multiply(row, formula.Number(blocks, row)), columns);
        Value isBlock = context.Add("And", context.Add("Less", row, formula.Number(blocks, row)), context.Add("And",
            context.Add("GreaterOrEqual", columns, formula.Number(0, columns)), context.Add("Less", columns, formula.Number(blocks, columns))));
        place = formula.Where(isBlock, place, formula.Number(blocks * blocks, place));
        Value none = context.Add("Expand", context.Literal(0, ElementType.Boolean), context.Integers(layouts, blocks * blocks + 1));
        Value all = context.Add("Expand", context.Literal(1, ElementType.Boolean), context.Integers(layouts, entries));
        Value flat = context.Add("ScatterElements", [("axis", 1L)], none, place, all);
        return formula.Reshape(context.Add("Slice", flat, context.Integers(0), context.Integers(blocks * blocks), context.Integers(1)), layouts, blocks, blocks);
    }

    /// <summary>The node's sizes, checked.</summary>
    private sealed class Sizes
    {
        public Sizes(Node node)
        {
            ElementType type = node.Input(0).ElementType;
            if (type is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16))
            {
                throw ModelException.Unsupported(node, $"elements of type {type.OnnxName()}");
            }

            (QueryHeads, KeyHeads, BlockSize) = (Positive(node, "num_heads"), Positive(node, "kv_num_heads"), Positive(node, "sparse_block_size"));
            IsPacked = node.OptionalInput(1) is null;
            long parts = IsPacked ? QueryHeads + 2 * KeyHeads : QueryHeads;
            Shape query = node.Input(0).Shape;
            if (QueryHeads % KeyHeads != 0 || query.Rank != 3 || query[2].Value is not { } width || width % parts != 0 || IsPacked != node.OptionalInput(2) is null)
            {
                throw new ModelException(node, $"a query of shape {query} does not fit {QueryHeads} heads on {KeyHeads} key heads{(IsPacked ? ", packed" : "")}");
            }

            (Batch, Sequence, HeadSize) = (query[0], query[1], width / parts);
            if (!IsPacked)
            {
                var expected = new Shape([Batch, Sequence, KeyHeads * HeadSize]);
                RequireShape(node, 1, expected);
                RequireShape(node, 2, expected);
            }

            CheckPast(node);
            CheckLayouts(node);
            CheckLengths(node);
            bool rotates = node.IntegerAttribute("do_rotary", 0) == 1;
            if (rotates && (node.OptionalInput(Cosine) is null || node.OptionalInput(Sine) is null))
            {
                throw new ModelException(node, "do_rotary needs the inputs cos_cache and sin_cache");
            }

            foreach (int input in new[] { 1, 2, PastKey, PastValue, Cosine, Sine }.Where(input => node.OptionalInput(input) is not null))
            {
                ElementTypeSet.RequireEqual(node, 0, input);
            }
        }

        public Dimension Batch { get; }

        public Dimension Sequence { get; }

        public long QueryHeads { get; }

        public long KeyHeads { get; }

        public long HeadSize { get; }

        public long BlockSize { get; }

        public bool IsPacked { get; }

        public long LayoutCount { get; private set; }

        /// <summary>Blocks of the longest sequence.</summary>
        public long Blocks { get; private set; }

        /// <summary>Entries of a layout, padding included.</summary>
        public long Entries { get; private set; }

        private static long Positive(Node node, string attribute) => node.IntegerAttribute(attribute, 0) is var value && value > 0
            ? value
            : throw new ModelException(node, $"attribute '{attribute}' must be positive");

        private void CheckPast(Node node)
        {
            var cache = new Shape([Batch, KeyHeads, node.Input(PastKey).Shape is { Rank: 4 } past ? past[2] : Dimension.Zero, HeadSize]);
            RequireShape(node, PastKey, cache);
            RequireShape(node, PastValue, cache);
            if (node.Input(TotalLength).Elements is [{ Value: { } total }] && cache[2].Value < total)
            {
                throw new ModelException(node, $"a past of {cache[2]} keys has no room for {total}");
            }
        }

        private void CheckLayouts(Node node)
        {
            Shape rows = node.Input(Rows).Shape, columns = node.Input(Columns).Shape;
            if (node.Input(Rows).ElementType != ElementType.Int32 || node.Input(Columns).ElementType != ElementType.Int32 || rows.Rank != 2 || columns.Rank != 2)
            {
                throw new ModelException(node, $"block rows {node.Input(Rows).Type} and columns {node.Input(Columns).Type} must be int32 with two axes");
            }

            if (!rows.IsStatic || !columns.IsStatic)
            {
                throw ModelException.Unsupported(node, $"block rows {rows} and columns {columns} of open sizes");
            }

            (LayoutCount, Blocks, Entries) = (rows[0].Constant, rows[1].Constant - 1, columns[1].Constant);
            if (LayoutCount < 1 || Blocks < 1 || QueryHeads % LayoutCount != 0 || columns[0].Constant != LayoutCount || Entries > Blocks * Blocks)
            {
                throw new ModelException(node, $"block rows {rows} and columns {columns} must be [layouts, blocks + 1] and [layouts, entries], with layouts that divide {QueryHeads} heads and at most blocks² entries");
            }

            if (node.Input(TotalLength).Elements is [{ Value: { } total }] && Blocks * BlockSize < total)
            {
                throw new ModelException(node, $"{Blocks} blocks of {BlockSize} keys do not cover {total}");
            }
        }

        private void CheckLengths(Node node)
        {
            if (node.Input(TotalLength).ElementType != ElementType.Int32 || node.Input(TotalLength).Shape.ElementCount.Value is not (null or 1) || node.Input(KeyLengths).ElementType != ElementType.Int32)
            {
                throw new ModelException(node, $"the total {node.Input(TotalLength).Type} and keys of each row {node.Input(KeyLengths).Type} must be int32, the total one number");
            }

            RequireShape(node, KeyLengths, new Shape([Batch]));
        }

        private static void RequireShape(Node node, int input, Shape expected)
        {
            Shape actual = node.Input(input).Shape;
            if (actual.Rank != expected.Rank || Enumerable.Range(0, expected.Rank).Any(axis => (actual[axis] - expected[axis]).Value is not (null or 0)))
            {
                throw new ModelException(node, $"input {input} has the shape {actual} and must have {expected}");
            }
        }
    }
}

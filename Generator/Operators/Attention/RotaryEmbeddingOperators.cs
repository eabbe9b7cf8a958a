using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// RotaryEmbedding: https://onnx.ai/onnx/operators/onnx__RotaryEmbedding.html (version 23: input, cosines, sines, optional positions). Rotates pairs of elements of
/// each head by angles that depend on the position; the pairs are the two halves of the rotated part, or neighbours (<c>interleaved</c>).
/// <para>
/// com.microsoft's operator of the same name (input, positions, cosines, sines) is normalised into it; its attribute <c>scale</c> changes nothing, as in ONNX Runtime. Packed batches have their own positions for each token, as all others have.
/// </para>
/// <para>
/// The compiler's own operator of the name also takes tables with an entry for each element of a pair (as wide as the rotated part), and, for inputs of rank 4,
/// tables of rank 4 that broadcast to the input: spellings that multiply with such tables need no others made for them.
/// </para>
/// 16-bit types are rotated in float32; float64 is written with simpler operators.
/// </summary>
internal sealed class RotaryEmbeddingOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new RotaryEmbeddingOperators("", [23]),
        new RotaryEmbeddingOperators(OperatorRegistry.InternalDomain, [1]),
        new RotaryEmbeddingOperators(PointwiseFunction.MicrosoftDomain, [1]),
    ];

    private RotaryEmbeddingOperators(string domain, int[] versions)
    {
        Domain = domain;
        Versions = versions;
    }

    public override string Domain { get; }

    public override string Type => "RotaryEmbedding";

    public override IReadOnlyList<int> Versions { get; }

    private bool IsContrib => Domain == PointwiseFunction.MicrosoftDomain;

    private bool IsInternal => Domain == OperatorRegistry.InternalDomain;

    public override void Infer(Node node, InferenceContext context)
    {
        Value input = node.Input(0);
        ElementTypeSet.Floating.Require(node, 0);
        if (input.Shape.Rank is not (3 or 4))
        {
            throw new ModelException(node, $"the input must have rank 3 or 4, but is {input.Shape}");
        }

        if (IsContrib && node.Input(1).Shape is { Rank: 2 } positions)
        {
            context.RequireEqual(node, positions[0], input.Shape[0], "the rows of positions and of the input");
            context.RequireEqual(node, positions[1], input.Shape[input.Shape.Rank == 4 ? 2 : 1], "the positions and the input's sequence");
        }

        if (!IsContrib)
        {
            var layout = new RotaryLayout(node);
            if (!IsInternal && layout.HasEntryPerElement)
            {
                throw new ModelException(node, $"tables of {layout.Cosine.Shape} do not fit {layout.RotarySize} rotated elements");
            }

            if (!layout.HasEntryPerElement)
            {
                context.RequireEqual(node, layout.RotarySize, layout.Cosine.Shape[layout.Cosine.Shape.Rank - 1] * 2, "rotated elements and the tables' entries");
            }

            RequirePositions(node, layout, context);
        }

        context.SetType(node.Output, input.RequiredType);
    }

    /// <summary>Positions, or tables without any, are for the input's batch and sequence; those for a batch of 1 are for every row.</summary>
    private static void RequirePositions(Node node, RotaryLayout layout, InferenceContext context)
    {
        Dimension batch = layout.Input.Shape[0];
        if ((layout.Positions?.Shape ?? layout.Cosine.Shape) is not { Rank: < 4 } given)
        {
            ShapeMath.BroadcastsTo(node, new Shape([.. layout.Cosine.Shape.Take(3)]), new Shape([batch, layout.Heads, layout.Sequence]), context);
            return;
        }

        if ((given[0].Value != 1 && (given[0] - batch).Value is not (null or 0)) || (given[1] - layout.Sequence).Value is not (null or 0))
        {
            throw new ModelException(node, $"{(layout.Positions is null ? "tables" : "positions")} of {given} do not fit {batch} rows of {layout.Sequence} positions");
        }

        if (given[0].Value != 1)
        {
            context.RequireEqual(node, given[0], batch, "the rows of positions and of the input");
        }

        context.RequireEqual(node, given[1], layout.Sequence, "the positions and the input's sequence");
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        if (!IsContrib)
        {
            return false;
        }

        Value x = node.Input(0);
        Value cosine = node.Input(2);
        long heads = node.IntegerAttribute("num_heads", 0);
        if (x.Shape.Rank == 3 && heads == 0)
        {
            // Without the attribute the tables' width says how large a head is.
            Dimension count = Dimension.FloorDivide(x.Shape[2], cosine.Shape[cosine.Shape.Rank - 1] * 2);
            heads = count.Value ?? throw ModelException.Unsupported(node, $"an open number of heads ('{count}')");
        }

        context.Replace(node.Output, context.Add(
            "RotaryEmbedding",
            [("num_heads", heads), ("interleaved", node.IntegerAttribute("interleaved", 0)), ("rotary_embedding_dim", node.IntegerAttribute("rotary_embedding_dim", 0))],
            x, cosine, node.Input(3), Positions(node, context)));
        return true;
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value x = node.Input(0);
        if (x.ElementType == ElementType.Float64)
        {
            context.Replace(node.Output, RotaryFormula.Write(new RotaryLayout(node), formula, context));
            return true;
        }

        if (x.ElementType == ElementType.Float32 && node.Inputs.Skip(1).Take(2).All(table => table!.ElementType == ElementType.Float32)
            && node.OptionalInput(3) is null or { ElementType: ElementType.Int64 })
        {
            return false;
        }

        Node wide = context.AddCopy(node, [.. node.Inputs.Select((input, index) =>
            input is null ? null : formula.Cast(input, index == 3 ? ElementType.Int64 : ElementType.Float32))]);
        context.Replace(node.Output, formula.Cast(wide.Output, x.ElementType));
        return true;
    }

    public override void Lower(Node node, LoweringContext context)
    {
        var layout = new RotaryLayout(node);
        Value x = node.Input(0);
        View whole = context.Read(x);
        View input = AttentionViews.ByHead(whole, layout.Heads, layout.HeadSize, context, node);
        View output = AttentionViews.ByHead(context.Write(node.Output), layout.Heads, layout.HeadSize, context, node);
        View? ids = layout.Positions is null ? null : context.ReadContiguous(layout.Positions);
        View cosines = Table(layout.Cosine, layout, input.Shape, context);
        View sines = Table(layout.Sine, layout, input.Shape, context);
        if (!cosines.Strides.SequenceEqual(sines.Strides))
        {
            cosines = TableOf(context.ReadContiguous(layout.Cosine), layout, input.Shape);
            sines = TableOf(context.ReadContiguous(layout.Sine), layout, input.Shape);
        }

        context.Add(Rotation(null));

        // Into a cache where that holds what is rotated as it is.
        Kernel Rotation(CacheAppend? append) => new("rotary embedding", node, ids is null ? [input, cosines, sines] : [input, cosines, sines, ids], append is null ? [output] : [], writer =>
        {
            using (writer.Block("var rotary = new RotaryArguments").AsInitializer())
            {
                writer.Line($"Input = {writer.Pointer(input)},");
                writer.Line($"InputBatchStride = {Native(input.Strides[0])}, InputSequenceStride = {Native(input.Strides[1])}, InputHeadStride = {Native(input.Strides[2])},");
                if (append is null)
                {
                    writer.Line($"Output = {writer.Pointer(output)},");
                    writer.Line($"OutputBatchStride = {Native(output.Strides[0])}, OutputSequenceStride = {Native(output.Strides[1])}, OutputHeadStride = {Native(output.Strides[2])},");
                }
                else
                {
                    writer.Line($"OutputRows = {append.Rows(writer)},");
                }

                writer.Line($"Batch = {Native(input.Shape[0])}, Sequence = {Native(input.Shape[1])}, Heads = {Native(layout.Heads)}, HeadSize = {Native(layout.HeadSize)}, RotarySize = {Native(layout.RotarySize)},");
                writer.Line($"Cosine = {writer.Pointer(cosines)}, Sine = {writer.Pointer(sines)}, TablePositions = {writer.Size(layout.TablePositions)},");
                if (ids is not null)
                {
                    writer.Line($"TableStride = {Native(cosines.Strides[0])},");
                    writer.Line($"PositionIds = {writer.Pointer(ids)}, PositionBatchStride = {Native(ids.Broadcast(new Shape([input.Shape[0], input.Shape[1]])).Strides[0])},");
                }
                else
                {
                    writer.Line($"TableBatchStride = {Native(cosines.Strides[0])}, TableStride = {Native(cosines.Strides[1])}, TableHeadStride = {Native(cosines.Strides[2])},");
                }

                if (layout.HasEntryPerElement)
                {
                    writer.Line(layout.IsInterleaved
                        ? "TablePairOffset = 1, TablePairStride = 2,"
                        : $"TablePairOffset = {Native(Dimension.FloorDivide(layout.RotarySize, 2))},");
                }

                writer.Line($"Interleaved = {(layout.IsInterleaved ? "true" : "false")},");
            }

            writer.Line("RotaryEmbedding.Run(Workers, rotary);");

            string Native(Dimension size) => size.IsStatic ? writer.Size(size) : $"(nint){writer.Size(size)}";
        })
        {
            Summary = $"rotates {layout.RotarySize} of {layout.HeadSize} elements of {layout.Heads} heads{(append is null ? "" : ", into the session's cache")}",
            MayOverwrite = whole.IsContiguous && append is null ? [whole] : [],
            UpdatesState = append is not null,
            Redirect = append is null ? copy => copy.Source.IsSame(output) && copy.Source.ElementType == ElementType.Float32 ? Rotation(copy) : null : null,
        };
    }

    /// <summary>A table by position [positions, width], or by batch, position and head.</summary>
    private static View Table(Value table, RotaryLayout layout, Shape space, LoweringContext context)
    {
        View view = context.Read(table);
        bool isDense = view.Strides[view.Rank - 1] == Dimension.One || view.Shape[view.Rank - 1].Value == 1;
        return TableOf(isDense ? view : context.ReadContiguous(table), layout, space);
    }

    private static View TableOf(View view, RotaryLayout layout, Shape space)
    {
        if (layout.Positions is not null)
        {
            return view;
        }

        // [batch, sequence, width], or as the input of rank 4: [batch, heads, sequence, width].
        View byHead = view.Rank == 3 ? view.Reshape(new Shape([view.Shape[0], view.Shape[1], Dimension.One, view.Shape[2]]))! : view.Permute([0, 2, 1, 3]);
        return byHead.Broadcast(new Shape([space[0], space[1], space[2], view.Shape[view.Rank - 1]]));
    }

    /// <summary>com.microsoft's positions as ONNX's: one number that the first position starts from becomes all of them.</summary>
    private static Value Positions(Node node, ExpansionContext context)
    {
        Value positions = node.Input(1);
        if (positions.Shape.Rank == 2)
        {
            return positions;
        }

        var formula = new Formula(context);
        long axis = node.Input(0).Shape.Rank == 4 ? 2 : 1;
        Value length = formula.Squeeze(context.Add("Shape", [("start", axis), ("end", axis + 1)], node.Input(0)), [0]);
        Value steps = context.Add("Range", context.Literal(0, ElementType.Int64), length, context.Literal(1, ElementType.Int64));
        return context.Add("Unsqueeze", formula.Add(formula.Cast(positions, ElementType.Int64), steps), context.Integers(0));
    }
}

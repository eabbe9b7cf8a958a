using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// RotaryEmbedding: https://onnx.ai/onnx/operators/onnx__RotaryEmbedding.html (version 23: input, cosines, sines, optional positions) and com.microsoft's operator of
/// the same name (input, positions, cosines, sines). Rotates pairs of elements of each head by angles that depend on the position; the pairs are the two halves of the
/// rotated part, or neighbours (<c>interleaved</c>). float32 only; packed batches and other scales than 1 of com.microsoft's are refused.
/// </summary>
internal sealed class RotaryEmbeddingOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new RotaryEmbeddingOperators(""), new RotaryEmbeddingOperators("com.microsoft")];

    private RotaryEmbeddingOperators(string domain)
    {
        Domain = domain;
    }

    public override string Domain { get; }

    public override string Type => "RotaryEmbedding";

    public override IReadOnlyList<int> Versions => Domain.Length == 0 ? [23] : [1];

    private bool IsContrib => Domain.Length > 0;

    public override void Infer(Node node, InferenceContext context)
    {
        Value input = node.Input(0);
        if (input.ElementType != ElementType.Float32)
        {
            throw ModelException.Unsupported(node, $"elements of type {input.ElementType.OnnxName()}");
        }

        if (input.Shape.Rank is not (3 or 4))
        {
            throw new ModelException(node, $"the input must have rank 3 or 4, but is {input.Shape}");
        }

        if (IsContrib && node.FloatAttribute("scale", 1) != 1)
        {
            throw ModelException.Unsupported(node, $"scale {node.FloatAttribute("scale", 1)}");
        }

        if (IsContrib && node.IntegerAttribute("is_packed_batching", 0) != 0)
        {
            throw ModelException.Unsupported(node, "packed batching");
        }

        context.SetType(node.Output, input.RequiredType);
    }

    public override void Lower(Node node, LoweringContext context)
    {
        Value x = node.Input(0);
        Value cosine = node.Input(IsContrib ? 2 : 1);
        Value sine = node.Input(IsContrib ? 3 : 2);
        Value? positions = IsContrib ? node.Input(1) : node.OptionalInput(3);
        (Dimension heads, Dimension headSize) = Heads(node, x, cosine);
        long rotarySize = node.IntegerAttribute("rotary_embedding_dim", 0);
        Dimension rotated = rotarySize > 0 ? rotarySize : headSize;

        View input = AttentionViews.ByHead(context.Read(x), heads, headSize, context, node);
        View output = AttentionViews.ByHead(context.Write(node.Output), heads, headSize, context, node);
        View cosines = context.ReadContiguous(cosine);
        View sines = context.ReadContiguous(sine);
        View? ids = positions is null ? null : context.ReadContiguous(positions);
        if (positions is { ElementType: not ElementType.Int64 })
        {
            throw ModelException.Unsupported(node, $"positions of type {positions.ElementType.OnnxName()}");
        }

        View whole = context.Read(x);
        context.Add(new Kernel("rotary embedding", node, ids is null ? [input, cosines, sines] : [input, cosines, sines, ids], [output], writer =>
        {
            using (writer.Block("var rotary = new RotaryArguments").AsInitializer())
            {
                writer.Line($"Input = {writer.Pointer(input)},");
                writer.Line($"InputBatchStride = {Native(input.Strides[0])}, InputSequenceStride = {Native(input.Strides[1])}, InputHeadStride = {Native(input.Strides[2])},");
                writer.Line($"Output = {writer.Pointer(output)},");
                writer.Line($"OutputBatchStride = {Native(output.Strides[0])}, OutputSequenceStride = {Native(output.Strides[1])}, OutputHeadStride = {Native(output.Strides[2])},");
                writer.Line($"Batch = {Native(input.Shape[0])}, Sequence = {Native(input.Shape[1])}, Heads = {Native(heads)}, HeadSize = {Native(headSize)}, RotarySize = {Native(rotated)},");
                writer.Line($"Cosine = {writer.Pointer(cosines)}, Sine = {writer.Pointer(sines)}, TablePositions = {writer.Size(cosine.Shape[cosine.Shape.Rank - 2])},");
                if (ids is not null && ids.Rank == 2)
                {
                    writer.Line($"PositionIds = {writer.Pointer(ids)}, PositionBatchStride = {Native(ids.Shape[0].Value == 1 ? Dimension.Zero : ids.Shape[1])},");
                }
                else if (ids is not null)
                {
                    // com.microsoft: one number that the first position starts from.
                    writer.Line($"PositionOffset = *{writer.Pointer(ids)},");
                }
                else
                {
                    writer.Line($"TableBatchStride = {Native(cosine.Shape[1] * cosine.Shape[2])},");
                }

                writer.Line($"Interleaved = {(node.IntegerAttribute("interleaved", 0) != 0 ? "true" : "false")},");
            }

            writer.Line("RotaryEmbedding.Run(Workers, rotary);");

            string Native(Dimension size) => size.IsStatic ? writer.Size(size) : $"(nint){writer.Size(size)}";
        })
        {
            Summary = $"rotates {rotated} of {headSize} elements of {heads} heads",
            MayOverwrite = whole.IsContiguous ? [whole] : [],
        });
    }

    private (Dimension Heads, Dimension HeadSize) Heads(Node node, Value x, Value cosine)
    {
        if (x.Shape.Rank == 4)
        {
            return (x.Shape[1], x.Shape[3]);
        }

        long heads = node.IntegerAttribute("num_heads", 0);
        if (heads > 0)
        {
            return (heads, Dimension.FloorDivide(x.Shape[2], heads));
        }

        if (!IsContrib)
        {
            throw new ModelException(node, "an input of rank 3 needs the attribute num_heads");
        }

        // Without the attribute the tables' width says how large a head is.
        Dimension size = cosine.Shape[cosine.Shape.Rank - 1] * 2;
        return (Dimension.FloorDivide(x.Shape[2], size), size);
    }
}

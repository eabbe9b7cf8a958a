using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Attention: https://onnx.ai/onnx/operators/onnx__Attention.html. Version 23: query, key, value as [batch, sequence, heads · size] or [batch, heads, sequence, size],
/// optional mask (boolean: attend; float: added) and past keys and values; version 24 adds <c>nonpad_kv_seqlen</c>. Past and present that the session keeps
/// (<see cref="Graph.States"/>) are appended in place; others are concatenated into the present's memory. Refused for now: the score output,
/// <c>nonpad_kv_seqlen</c>, other types than float32.
/// </summary>
internal sealed class AttentionOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new AttentionOperator()];

    public override string Type => "Attention";

    public override IReadOnlyList<int> Versions => [23, 24];

    public override void Infer(Node node, InferenceContext context)
    {
        Value query = node.Input(0);
        Value key = node.Input(1);
        Value value = node.Input(2);
        if (query.ElementType != ElementType.Float32 || key.ElementType != ElementType.Float32 || value.ElementType != ElementType.Float32)
        {
            throw ModelException.Unsupported(node, "elements of other types than float");
        }

        if (node.OptionalOutput(3) is not null)
        {
            throw ModelException.Unsupported(node, "the output of the scores (qk_matmul_output)");
        }

        if (node.OptionalInput(6) is not null)
        {
            throw ModelException.Unsupported(node, "nonpad_kv_seqlen");
        }

        var sizes = new AttentionSizes(node);
        Shape output = query.Shape.Rank == 3
            ? new Shape([sizes.Batch, sizes.QueryLength, sizes.QueryHeads * sizes.ValueHeadSize])
            : new Shape([sizes.Batch, sizes.QueryHeads, sizes.QueryLength, sizes.ValueHeadSize]);
        context.SetType(node.Output, new TensorType(ElementType.Float32, output));
        if (node.OptionalOutput(1) is { } presentKey)
        {
            context.SetType(presentKey, new TensorType(ElementType.Float32, new Shape([sizes.Batch, sizes.KeyHeads, sizes.TotalLength, sizes.HeadSize])));
        }

        if (node.OptionalOutput(2) is { } presentValue)
        {
            context.SetType(presentValue, new TensorType(ElementType.Float32, new Shape([sizes.Batch, sizes.KeyHeads, sizes.TotalLength, sizes.ValueHeadSize])));
        }
    }

    public override void Lower(Node node, LoweringContext context)
    {
        var sizes = new AttentionSizes(node);
        View query = AttentionViews.ByHead(context.Read(node.Input(0)), sizes.QueryHeads, sizes.HeadSize, context, node);
        View key = AttentionViews.ByHead(context.Read(node.Input(1)), sizes.KeyHeads, sizes.HeadSize, context, node);
        View value = AttentionViews.ByHead(context.Read(node.Input(2)), sizes.KeyHeads, sizes.ValueHeadSize, context, node);
        StatePair? keyState = node.OptionalInput(4) is { } past ? context.State(past) : null;
        StatePair? valueState = node.OptionalInput(5) is { } pastValue ? context.State(pastValue) : null;
        if (keyState is null)
        {
            key = Present(node, context, key, node.OptionalInput(4), node.OptionalOutput(1));
            value = Present(node, context, value, node.OptionalInput(5), node.OptionalOutput(2));
        }

        View? mask = node.OptionalInput(3) is { } maskValue ? Mask(node, context, maskValue, sizes) : null;
        View whole = context.Write(node.Output);
        View output = AttentionViews.ByHead(whole, sizes.QueryHeads, sizes.ValueHeadSize, context, node);
        List<View> reads = [query, key, value];
        if (mask is not null)
        {
            reads.Add(mask);
        }

        context.Add(new Kernel("attention", node, reads, [output], writer => Emit(node, writer, sizes, query, key, value, mask, output, keyState, valueState))
        {
            UpdatesState = keyState is not null,
            Summary = $"{sizes.QueryHeads} query heads of {sizes.HeadSize} on {sizes.KeyHeads} key heads{(node.IntegerAttribute("is_causal", 0) != 0 ? ", causal" : "")}{(keyState is null ? "" : ", over the session's cache")}",
            MultiplyAdds = sizes.Batch * sizes.QueryHeads * sizes.QueryLength * sizes.TotalLength * (sizes.HeadSize + sizes.ValueHeadSize),
        });
    }

    private static void Emit(Node node, Emitting.KernelWriter writer, AttentionSizes sizes, View query, View key, View value, View? mask, View output, StatePair? keyState, StatePair? valueState)
    {
        if (keyState is not null)
        {
            writer.Line($"Attention.AppendToCache(Workers, {writer.Sequence}, {writer.State(keyState)}, {writer.Pointer(key)}, {Strides(key)});");
            writer.Line($"Attention.AppendToCache(Workers, {writer.Sequence}, {writer.State(valueState!)}, {writer.Pointer(value)}, {Strides(value)});");
        }

        using (writer.Block("var attention = new AttentionArguments").AsInitializer())
        {
            WriteOperand("Query", query);
            WriteOperand("Output", output);
            if (keyState is null)
            {
                WriteOperand("Key", key);
                WriteOperand("Value", value);
                writer.Line($"KeyHeads = {Native(sizes.KeyHeads)}, HeadSize = {Native(sizes.HeadSize)}, ValueHeadSize = {Native(sizes.ValueHeadSize)}, KeyLength = {Native(sizes.TotalLength)},");
                writer.Line($"CausalOffset = {Native(sizes.PastLength)},");
            }

            writer.Line($"Batch = {Native(sizes.Batch)}, QueryLength = {Native(sizes.QueryLength)}, QueryHeads = {Native(sizes.QueryHeads)},");
            writer.Line($"Scale = {Scale(node, sizes, writer)}, SoftCap = {KernelText.Float(node.FloatAttribute("softcap", 0))}, IsCausal = {KernelText.Boolean(node.IntegerAttribute("is_causal", 0) != 0)},");
        }

        if (keyState is not null)
        {
            writer.Line($"attention.ReadKeys({writer.State(keyState)});");
            writer.Line($"attention.ReadValues({writer.State(valueState!)});");
            writer.Line($"attention.UsePlan({writer.Sequence});");
        }

        writer.Line($"Attention.Run(Workers, attention, {Modifier()});");

        string Native(Dimension size) => size.IsStatic ? writer.Size(size) : $"(nint){writer.Size(size)}";
        string Strides(View view) => $"{Native(view.Strides[0])}, {Native(view.Strides[1])}, {Native(view.Strides[2])}";
        void WriteOperand(string name, View view)
        {
            writer.Line($"{name} = {writer.Pointer(view)},");
            writer.Line($"{name}BatchStride = {Native(view.Strides[0])}, {name}SequenceStride = {Native(view.Strides[1])}, {name}HeadStride = {Native(view.Strides[2])},");
        }

        string Modifier()
        {
            if (mask is null)
            {
                return "default(NoScoreModifier)";
            }

            (string kind, string cast) = mask.ElementType == ElementType.Boolean ? ("BooleanMask", "(byte*)") : ("FloatMask", "");
            return $"new {kind}({cast}{writer.Pointer(mask)}, {Native(mask.Strides[0])}, {Native(mask.Strides[1])}, {Native(mask.Strides[2])}, {Native(mask.Strides[3])})";
        }
    }

    private static string Scale(Node node, AttentionSizes sizes, Emitting.KernelWriter writer)
    {
        float scale = node.FloatAttribute("scale", 0);
        return scale != 0 ? KernelText.Float(scale)
            : sizes.HeadSize.Value is { } size ? KernelText.Float((float)(1 / Math.Sqrt(size)))
            : $"1f / MathF.Sqrt({writer.Size(sizes.HeadSize)})";
    }

    /// <summary>The mask over [batch, heads, queries, keys], keys dense or repeated.</summary>
    private static View Mask(Node node, LoweringContext context, Value mask, AttentionSizes sizes)
    {
        if (mask.ElementType is not (ElementType.Boolean or ElementType.Float32))
        {
            throw ModelException.Unsupported(node, $"a mask of type {mask.ElementType.OnnxName()}");
        }

        View view = context.Read(mask);
        if (mask.Shape.Rank is < 2 or > 4)
        {
            throw new ModelException(node, $"the mask must have rank 2 to 4, but is {mask.Shape}");
        }

        Dimension keys = mask.Shape[mask.Shape.Rank - 1];
        if (keys != sizes.TotalLength && keys.Value != 1)
        {
            throw ModelException.Unsupported(node, $"a mask over {keys} of {sizes.TotalLength} keys");
        }

        View broadcast = view.Broadcast(new Shape([sizes.Batch, sizes.QueryHeads, sizes.QueryLength, sizes.TotalLength]));
        return broadcast.Strides[3] == Dimension.One || broadcast.Strides[3] == Dimension.Zero
            ? broadcast
            : context.MakeContiguous(view, node).Broadcast(broadcast.Shape);
    }

    /// <summary>Keys or values with their past before them, in the memory of the present where that is an output.</summary>
    private static View Present(Node node, LoweringContext context, View current, Value? past, Value? present)
    {
        if (past is null && present is null)
        {
            return current;
        }

        View byHead = current.Permute([0, 2, 1, 3]);
        Dimension pastLength = past?.Shape[2] ?? Dimension.Zero;
        var shape = new Shape([byHead.Shape[0], byHead.Shape[1], pastLength + byHead.Shape[2], byHead.Shape[3]]);
        View whole = present is null ? context.Scratch(node, ElementType.Float32, shape) : context.Write(present);
        if (past is not null)
        {
            context.Copy(context.Read(past), whole.Slice(2, Dimension.Zero, pastLength), node);
        }

        context.Copy(byHead, whole.Slice(2, pastLength, byHead.Shape[2]), node);
        return whole.Permute([0, 2, 1, 3]);
    }
}

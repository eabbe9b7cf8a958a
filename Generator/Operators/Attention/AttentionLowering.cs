using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>Turns one canonical attention into kernels: what joins past and new keys where the session does not keep them, and the attention itself.</summary>
internal sealed class AttentionLowering
{
    /// <summary>Numbers of constants that are looked at: slopes and the like. What is larger is rather a bias.</summary>
    private const int LargestTable = 4096;

    private readonly Node _node;
    private readonly LoweringContext _context;
    private readonly AttentionSizes _sizes;
    private readonly bool _isCausal;
    private readonly StatePair? _keyState;
    private readonly StatePair? _valueState;

    public AttentionLowering(Node node, LoweringContext context)
    {
        _node = node;
        _context = context;
        _sizes = new AttentionSizes(node);
        _isCausal = node.IntegerAttribute(AttentionNode.IsCausal, 0) != 0;
        _keyState = node.OptionalInput(AttentionNode.PastKey) is { } pastKey ? Cache(pastKey) : null;
        _valueState = node.OptionalInput(AttentionNode.PastValue) is { } pastValue ? Cache(pastValue) : null;

        // A state of another kind is memory that is read and replaced like any other.
        StatePair? Cache(Value past) => context.State(past) is { Kind: StateKind.KeyValueCache } state ? state : null;
    }

    private bool IsCached => _keyState is not null;

    private long MaskBlock => _node.IntegerAttribute(AttentionNode.MaskBlock, 1);

    public void Run()
    {
        View? scores = Scores();
        View query = AttentionViews.ByHead(_context.Read(_node.Input(AttentionNode.Query)), _sizes.QueryHeads, _sizes.HeadSize, _context, _node);
        View key = AttentionViews.ByHead(_context.Read(_node.Input(AttentionNode.Key)), _sizes.KeyHeads, _sizes.HeadSize, _context, _node);
        View value = AttentionViews.ByHead(_context.Read(_node.Input(AttentionNode.Value)), _sizes.KeyHeads, _sizes.ValueHeadSize, _context, _node);
        AttentionRows? rows = null;
        if (!IsCached)
        {
            // Of a state's sizes the session takes care.
            _sizes.Require(_context.Graph);
            rows = AttentionRows.Plan(_node, _sizes, _context);
            key = Present(rows, key, _node.OptionalInput(AttentionNode.PastKey), _node.OptionalOutput(AttentionNode.PresentKey));
            value = Present(rows, value, _node.OptionalInput(AttentionNode.PastValue), _node.OptionalOutput(AttentionNode.PresentValue));
        }

        View? mask = _node.OptionalInput(AttentionNode.Mask) is { } maskValue ? Mask(maskValue) : null;
        View? sink = _node.OptionalInput(AttentionNode.Sink) is { } sinkValue ? _context.ReadContiguous(sinkValue) : null;
        View[] tensors = [.. _node.Inputs.Skip(AttentionNode.InputCount).OfType<Value>().Select(ModificationTensor)];
        View output = Output();
        if (IsCached)
        {
            Append(key, _keyState!, "keys");
            Append(value, _valueState!, "values");
        }

        View?[] reads = [query, IsCached ? null : key, IsCached ? null : value, mask, sink, rows?.Keys, rows?.Offsets, .. tensors];
        View[] writes = scores is null ? [output] : [output, scores];
        _context.Add(new Kernel("attention", _node, [.. reads.Where(view => view is not null).Select(view => view!)], writes,
            writer => Emit(writer, query, key, value, Modifier(writer, mask, tensors), ProbabilityModifier(writer, tensors), sink, rows, output, scores))
        {
            UpdatesState = IsCached,
            Summary = $"{_sizes.QueryHeads} query heads of {_sizes.HeadSize} on {_sizes.KeyHeads} key heads{(_isCausal ? ", causal" : "")}{(IsCached ? ", over the session's cache" : "")}",
            MultiplyAdds = _sizes.Batch * _sizes.QueryHeads * _sizes.QueryLength * _sizes.TotalLength * (_sizes.HeadSize + _sizes.ValueHeadSize),
        });
    }

    /// <summary>Where the result goes, by head: in the order of axes in which it is read.</summary>
    private View Output()
    {
        bool isTransposed = _node.Output.Shape.Rank == 4 && !_context.IsOutput(_node.Output)
            && _node.Output.Consumers.All(reader => reader is { Type: "Transpose", Domain: "" } && TransposeOperator.Permutation(reader).SequenceEqual([0, 2, 1, 3]));
        if (!isTransposed)
        {
            return AttentionViews.ByHead(_context.Write(_node.Output), _sizes.QueryHeads, _sizes.ValueHeadSize, _context, _node);
        }

        Shape shape = _node.Output.Shape;
        View byHead = _context.Scratch(_node, _node.Output.ElementType, new Shape([shape[0], shape[2], shape[1], shape[3]]));
        _context.SetView(_node.Output, byHead.Permute([0, 2, 1, 3]));
        return byHead;
    }

    private void Emit(KernelWriter writer, View query, View key, View value, string modifier, string? probabilityModifier, View? sink, AttentionRows? rows, View output, View? scores)
    {
        using (writer.Block("var attention = new AttentionArguments").AsInitializer())
        {
            if (query.ElementType == ElementType.Float16)
            {
                writer.Line("Element = AttentionElement.Float16,");
            }

            WriteOperand(writer, "Query", query);
            WriteOperand(writer, "Output", output);
            if (!IsCached)
            {
                WriteOperand(writer, "Key", key);
                WriteOperand(writer, "Value", value);
                writer.Line($"KeyHeads = {Native(writer, _sizes.KeyHeads)}, HeadSize = {Native(writer, _sizes.HeadSize)}, ValueHeadSize = {Native(writer, _sizes.ValueHeadSize)}, KeyLength = {Native(writer, _sizes.TotalLength)},");
            }

            if (rows?.Keys is { } keys)
            {
                writer.Line($"KeyLengths = {writer.Pointer(keys)},");
            }

            if (rows?.Offsets is { } offsets)
            {
                writer.Line($"CausalOffsets = {writer.Pointer(offsets)},");
            }
            else if (!IsCached)
            {
                writer.Line($"CausalOffset = {Native(writer, _sizes.PastLength)},");
            }

            writer.Line($"Batch = {Native(writer, _sizes.Batch)}, QueryLength = {Native(writer, _sizes.QueryLength)}, QueryHeads = {Native(writer, _sizes.QueryHeads)},");
            writer.Line($"Scale = {Scale(writer)}, SoftCap = {KernelText.Float(_node.FloatAttribute(AttentionNode.SoftCap, 0))}, IsCausal = {KernelText.Boolean(_isCausal)},");
            if (_node.IntegerAttribute(AttentionNode.Window, 0) is var window and > 0)
            {
                writer.Line($"Window = {KernelText.Integer(Math.Min(window, int.MaxValue))},");
            }

            if (_node.StringAttribute(AttentionNode.FullyMasked, "zero") is var fullyMasked and not "zero")
            {
                writer.Line($"FullyMasked = FullyMaskedRows.{(fullyMasked == "nan" ? "NaN" : "Uniform")},");
            }

            if (probabilityModifier is not null && !KeepsZero())
            {
                writer.Line("WeighsUnseen = true,");
            }

            if (sink is not null)
            {
                writer.Line($"Sinks = {writer.Pointer(sink)},");
            }
        }

        if (IsCached)
        {
            writer.Line($"attention.ReadKeys({writer.State(_keyState!)});");
            writer.Line($"attention.ReadValues({writer.State(_valueState!)});");
            writer.Line($"attention.UsePlan({writer.Sequence});");
        }

        writer.Line($"Attention.Run(Workers, attention, {modifier}{(probabilityModifier is null ? "" : $", {probabilityModifier}")});");
        if (scores is not null)
        {
            if (IsCached)
            {
                writer.Line($"attention.KeyLength = {Native(writer, _sizes.TotalLength)};");
                writer.Line($"AttentionScores.RequireWholeRows({KernelText.Name(_node)}, {writer.Sequence}, attention.KeyLength);");
            }

            string stage = _node.IntegerAttribute(AttentionNode.ScoresMode, 0) switch { 0 => "Products", 1 => "Capped", 2 => "Masked", _ => "Weights" };
            writer.Line($"AttentionScores.Run(Workers, attention, {modifier}, AttentionScoreStage.{stage}, {writer.Pointer(scores)});");
        }
    }

    /// <summary>Copies new keys or values into their cache, unless what computes them can write them there (<see cref="CacheWriting"/>).</summary>
    private void Append(View source, StatePair state, string what) => _context.Add(new Kernel(
        "append",
        _node,
        [source],
        [],
        writer => writer.Line($"Attention.AppendToCache(Workers, {writer.Sequence}, {writer.State(state)}, {writer.Pointer(source)}, {Strides(writer, source)});"))
    {
        UpdatesState = true,
        Summary = $"new {what} into the session's cache",
        Append = new CacheAppend(source, writer => $"new CacheRows({writer.Sequence}, {writer.State(state)})"),
    });

    private View? Scores() => CanonicalAttentionOperator.IsRead(_node.OptionalOutput(AttentionNode.Scores), _context.IsOutput)
        ? _context.Write(_node.OptionalOutput(AttentionNode.Scores)!)
        : null;

    private static string Native(KernelWriter writer, Dimension size) => size.IsStatic ? writer.Size(size) : $"(nint){writer.Size(size)}";

    private static string Strides(KernelWriter writer, View view) => $"{Native(writer, view.Strides[0])}, {Native(writer, view.Strides[1])}, {Native(writer, view.Strides[2])}";

    private static void WriteOperand(KernelWriter writer, string name, View view)
    {
        writer.Line($"{name} = {writer.Pointer(view)},");
        writer.Line($"{name}BatchStride = {Native(writer, view.Strides[0])}, {name}SequenceStride = {Native(writer, view.Strides[1])}, {name}HeadStride = {Native(writer, view.Strides[2])},");
    }

    private string Modifier(KernelWriter writer, View? mask, IReadOnlyList<View> tensors)
    {
        if (_node.Attributes.TryGetValue(AttentionNode.Modification, out AttributeValue? attribute))
        {
            return ScoreModifierWriter.Write("ScoreModifier", "each score before the softmax", (AttentionModification)attribute.Value, tensors, writer);
        }

        if (mask is null)
        {
            return "default(NoScoreModifier)";
        }

        (string kind, string cast) = mask.ElementType == ElementType.Boolean ? ("BooleanMask", "(byte*)") : ("FloatMask", "");
        string strides = string.Join(", ", mask.Strides.Select(stride => Native(writer, stride)));
        if (MaskBlock > 1)
        {
            return $"new BlockMask({cast}{writer.Pointer(mask)}, {strides}, {Native(writer, mask.Shape[3])}, {MaskBlock})";
        }

        return $"new {kind}({cast}{writer.Pointer(mask)}, {strides}, {Native(writer, mask.Shape[3])})";
    }

    private string? ProbabilityModifier(KernelWriter writer, IReadOnlyList<View> tensors) => AttentionNode.ModificationOfProbabilities(_node) is { } modification
        ? ScoreModifierWriter.Write("ProbabilityModifier", "each probability before it weighs a value", modification, tensors, writer)
        : null;

    /// <summary>Whether keys that a query may not see weigh nothing for sure, whatever is done to probabilities.</summary>
    private bool KeepsZero() => AttentionNode.ModificationOfProbabilities(_node)!.KeepsZero(
        [.. _node.Inputs.Skip(AttentionNode.InputCount).Select(static tensor => tensor?.Constant is InlineConstant { Count: <= LargestTable } constant && constant.Type.ElementType.IsFloat()
            ? ConstantElements.ReadDoubles(constant).Select(static number => double.IsNaN(number) ? double.PositiveInfinity : Math.Abs(number)).DefaultIfEmpty(0).Max()
            : double.PositiveInfinity)]);

    private string Scale(KernelWriter writer) =>
        _node.HasAttribute(AttentionNode.Scale) ? KernelText.Float(_node.FloatAttribute(AttentionNode.Scale, 1))
            : _sizes.HeadSize.Value is { } size ? KernelText.Float((float)(1 / Math.Sqrt(size)))
            : $"1f / MathF.Sqrt({writer.Size(_sizes.HeadSize)})";

    /// <summary>A tensor that the modification reads, over [batch, heads, queries, keys].</summary>
    private View ModificationTensor(Value tensor)
    {
        var shape = new Shape([_sizes.Batch, _sizes.QueryHeads, _sizes.QueryLength, _sizes.TotalLength]);
        View view = _context.Read(tensor).Broadcast(shape);
        return ScoreModifierWriter.IsAddressable(view) ? view : _context.MakeContiguous(_context.Read(tensor), _node).Broadcast(shape);
    }

    /// <summary>The mask over [batch, heads, queries, keys], keys dense or repeated; only the keys it speaks of where it excludes the others.</summary>
    private View Mask(Value mask)
    {
        bool excludes = MaskBlock > 1 || _node.IntegerAttribute(AttentionNode.MaskExcludes, 0) != 0;
        View view = _context.Read(mask);
        RequireFit(mask.Shape, excludes);
        Dimension keys = excludes ? mask.Shape[mask.Shape.Rank - 1] : _sizes.TotalLength;
        var shape = new Shape([_sizes.Batch, _sizes.QueryHeads, _sizes.QueryLength, keys]);
        View broadcast = view.Broadcast(shape);
        return broadcast.Strides[3] == Dimension.One || broadcast.Strides[3] == Dimension.Zero
            ? broadcast
            : _context.MakeContiguous(view, _node).Broadcast(shape);
    }

    /// <summary>Sizes of the mask that only a run knows must be 1 or those of the attention.</summary>
    private void RequireFit(Shape mask, bool excludes)
    {
        Dimension[] sizes = [_sizes.Batch, _sizes.QueryHeads, _sizes.QueryLength, _sizes.TotalLength];
        for (int axis = 0; axis < mask.Rank - (excludes ? 1 : 0); axis++)
        {
            Dimension difference = mask[axis] - sizes[4 - mask.Rank + axis];
            if (difference.Value is null && mask[axis].Value != 1)
            {
                _context.Graph.Require(new SizeRequirement(difference * Dimension.Minimum(mask[axis] - 1, Dimension.One), 0, $"difference between axis {axis} of the mask and the scores of {_node}"));
            }
        }
    }

    /// <summary>Keys or values with their past before them, in the memory of the present where that is read.</summary>
    private View Present(AttentionRows? rows, View current, Value? past, Value? present)
    {
        bool isRead = CanonicalAttentionOperator.IsRead(present, _context.IsOutput);
        if (past is null && !isRead)
        {
            return current;
        }

        View byHead = current.Permute([0, 2, 1, 3]);
        Dimension pastLength = past?.Shape[2] ?? Dimension.Zero;
        var shape = new Shape([byHead.Shape[0], byHead.Shape[1], _sizes.TotalLength, byHead.Shape[3]]);
        View whole = isRead ? _context.Write(present!) : _context.Scratch(_node, current.ElementType, shape);
        if (past is not null && rows is not null)
        {
            rows.Join(_context.Read(past), byHead, whole);
            return whole.Permute([0, 2, 1, 3]);
        }

        if (past is not null)
        {
            _context.Copy(_context.Read(past), whole.Slice(2, Dimension.Zero, pastLength), _node);
        }

        _context.Copy(byHead, whole.Slice(2, pastLength, byHead.Shape[2]), _node);
        return whole.Permute([0, 2, 1, 3]);
    }
}

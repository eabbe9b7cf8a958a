using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// TensorScatter: https://onnx.ai/onnx/operators/onnx__TensorScatter.html (version 24). Writes an update [batch, …, new, …] into a cache [batch, …, columns, …] along one
/// axis, for each row of the batch from the position on that <c>write_indices</c> gives (0 without it). In mode <c>linear</c> what does not fit is an error of the
/// run; in mode <c>circular</c> it goes on at the front. A cache that is a state is written in place.
/// </summary>
internal sealed class TensorScatterOperator : Operator
{
    public const int Past = 0;
    public const int Update = 1;
    public const int WriteIndices = 2;

    public static readonly IReadOnlyList<Operator> All = [new TensorScatterOperator()];

    public override string Type => "TensorScatter";

    public override IReadOnlyList<int> Versions => [24];

    public static bool Is(Node node) => node is { Type: "TensorScatter", Domain: "" };

    public static bool IsCircular(Node node) => node.StringAttribute("mode", "linear") == "circular";

    /// <summary>The axis of positions.</summary>
    public static int Axis(Node node) => ShapeMath.Axis(node, node.IntegerAttribute("axis", -2), node.Input(Past).Shape.Rank);

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Movable.Require(node, Past);
        ElementTypeSet.RequireEqual(node, Past, Update);
        Shape past = node.Input(Past).Shape;
        Shape update = node.Input(Update).Shape;
        if (node.StringAttribute("mode", "linear") is var mode and not ("linear" or "circular"))
        {
            throw new ModelException(node, $"attribute 'mode' is '{mode}'");
        }

        int axis = Axis(node);
        if (axis == 0)
        {
            throw new ModelException(node, "the axis of positions cannot be the batch");
        }

        bool fits = update.Rank == past.Rank;
        for (int current = 0; fits && current < past.Rank; current++)
        {
            fits = (update[current] - past[current]).Value is not { } difference || (current == axis ? difference <= 0 : difference == 0);
        }

        if (!fits)
        {
            throw new ModelException(node, $"an update of shape {update} does not fit a cache of shape {past} along axis {axis}");
        }

        if (node.OptionalInput(WriteIndices) is { } indices && (indices.ElementType is not (ElementType.Int64 or ElementType.Int32) || indices.Shape.Rank != 1))
        {
            throw new ModelException(node, $"the write indices must be integers, one a row, but are {indices.RequiredType}");
        }

        context.SetType(node.Output, node.Input(Past).RequiredType);
    }

    /// <summary>Whether the session's plan of a run says where each row's tokens go: it has checked that they fit.</summary>
    private static bool IsPlanned(Node node, View target, LoweringContext context) => !IsCircular(node) && node.OptionalInput(WriteIndices) is { } indices
        && context.Graph.Sequence is { Lengths: { Kind: RowLengthsKind.WritePositions } lengths } sequence && lengths.Input == indices && target.Shape[2].Value == sequence.Capacity;

    public override void Lower(Node node, LoweringContext context)
    {
        View past = context.Read(node.Input(Past));
        int axis = Axis(node);
        View update = context.Read(node.Input(Update));
        // Heads before positions are written as they lie; other layouts are brought into [row, outer, position, block] first.
        bool isStrided = update.Rank == 4 && axis == 2 && update.Strides[3] == Dimension.One;
        update = isStrided ? update : context.MakeContiguous(update, node);
        View? indices = node.OptionalInput(WriteIndices) is { } write ? context.ReadContiguous(write) : null;
        bool isState = context.State(node.Input(Past)) is { Kind: StateKind.FixedCache } state && state.Output == node.Output;
        View target = past;
        if (isState)
        {
            context.SetView(node.Output, past);
        }
        else
        {
            target = context.Write(node.Output);
            context.Copy(past, target, node);
        }

        List<View> reads = indices is null ? [update] : [update, indices];
        if (!isState)
        {
            reads.Add(target);
        }

        context.Add(new Kernel("scatter", node, reads, [target], writer =>
        {
            string positions = indices is null ? "(long*)null" : writer.Pointer(indices);
            Dimension bytes = target.ElementType.Bytes();
            Dimension block = target.Shape.Product(axis + 1, target.Rank) * bytes;
            Dimension column = isStrided ? update.Strides[2] * bytes : block;
            Dimension outer = isStrided ? update.Strides[1] * bytes : update.Shape[axis] * block;
            Dimension row = isStrided ? update.Strides[0] * bytes : update.Shape.Product(1, axis) * outer;
            writer.Line($"CacheScatter.Write(Workers, {KernelText.Bytes(writer, update)}, ({writer.Size(row)}, {writer.Size(outer)}, {writer.Size(column)}), {KernelText.Bytes(writer, target)}, {positions}, "
                + $"{writer.Size(target.Shape[0])}, {writer.Size(target.Shape.Product(1, axis))}, {writer.Size(update.Shape[axis])}, {writer.Size(target.Shape[axis])}, {writer.Size(block)}, "
                + $"{KernelText.Boolean(IsCircular(node))}, {KernelText.Name(node)});");
        })
        {
            UpdatesState = isState,
            Append = isState && isStrided && IsPlanned(node, target, context) && target.ElementType == ElementType.Float32
                ? new CacheAppend(update.Permute([0, 2, 1, 3]), writer => $"new CacheRows({writer.Sequence}, {writer.Pointer(target)}, {KernelText.Native(writer, target.Strides[0])}, {KernelText.Native(writer, target.Strides[1])})")
                : null,
            Summary = isState ? "writes new tokens into the session's cache" : "writes new tokens into a copy of the cache",
        });
    }
}

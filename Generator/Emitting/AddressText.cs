using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Outlining;

namespace Cameo.Generator.Emitting;

/// <summary>C# of what differs between kernels that share their code: addresses, states, names.</summary>
internal sealed class AddressText(EmissionModel model)
{
    private readonly RepeatedValue _once = new([], model.Size, null);

    /// <summary>A typed pointer to a view's first element.</summary>
    public string Pointer(View view) => Pointer([view], _once);

    /// <summary>The same hole of all kernels that share a method.</summary>
    public string Hole(IReadOnlyList<Hole> holes, RepeatedValue values) => holes[0] switch
    {
        PointerHole => Pointer([.. holes.Select(hole => ((PointerHole)hole).View)], values),
        PoolHole => Slot([.. holes.Select(hole => ((PoolHole)hole).Buffer)], values),
        StateHole => State([.. holes.Select(hole => ((StateHole)hole).State)], values),
        CallHole call => $"{model.Method(model.Schedule.Site(model.Lowered.Kernels.IndexOf(call.Kernel)))}()",
        NameHole => CSharpText.Literal(Name([.. holes.Select(hole => ((NameHole)hole).Name)])),
        _ => throw new InvalidOperationException($"{holes[0]} has no spelling."),
    };

    private static string Name(IReadOnlyList<string> names) =>
        names.All(name => name == names[0]) ? names[0] : NamePattern.Find(names)?.ToString() ?? $"{names[0]} or a repetition of it";

    private string Slot(IReadOnlyList<MemoryBuffer> buffers, RepeatedValue values) =>
        values.Indices.Write([.. buffers.Select(buffer => Dimension.Of(model.Plan.PoolSlotOf[buffer]))], buffers[0].Name);

    private string State(IReadOnlyList<StatePair> states, RepeatedValue values) =>
        model.States.Element(states[0], values.Indices.Write([.. states.Select(state => Dimension.Of(model.States.IndexInField(state)))], "state"));

    private string Pointer(IReadOnlyList<View> views, RepeatedValue values)
    {
        View first = views[0];
        string type = StructParameters.TypeName(first.ElementType);
        string start = first.Buffer.Kind switch
        {
            MemoryKind.Weights => "Weights",
            MemoryKind.Prepared => "Prepared",
            MemoryKind.Arena when model.Plan.IsStatic => "Arena",
            MemoryKind.Arena => $"Arena + _offsets[{values.Indices.Write([.. views.Select(view => Dimension.Of(model.Plan.SlotOf[view.Buffer]))], first.Buffer.Name)}]",
            MemoryKind.Pooled => $"Pool[{Slot([.. views.Select(view => view.Buffer)], values)}]",
            MemoryKind.Input => values.Choose([.. views.Select(view => $"_input{view.Buffer.Index}")], "nint"),
            MemoryKind.Sequence => values.Choose([.. views.Select(view => $"_tensors{view.Buffer.Index}.Data")], "nint"),
            MemoryKind.State => $"{State([.. views.Select(view => model.Graph.States[view.Buffer.Index])], values)}.Data",
            MemoryKind.NextState => $"{State([.. views.Select(view => model.Graph.States[view.Buffer.Index])], values)}.Next",
            _ => throw new InvalidOperationException($"{first.Buffer} has no address."),
        };
        Dimension[] offsets = [.. views.Select(Offset)];
        if (offsets.All(offset => offset == Dimension.Zero))
        {
            return start.Contains(' ') && first.Buffer.Kind != MemoryKind.Input ? $"({type}*)({start})" : $"({type}*){start}";
        }

        // Inputs are pointers to void.
        string bytes = first.Buffer.Kind == MemoryKind.Input ? $"(byte*){start}" : start;
        return $"({type}*)({bytes} + {values.Write(offsets, first.Buffer.Name)})";
    }

    /// <summary>Bytes from the start of the memory that holds the buffer.</summary>
    private Dimension Offset(View view)
    {
        Dimension offset = view.Offset * view.ElementType.Bytes();
        return view.Buffer.Kind switch
        {
            MemoryKind.Weights => offset + model.Lowered.Weights[view.Buffer.Index].Offset,
            MemoryKind.Prepared => offset + model.Plan.PreparedOffsets[view.Buffer],
            MemoryKind.Arena when model.Plan.IsStatic => offset + model.Plan.Slots[model.Plan.SlotOf[view.Buffer]].Offset,
            _ => offset,
        };
    }
}

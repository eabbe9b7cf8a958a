using System.Globalization;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Emitting;

/// <summary>Writes one kernel: its method and the structs it needs.</summary>
internal sealed class ModelKernelWriter(EmissionModel model, string name) : KernelWriter
{
    private readonly CodeWriter _body = new();
    private readonly List<Action<CodeWriter>> _helpers = [];

    public override string Name => name;

    public string Body => _body.ToString();

    public IReadOnlyList<Action<CodeWriter>> Helpers => _helpers;

    public override void Line(string text = "") => _body.Line(text);

    public override CodeWriter.BlockScope Block(string head) => _body.Block(head);

    public override string Pointer(View view)
    {
        string type = StructParameters.TypeName(view.ElementType);
        MemoryBuffer buffer = view.Buffer;
        Dimension offset = view.Offset * view.ElementType.Bytes();
        return buffer.Kind switch
        {
            MemoryKind.Weights => Address(type, "Weights", model.Lowered.Weights[buffer.Index].Offset, offset),
            MemoryKind.Prepared => Address(type, "Prepared", model.Plan.PreparedOffsets[buffer], offset),
            MemoryKind.Arena when model.Plan.IsStatic => Address(type, "Arena", model.Plan.Slots[model.Plan.SlotOf[buffer]].Offset, offset),
            MemoryKind.Arena => Address(type, $"Arena + _offsets[{model.Plan.SlotOf[buffer]}]", 0, offset),
            MemoryKind.Input => offset == Dimension.Zero ? $"({type}*)_input{buffer.Index}" : Address(type, $"(byte*)_input{buffer.Index}", 0, offset),
            _ => throw new InvalidOperationException($"{buffer} has no address."),
        };
    }

    public override string Size(Dimension dimension) => model.Size(dimension);

    public override string State(StatePair state) => $"_state{model.Graph.States.IndexOf(state)}";

    public override void Helper(Action<CodeWriter> write) => _helpers.Add(write);

    public override string MatrixEpilogue(FusedEpilogue epilogue) => EpilogueWriter.WriteMatrix(epilogue, this);

    public override string ChannelEpilogue(FusedEpilogue epilogue) => EpilogueWriter.WriteChannel(epilogue, this);

    private string Address(string type, string start, long bytes, Dimension offset)
    {
        Dimension total = offset + bytes;
        string text = total == Dimension.Zero ? start
            : total.Value is { } known ? $"{start} + {known.ToString(CultureInfo.InvariantCulture)}"
            : $"{start} + {Size(total)}";
        return text == start && !start.Contains(' ') && !start.Contains('(') ? $"({type}*){start}" : $"({type}*)({text})";
    }
}

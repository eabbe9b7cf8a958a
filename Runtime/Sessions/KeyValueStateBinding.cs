using Cameo.States;

namespace Cameo.Sessions;

/// <summary>A key or value cache as a tensor [rows, heads, columns, headSize] of float32.</summary>
internal sealed class KeyValueStateBinding(SequenceState sequence, KeyValueBuffer buffer) : StateBinding
{
    // A cache of fixed shape is loaded whole, with more columns than tokens, and must come back with the same shape.
    private int _loadedColumns;

    public override bool CanRewind => true;

    public override void Load(string name, TensorView value)
    {
        CheckShape(name, [-1, buffer.Heads, -1, buffer.HeadSize], value.Shape);
        int rows = ToCount(name, 0, value.Shape[0]);
        int columns = ToCount(name, 2, value.Shape[2]);
        if (rows == 0)
        {
            throw new DimensionOutOfBoundsException($"{name}[0]", 0, 1, int.MaxValue, "");
        }

        buffer.Load(value.AsSpan<float>(), rows, columns);
        _loadedColumns = columns;
    }

    public override Tensor Read()
    {
        int columns = Math.Max(sequence.Position, _loadedColumns);
        var tensor = new Tensor(ElementType.Float32, sequence.Rows, buffer.Heads, columns, buffer.HeadSize);
        buffer.Read(tensor.AsSpan<float>(), columns);
        return tensor;
    }

    public override void Reset() => _loadedColumns = 0;

    public override void Rewound() => _loadedColumns = 0;

    public override void CopyFrom(StateBinding source) => _loadedColumns = ((KeyValueStateBinding)source)._loadedColumns;

    public override void Dispose() => buffer.Dispose();
}

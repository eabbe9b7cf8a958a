using Cameo.States;

namespace Cameo.Sessions;

/// <summary>A key or value cache as a tensor [rows, heads, columns, headSize].</summary>
/// <param name="sequence">The sequence that counts its tokens.</param>
/// <param name="buffer">The cache.</param>
/// <param name="elementType">Element type of the tensor.</param>
/// <param name="fixedColumns">Columns of the tensor where the model fixes them; 0 where it has as many as were presented.</param>
internal sealed class KeyValueStateBinding(SequenceState sequence, KeyValueBuffer buffer, ElementType elementType, int fixedColumns) : StateBinding
{
    // A cache of fixed shape is loaded whole, with more columns than tokens, and must come back with the same shape.
    private int _loadedColumns;

    public override bool CanRewind => true;

    public override void Load(string name, TensorView value)
    {
        CheckShape(name, [-1, buffer.Heads, fixedColumns > 0 ? fixedColumns : -1, buffer.HeadSize], value.Shape);
        int rows = ToCount(name, 0, value.Shape[0]);
        int columns = ToCount(name, 2, value.Shape[2]);
        if (rows == 0)
        {
            throw new DimensionOutOfBoundsException($"{name}[0]", 0, 1, int.MaxValue, "");
        }

        buffer.Load(CacheElements.Widen(value), rows, columns);
        _loadedColumns = columns;
    }

    public override Tensor Read()
    {
        int columns = Math.Max(Math.Max(sequence.Position, _loadedColumns), fixedColumns);
        var tensor = new Tensor(elementType, sequence.Rows, buffer.Heads, columns, buffer.HeadSize);
        if (elementType == ElementType.Float32)
        {
            buffer.Read(tensor.AsSpan<float>(), columns);
            return tensor;
        }

        var wide = new float[tensor.ElementCount];
        buffer.Read(wide, columns);
        CacheElements.Narrow(wide, tensor);
        return tensor;
    }

    public override void Reset() => _loadedColumns = 0;

    public override void Rewound(bool toTheBeginning) => _loadedColumns = 0;

    public override void CopyFrom(StateBinding source) => _loadedColumns = ((KeyValueStateBinding)source)._loadedColumns;

    public override void Dispose() => buffer.Dispose();
}

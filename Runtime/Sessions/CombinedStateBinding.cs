using Cameo.States;

namespace Cameo.Sessions;

/// <summary>A key and a value cache that the model has as one tensor [2, rows, heads, columns, headSize].</summary>
/// <param name="sequence">The sequence that counts their tokens.</param>
/// <param name="keys">The key cache.</param>
/// <param name="values">The value cache.</param>
/// <param name="elementType">Element type of the tensor.</param>
/// <param name="fixedColumns">Columns of the tensor where the model fixes them; 0 where it has as many as were presented.</param>
internal sealed class CombinedStateBinding(SequenceState sequence, KeyValueBuffer keys, KeyValueBuffer values, ElementType elementType, int fixedColumns) : StateBinding
{
    // As for a single cache: one of fixed shape comes back with that shape.
    private int _loadedColumns;

    public override bool CanRewind => true;

    public override void Load(string name, TensorView value)
    {
        CheckShape(name, [2, -1, keys.Heads, fixedColumns > 0 ? fixedColumns : -1, keys.HeadSize], value.Shape);
        int rows = ToCount(name, 1, value.Shape[1]);
        int columns = ToCount(name, 3, value.Shape[3]);
        if (rows == 0)
        {
            throw new DimensionOutOfBoundsException($"{name}[1]", 0, 1, int.MaxValue, "");
        }

        ReadOnlySpan<float> elements = CacheElements.Widen(value);
        int half = elements.Length / 2;
        keys.Load(elements[..half], rows, columns);
        values.Load(elements[half..], rows, columns);
        _loadedColumns = columns;
    }

    public override Tensor Read()
    {
        int columns = Math.Max(Math.Max(sequence.Position, _loadedColumns), fixedColumns);
        var tensor = new Tensor(elementType, 2, sequence.Rows, keys.Heads, columns, keys.HeadSize);
        Span<float> wide = elementType == ElementType.Float32 ? tensor.AsSpan<float>() : new float[tensor.ElementCount];
        int half = wide.Length / 2;
        keys.Read(wide[..half], columns);
        values.Read(wide[half..], columns);
        if (elementType != ElementType.Float32)
        {
            CacheElements.Narrow(wide, tensor);
        }

        return tensor;
    }

    public override void Reset() => _loadedColumns = 0;

    public override void Rewound(bool toTheBeginning) => _loadedColumns = 0;

    public override void CopyFrom(StateBinding source) => _loadedColumns = ((CombinedStateBinding)source)._loadedColumns;

    public override void Dispose()
    {
        keys.Dispose();
        values.Dispose();
    }
}

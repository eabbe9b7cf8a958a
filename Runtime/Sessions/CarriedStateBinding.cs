using Cameo.States;

namespace Cameo.Sessions;

/// <summary>A state that is a whole tensor.</summary>
/// <param name="state">The state.</param>
/// <param name="elementType">Type of its elements.</param>
/// <param name="shape">Declared sizes; −1 for open ones.</param>
/// <param name="sequence">The sequence that counts the tokens of a cache of fixed size; null for other states.</param>
/// <param name="columnAxis">The axis of the tokens of such a cache.</param>
internal sealed class CarriedStateBinding(CarriedState state, ElementType elementType, long[] shape, SequenceState? sequence, int columnAxis) : StateBinding
{
    private int _loadGeneration;

    public override bool CanRewind => state.Update == StateUpdate.Kept || sequence is not null;

    private CarriedState State => state;

    public override unsafe void Load(string name, TensorView value)
    {
        CheckShape(name, shape, value.Shape);
        if (sequence is not null)
        {
            int rows = ToCount(name, 0, value.Shape[0]);
            int columns = ToCount(name, columnAxis, value.Shape[columnAxis]);
            if (rows == 0)
            {
                throw new DimensionOutOfBoundsException($"{name}[0]", 0, 1, int.MaxValue, "");
            }

            _loadGeneration = sequence.PrepareLoad(rows, columns, _loadGeneration);
        }

        // The element count was checked against the tensor's, so it fits.
        state.Load(new ReadOnlySpan<byte>(value.Data, checked((int)(value.ElementCount * elementType.Bytes()))), value.Shape);
    }

    public override Tensor Read()
    {
        var tensor = new Tensor(elementType, state.Shape);
        state.Read(tensor.Bytes);
        return tensor;
    }

    public override void Reset() => state.Reset();

    // What tokens wrote that are gone is overwritten by the next ones; other states go back to the beginning.
    public override void Rewound(bool toTheBeginning)
    {
        if (toTheBeginning && !CanRewind)
        {
            state.Reset();
        }
    }

    public override void CopyFrom(StateBinding source) => state.CopyFrom(((CarriedStateBinding)source).State);

    public override void Dispose() => state.Dispose();
}

using Cameo.States;

namespace Cameo.Sessions;

/// <summary>A state of fixed shape that every run replaces.</summary>
internal sealed unsafe class CarriedStateBinding(CarriedState state, ElementType elementType, long[] shape) : StateBinding
{
    public override bool CanRewind => false;

    private CarriedState State => state;

    public override void Load(string name, TensorView value)
    {
        CheckShape(name, shape, value.Shape);
        state.Load(new ReadOnlySpan<byte>(value.Data, checked((int)state.Bytes)));
    }

    public override Tensor Read()
    {
        var tensor = new Tensor(elementType, shape);
        state.Read(tensor.Bytes);
        return tensor;
    }

    public override void Reset() => state.Reset();

    public override void CopyFrom(StateBinding source) => state.CopyFrom(((CarriedStateBinding)source).State);

    public override void Dispose() => state.Dispose();
}

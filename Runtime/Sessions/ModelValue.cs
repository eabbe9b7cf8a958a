namespace Cameo.Sessions;

/// <summary>A value of the untyped interface: a <see cref="Tensor"/>, a <see cref="TensorList"/> for a sequence, or a <see cref="TensorMap"/> for a map. An optional that holds nothing is <see langword="null"/>.</summary>
public abstract class ModelValue
{
    private protected ModelValue()
    {
    }
}

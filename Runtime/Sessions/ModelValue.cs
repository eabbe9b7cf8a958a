namespace Cameo.Sessions;

/// <summary>A value of the untyped interface: a <see cref="Tensor"/>, or a <see cref="TensorList"/> for a sequence. An optional that holds nothing is <see langword="null"/>.</summary>
public abstract class ModelValue
{
    private protected ModelValue()
    {
    }
}

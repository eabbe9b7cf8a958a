using System.Collections;

namespace Cameo.Sessions;

/// <summary>A sequence of tensors of the untyped interface. All have one element type; each has its own shape.</summary>
public sealed class TensorList : ModelValue, IReadOnlyList<Tensor>
{
    private readonly Tensor[] _tensors;

    /// <summary>A sequence of tensors.</summary>
    /// <param name="elementType">Type of their elements.</param>
    /// <param name="tensors">The tensors; none for an empty sequence.</param>
    /// <exception cref="ArgumentException">A tensor has elements of another type.</exception>
    public TensorList(ElementType elementType, params IEnumerable<Tensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        ElementType = elementType;
        _tensors = [.. tensors];
        foreach (Tensor tensor in _tensors)
        {
            ArgumentNullException.ThrowIfNull(tensor, nameof(tensors));
            if (tensor.ElementType != elementType)
            {
                throw new ArgumentException($"A sequence of {elementType} tensors cannot hold one of {tensor.ElementType}.", nameof(tensors));
            }
        }
    }

    /// <summary>Type of all tensors' elements.</summary>
    public ElementType ElementType { get; }

    /// <summary>Number of tensors.</summary>
    public int Count => _tensors.Length;

    /// <summary>A tensor.</summary>
    /// <param name="index">Its position, from 0 on.</param>
    public Tensor this[int index] => _tensors[index];

    /// <inheritdoc/>
    public IEnumerator<Tensor> GetEnumerator() => ((IEnumerable<Tensor>)_tensors).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _tensors.GetEnumerator();
}

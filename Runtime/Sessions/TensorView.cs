using System.Runtime.InteropServices;

namespace Cameo.Sessions;

/// <summary>A tensor in memory that belongs to somebody else: contiguous, row-major. Valid until its session runs again or is disposed.</summary>
/// <param name="data">First element.</param>
/// <param name="elementType">Type of the elements.</param>
/// <param name="shape">Sizes of the dimensions, outermost first; empty for a scalar.</param>
/// <param name="texts">What the elements of a string tensor are handles of; null for other types.</param>
public readonly unsafe ref struct TensorView(void* data, ElementType elementType, ReadOnlySpan<long> shape, SessionTexts? texts = null)
{
    private readonly SessionTexts? _texts = texts;

    /// <summary>First element.</summary>
    public void* Data { get; } = data;

    /// <summary>Type of the elements.</summary>
    public ElementType ElementType { get; } = elementType;

    /// <summary>Sizes of the dimensions, outermost first; empty for a scalar.</summary>
    public ReadOnlySpan<long> Shape { get; } = shape;

    /// <summary>Number of elements.</summary>
    public long ElementCount => ElementTypes.CountElements(Shape);

    /// <summary>The elements.</summary>
    /// <typeparam name="T">The .NET type of <see cref="ElementType"/>.</typeparam>
    /// <exception cref="InvalidOperationException">The elements have another type.</exception>
    /// <exception cref="OverflowException">There are more than a span can hold.</exception>
    public ReadOnlySpan<T> AsSpan<T>()
        where T : unmanaged
    {
        Tensor.CheckElementType<T>(ElementType);
        return new ReadOnlySpan<T>(Data, checked((int)ElementCount));
    }

    /// <summary>A copy that stays valid.</summary>
    /// <exception cref="InvalidOperationException">The elements are strings, and the view was made without the texts.</exception>
    public Tensor ToTensor()
    {
        if (ElementType == ElementType.String)
        {
            return Tensor.Create(ReadTexts(), Shape);
        }

        var copy = new Tensor(ElementType, Shape);
        fixed (byte* target = &MemoryMarshal.GetReference(copy.Bytes))
        {
            Buffer.MemoryCopy(Data, target, copy.Bytes.Length, copy.Bytes.Length);
        }

        return copy;
    }

    private string[] ReadTexts()
    {
        SessionTexts table = _texts ?? throw new InvalidOperationException("The view has handles of strings but not the strings.");
        var texts = new string[checked((int)ElementCount)];
        for (int index = 0; index < texts.Length; index++)
        {
            texts[index] = table[((long*)Data)[index]];
        }

        return texts;
    }
}

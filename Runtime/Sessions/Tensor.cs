using System.Runtime.InteropServices;

namespace Cameo.Sessions;

/// <summary>
/// A tensor of the untyped interface: element type, shape and contiguous row-major elements in managed memory. Elements of
/// less than a byte take a whole one; those of a string tensor are <see cref="Texts"/>.
/// </summary>
public sealed class Tensor : ModelValue
{
    private readonly byte[] _bytes;
    private readonly long[] _shape;
    private readonly string[]? _texts;

    /// <summary>A tensor of zeros, or of empty strings.</summary>
    /// <param name="elementType">Type of the elements.</param>
    /// <param name="shape">Sizes of the dimensions, outermost first; empty for a scalar.</param>
    /// <exception cref="NotSupportedException">The elements have no fixed size.</exception>
    /// <exception cref="OverflowException">The tensor would take more than 2 GiB.</exception>
    public Tensor(ElementType elementType, params ReadOnlySpan<long> shape)
        : this(elementType, shape.ToArray(), elementType == ElementType.String ? [] : new byte[checked((int)(ElementTypes.CountElements(shape) * elementType.Bytes()))])
    {
        if (elementType == ElementType.String)
        {
            _texts = new string[checked((int)ElementTypes.CountElements(shape))];
            Array.Fill(_texts, "");
        }
    }

    private Tensor(ElementType elementType, long[] shape, byte[] bytes, string[]? texts = null)
    {
        ElementType = elementType;
        _shape = shape;
        _bytes = bytes;
        _texts = texts;
    }

    /// <summary>Type of the elements.</summary>
    public ElementType ElementType { get; }

    /// <summary>Sizes of the dimensions, outermost first; empty for a scalar.</summary>
    public ReadOnlySpan<long> Shape => _shape;

    /// <summary>Number of dimensions.</summary>
    public int Rank => _shape.Length;

    /// <summary>Number of elements.</summary>
    public int ElementCount => _texts?.Length ?? (_bytes.Length / ElementType.Bytes());

    /// <summary>The elements as bytes, in the machine's order; empty for strings.</summary>
    public Span<byte> Bytes => _bytes;

    /// <summary>The elements of a string tensor, which may be changed.</summary>
    /// <exception cref="InvalidOperationException">The elements have another type.</exception>
    public Span<string> Texts => _texts ?? throw new InvalidOperationException($"The tensor has elements of type {ElementType}, not strings.");

    /// <summary>A tensor with a copy of the values.</summary>
    /// <typeparam name="T">A .NET type that has an element type.</typeparam>
    /// <param name="values">The elements, row-major.</param>
    /// <param name="shape">Sizes of the dimensions, outermost first; empty for a scalar.</param>
    /// <exception cref="ArgumentException">The shape has another number of elements.</exception>
    public static Tensor Create<T>(ReadOnlySpan<T> values, params ReadOnlySpan<long> shape)
        where T : unmanaged
    {
        CheckCount(values.Length, shape, nameof(values));
        return new Tensor(ElementTypes.Of<T>(), shape.ToArray(), MemoryMarshal.AsBytes(values).ToArray());
    }

    /// <summary>A tensor with a copy of the values.</summary>
    /// <typeparam name="T">A .NET type that has an element type.</typeparam>
    /// <param name="values">The elements, row-major.</param>
    /// <param name="shape">Sizes of the dimensions, outermost first; empty for a scalar.</param>
    /// <exception cref="ArgumentException">The shape has another number of elements.</exception>
    public static Tensor Create<T>(T[] values, params ReadOnlySpan<long> shape)
        where T : unmanaged => Create(new ReadOnlySpan<T>(values), shape);

    /// <summary>A tensor with a copy of the strings.</summary>
    /// <param name="texts">The elements, row-major.</param>
    /// <param name="shape">Sizes of the dimensions, outermost first; empty for a scalar.</param>
    /// <exception cref="ArgumentException">The shape has another number of elements.</exception>
    public static Tensor Create(ReadOnlySpan<string> texts, params ReadOnlySpan<long> shape)
    {
        CheckCount(texts.Length, shape, nameof(texts));
        return new Tensor(ElementType.String, shape.ToArray(), [], texts.ToArray());
    }

    /// <summary>A tensor with a copy of the strings.</summary>
    /// <param name="texts">The elements, row-major.</param>
    /// <param name="shape">Sizes of the dimensions, outermost first; empty for a scalar.</param>
    /// <exception cref="ArgumentException">The shape has another number of elements.</exception>
    public static Tensor Create(string[] texts, params ReadOnlySpan<long> shape) => Create(new ReadOnlySpan<string>(texts), shape);

    /// <summary>A tensor with a copy of elements given as bytes, for types .NET does not have.</summary>
    /// <param name="elementType">Type of the elements, of fixed size.</param>
    /// <param name="bytes">The elements, row-major, in the machine's byte order.</param>
    /// <param name="shape">Sizes of the dimensions, outermost first; empty for a scalar.</param>
    /// <exception cref="ArgumentException">The shape needs another number of bytes.</exception>
    public static Tensor FromBytes(ElementType elementType, ReadOnlySpan<byte> bytes, params ReadOnlySpan<long> shape)
    {
        long expected = checked(ElementTypes.CountElements(shape) * elementType.Bytes());
        if (expected != bytes.Length)
        {
            throw new ArgumentException(
                $"A tensor of {elementType} and shape [{Join(shape)}] has {expected} bytes, but {bytes.Length} came.", nameof(bytes));
        }

        return new Tensor(elementType, shape.ToArray(), bytes.ToArray());
    }

    /// <summary>The elements, which may be changed.</summary>
    /// <typeparam name="T">The .NET type of <see cref="ElementType"/>.</typeparam>
    /// <exception cref="InvalidOperationException">The elements have another type.</exception>
    public Span<T> AsSpan<T>()
        where T : unmanaged
    {
        CheckElementType<T>(ElementType);
        return MemoryMarshal.Cast<byte, T>(_bytes.AsSpan());
    }

    /// <summary>Element type and shape, such as <c>Float32[1, 10]</c>.</summary>
    public override string ToString() => $"{ElementType}[{Join(_shape)}]";

    /// <summary>Pins the elements; the caller frees the handle.</summary>
    internal GCHandle Pin() => GCHandle.Alloc(_bytes, GCHandleType.Pinned);

    internal static void CheckElementType<T>(ElementType elementType)
        where T : unmanaged
    {
        if (ElementTypes.Of<T>() != elementType)
        {
            throw new InvalidOperationException($"The tensor has elements of type {elementType}, not {typeof(T)}.");
        }
    }

    private static void CheckCount(int actual, ReadOnlySpan<long> shape, string parameter)
    {
        long count = ElementTypes.CountElements(shape);
        if (count != actual)
        {
            throw new ArgumentException($"A tensor of shape [{Join(shape)}] has {count} elements, but {actual} came.", parameter);
        }
    }

    internal static string Join(ReadOnlySpan<long> shape) => string.Join(", ", shape.ToArray());
}

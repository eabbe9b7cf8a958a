namespace Cameo.Generator.Onnx;

/// <summary>Finds out whether all elements given to it have the same bytes.</summary>
internal struct UniformScanner(int elementBytes)
{
    private readonly byte[] _first = new byte[elementBytes];
    private bool _any;

    public bool HasFailed { get; private set; }

    public readonly ulong? Value
    {
        get
        {
            if (HasFailed || !_any || _first.Length > sizeof(ulong))
            {
                return null;
            }

            ulong bits = 0;
            for (int index = _first.Length - 1; index >= 0; index--)
            {
                bits = (bits << 8) | _first[index];
            }

            return bits;
        }
    }

    public void Add(ReadOnlySpan<byte> elements)
    {
        if (HasFailed || elements.IsEmpty)
        {
            return;
        }

        if (!_any)
        {
            elements.Slice(0, _first.Length).CopyTo(_first);
            _any = true;
        }

        // All elements are equal if the first one is right and each equals its neighbour: one vectorised comparison of the span with itself, shifted.
        HasFailed = !elements.Slice(0, _first.Length).SequenceEqual(_first)
            || !elements.Slice(_first.Length).SequenceEqual(elements.Slice(0, elements.Length - _first.Length));
    }
}

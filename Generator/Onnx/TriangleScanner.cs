namespace Cameo.Generator.Onnx;

/// <summary>Finds out whether the two triangles of square matrices are each filled with one value, as in causal masks.</summary>
internal sealed class TriangleScanner(int elementBytes, long size)
{
    private UniformScanner _lower = new(elementBytes);
    private UniformScanner _upper = new(elementBytes);
    private long _row;
    private long _column;

    public ulong? Lower => _lower.Value;

    public ulong? Upper => _upper.Value;

    public void Add(ReadOnlySpan<byte> elements)
    {
        while (!elements.IsEmpty && !(_lower.HasFailed && _upper.HasFailed))
        {
            bool lower = _column <= _row;
            long partEnd = lower ? _row + 1 : size;
            int count = (int)Math.Min(partEnd - _column, elements.Length / elementBytes);
            ReadOnlySpan<byte> part = elements.Slice(0, count * elementBytes);
            if (lower)
            {
                _lower.Add(part);
            }
            else
            {
                _upper.Add(part);
            }

            elements = elements.Slice(part.Length);
            Advance(count);
        }
    }

    private void Advance(int count)
    {
        _column += count;
        if (_column == size)
        {
            _column = 0;
            _row = _row + 1 == size ? 0 : _row + 1;
        }
    }
}

using System.Runtime.InteropServices;
using static Cameo.Generator.Onnx.Proto.TensorProto.Types;

namespace Cameo.Generator.Onnx;

/// <summary>
/// Finds the least and the greatest element of 32-bit and 64-bit integers: those are indices and positions. The range of narrower integers says
/// little and, where they are quantised weights, changes with each training.
/// </summary>
internal struct RangeScanner
{
    private long _minimum = long.MaxValue;
    private long _maximum = long.MinValue;
    private bool _beyondInt64;

    public RangeScanner()
    {
    }

    public readonly long? Minimum => _minimum <= _maximum && !_beyondInt64 ? _minimum : null;

    public readonly long? Maximum => _minimum <= _maximum && !_beyondInt64 ? _maximum : null;

    public void Add(DataType type, ReadOnlySpan<byte> elements)
    {
        switch (type)
        {
            case DataType.Int32:
                foreach (int element in MemoryMarshal.Cast<byte, int>(elements))
                {
                    Add(element);
                }

                break;
            case DataType.Uint32:
                foreach (uint element in MemoryMarshal.Cast<byte, uint>(elements))
                {
                    Add(element);
                }

                break;
            case DataType.Int64:
                foreach (long element in MemoryMarshal.Cast<byte, long>(elements))
                {
                    Add(element);
                }

                break;
            case DataType.Uint64:
                foreach (ulong element in MemoryMarshal.Cast<byte, ulong>(elements))
                {
                    _beyondInt64 |= element > long.MaxValue;
                    Add(unchecked((long)element));
                }

                break;
        }
    }

    private void Add(long element)
    {
        _minimum = Math.Min(_minimum, element);
        _maximum = Math.Max(_maximum, element);
    }
}

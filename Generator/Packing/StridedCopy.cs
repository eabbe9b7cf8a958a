namespace Cameo.Generator.Packing;

/// <summary>Copies of elements that lie a stride apart.</summary>
internal static unsafe class StridedCopy
{
    /// <summary>Copies elements that lie <paramref name="stride"/> elements apart to consecutive ones.</summary>
    public static void Row(byte* source, long stride, byte* destination, long count, int elementBytes)
    {
        if (stride == 1)
        {
            Buffer.MemoryCopy(source, destination, count * elementBytes, count * elementBytes);
            return;
        }

        switch (elementBytes)
        {
            case 1:
                Row(source, stride, destination, count);
                break;
            case 2:
                Row((ushort*)source, stride, (ushort*)destination, count);
                break;
            case 4:
                Row((uint*)source, stride, (uint*)destination, count);
                break;
            case 8:
                Row((ulong*)source, stride, (ulong*)destination, count);
                break;
            default:
                Row((decimal*)source, stride, (decimal*)destination, count);
                break;
        }
    }

    // The widest element, complex128, has the 16 bytes of a decimal, which is here nothing but bytes.
    private static void Row<T>(T* source, long stride, T* destination, long count)
        where T : unmanaged
    {
        for (long index = 0; index < count; index++)
        {
            destination[index] = *source;
            source += stride;
        }
    }
}

namespace Cameo.Kernels;

/// <summary>The copies of <see cref="Compress"/>; an item is one of the outer parts.</summary>
internal readonly unsafe struct CompressWork(bool* condition, long length, byte* data, long size, long sliceBytes, long count, byte* result) : IMoveWork
{
    private readonly bool* _condition = condition;
    private readonly byte* _data = data;
    private readonly byte* _result = result;

    public void Run(long begin, long end)
    {
        for (long part = begin; part < end; part++)
        {
            byte* from = _data + (part * size * sliceBytes);
            byte* to = _result + (part * count * sliceBytes);
            for (long index = 0; index < length; index++)
            {
                if (_condition[index])
                {
                    MoveParts.Copy(from + (index * sliceBytes), to, sliceBytes);
                    to += sliceBytes;
                }
            }
        }
    }
}

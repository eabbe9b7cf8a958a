using System.Numerics;

namespace Cameo.Kernels;

/// <summary>The work of <see cref="LabelLookup.Translate"/>; an item is an element.</summary>
internal readonly unsafe struct LabelWork<TKey, TValue>(TKey* data, TKey* keys, TValue* values, long size, TValue missing, TValue* results) : IMoveWork
    where TKey : unmanaged, INumber<TKey>
    where TValue : unmanaged
{
    private readonly TKey* _data = data;
    private readonly TKey* _keys = keys;
    private readonly TValue* _values = values;
    private readonly TValue* _results = results;

    public void Run(long begin, long end)
    {
        for (long index = begin; index < end; index++)
        {
            long found = LabelLookup.Find(_keys, size, _data[index]);
            _results[index] = found < 0 ? missing : _values[found];
        }
    }
}

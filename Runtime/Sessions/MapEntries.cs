namespace Cameo.Sessions;

/// <summary>The entries of an input that is a map, in the ascending order of its keys: ordinal order for texts. Its memory stays from run to run.</summary>
/// <typeparam name="TKey">Type of the keys: <see cref="long"/> or <see cref="string"/>.</typeparam>
/// <typeparam name="TValue">Type of the values.</typeparam>
/// <param name="name">The input's ONNX name, for exceptions.</param>
public sealed class MapEntries<TKey, TValue>(string name)
    where TKey : notnull
{
    private TKey[] _keys = [];
    private TValue[] _values = [];
    private int _count;

    /// <summary>The keys, each once.</summary>
    public ReadOnlySpan<TKey> Keys => new(_keys, 0, _count);

    /// <summary>The value of each key.</summary>
    public ReadOnlySpan<TValue> Values => new(_values, 0, _count);

    /// <summary>Takes a copy of the entries. Enumerating a <see cref="Dictionary{TKey, TValue}"/> allocates nothing, other maps may.</summary>
    /// <param name="map">The map.</param>
    /// <exception cref="MissingInputException">The map is null.</exception>
    /// <exception cref="ArgumentException">A text is null.</exception>
    public void Take(IReadOnlyDictionary<TKey, TValue>? map)
    {
        if (map is null)
        {
            throw new MissingInputException(name, []);
        }

        if (_keys.Length < map.Count)
        {
            int capacity = Math.Max(map.Count, _keys.Length * 2);
            _keys = new TKey[capacity];
            _values = new TValue[capacity];
        }

        _count = 0;
        if (map is Dictionary<TKey, TValue> dictionary)
        {
            foreach (KeyValuePair<TKey, TValue> entry in dictionary)
            {
                Add(entry);
            }
        }
        else
        {
            foreach (KeyValuePair<TKey, TValue> entry in map)
            {
                Add(entry);
            }
        }

        Array.Sort(_keys, _values, 0, _count, typeof(TKey) == typeof(string) ? (IComparer<TKey>)(object)StringComparer.Ordinal : Comparer<TKey>.Default);
    }

    private void Add(KeyValuePair<TKey, TValue> entry)
    {
        if (entry.Value is null)
        {
            throw new ArgumentException($"The value of '{entry.Key}' in input '{name}' is null.");
        }

        _keys[_count] = entry.Key;
        _values[_count++] = entry.Value;
    }
}

namespace Cameo.Sessions;

/// <summary>A map of the untyped interface: keys in ascending order, each once, and a value for each.</summary>
public sealed class TensorMap : ModelValue
{
    private TensorMap(Tensor keys, Tensor values) => (Keys, Values) = (keys, values);

    /// <summary>The keys, [entries].</summary>
    public Tensor Keys { get; }

    /// <summary>The values, [entries].</summary>
    public Tensor Values { get; }

    /// <summary>A map of int64 to numbers.</summary>
    /// <typeparam name="TValue">Type of the values, a tensor's element type.</typeparam>
    /// <param name="map">The entries.</param>
    public static TensorMap Create<TValue>(IReadOnlyDictionary<long, TValue> map)
        where TValue : unmanaged
    {
        MapEntries<long, TValue> entries = Take(map);
        return new TensorMap(Tensor.Create(entries.Keys, entries.Keys.Length), Tensor.Create(entries.Values, entries.Values.Length));
    }

    /// <summary>A map of texts to numbers.</summary>
    /// <typeparam name="TValue">Type of the values, a tensor's element type.</typeparam>
    /// <param name="map">The entries.</param>
    public static TensorMap Create<TValue>(IReadOnlyDictionary<string, TValue> map)
        where TValue : unmanaged
    {
        MapEntries<string, TValue> entries = Take(map);
        return new TensorMap(Tensor.Create(entries.Keys, entries.Keys.Length), Tensor.Create(entries.Values, entries.Values.Length));
    }

    /// <summary>A map of int64 to texts.</summary>
    /// <param name="map">The entries.</param>
    public static TensorMap Create(IReadOnlyDictionary<long, string> map)
    {
        MapEntries<long, string> entries = Take(map);
        return new TensorMap(Tensor.Create(entries.Keys, entries.Keys.Length), Tensor.Create(entries.Values, entries.Values.Length));
    }

    /// <summary>A map of texts to texts.</summary>
    /// <param name="map">The entries.</param>
    public static TensorMap Create(IReadOnlyDictionary<string, string> map)
    {
        MapEntries<string, string> entries = Take(map);
        return new TensorMap(Tensor.Create(entries.Keys, entries.Keys.Length), Tensor.Create(entries.Values, entries.Values.Length));
    }

    private static MapEntries<TKey, TValue> Take<TKey, TValue>(IReadOnlyDictionary<TKey, TValue> map)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(map);
        var entries = new MapEntries<TKey, TValue>("map");
        entries.Take(map);
        return entries;
    }
}

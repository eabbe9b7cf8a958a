using Microsoft.CodeAnalysis;

namespace Cameo.Generator;

/// <summary>Members that newer frameworks have on these types.</summary>
[Embedded]
internal static class FrameworkExtensions
{
    public static void Deconstruct<TKey, TValue>(this KeyValuePair<TKey, TValue> pair, out TKey key, out TValue value)
    {
        key = pair.Key;
        value = pair.Value;
    }

    public static bool TryAdd<TKey, TValue>(this Dictionary<TKey, TValue> dictionary, TKey key, TValue value)
        where TKey : notnull
    {
        if (dictionary.ContainsKey(key))
        {
            return false;
        }

        dictionary.Add(key, value);
        return true;
    }

    public static TValue? GetValueOrDefault<TKey, TValue>(this IReadOnlyDictionary<TKey, TValue> dictionary, TKey key)
        where TKey : notnull
        => dictionary.TryGetValue(key, out TValue? value) ? value : default;

    public static bool Contains(this string text, char character) => text.IndexOf(character) >= 0;

    public static bool StartsWith(this string text, char character) => text.Length > 0 && text[0] == character;

    public static bool EndsWith(this string text, char character) => text.Length > 0 && text[text.Length - 1] == character;

    public static HashSet<T> ToHashSet<T>(this IEnumerable<T> items, IEqualityComparer<T>? comparer = null) => new(items, comparer);

    public static bool TryPop<T>(this Stack<T> stack, out T? item)
    {
        bool any = stack.Count > 0;
        item = any ? stack.Pop() : default;
        return any;
    }

    public static bool TryDequeue<T>(this Queue<T> queue, out T? item)
    {
        bool any = queue.Count > 0;
        item = any ? queue.Dequeue() : default;
        return any;
    }
}

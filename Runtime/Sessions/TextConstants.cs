using System.Text;

namespace Cameo.Sessions;

/// <summary>
/// The texts that a model knows, by their handles: elements of string tensors are handles, and equal texts have equal ones. Handle 0 is the empty text. Immutable.
/// </summary>
public sealed class TextConstants
{
    private readonly string[] _texts;
    private readonly Dictionary<string, long> _handles;

    /// <summary>Reads the texts of a model; the empty one is added before them.</summary>
    /// <param name="utf8">The texts as UTF-8, one after the other.</param>
    /// <param name="lengths">Bytes of each text.</param>
    public TextConstants(ReadOnlySpan<byte> utf8, ReadOnlySpan<int> lengths)
    {
        _texts = new string[lengths.Length + 1];
        _handles = new Dictionary<string, long>(_texts.Length, StringComparer.Ordinal);
        Set(0, "");
        int start = 0;
        for (int index = 0; index < lengths.Length; index++)
        {
            Set(index + 1, Encoding.UTF8.GetString(utf8.Slice(start, lengths[index])));
            start += lengths[index];
        }
    }

    /// <summary>The texts of a model that knows none but the empty one.</summary>
    public static TextConstants None { get; } = new([], []);

    /// <summary>Number of texts: the first handle that means none of them.</summary>
    public int Count => _texts.Length;

    /// <summary>A text.</summary>
    /// <param name="handle">Its handle, below <see cref="Count"/>.</param>
    public string this[long handle] => _texts[handle];

    /// <summary>The texts with their handles.</summary>
    internal Dictionary<string, long> Handles => _handles;

    private void Set(int handle, string text)
    {
        _texts[handle] = text;
        _handles.Add(text, handle);
    }
}

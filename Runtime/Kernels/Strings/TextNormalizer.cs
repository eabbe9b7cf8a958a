using System.Buffers;
using Cameo.Sessions;

namespace Cameo.Kernels;

/// <summary>Drops stop words and changes the case of the others (ONNX's StringNormalizer), by the rules of no language in particular. Immutable.</summary>
public sealed unsafe class TextNormalizer
{
    private readonly HashSet<string> _stopWords;
    private readonly bool _lowers;
    private readonly bool _raises;

    /// <summary>Takes the words to drop.</summary>
    /// <param name="isCaseSensitive">Whether a word is a stop word only in the same case.</param>
    /// <param name="lowers">Whether letters become lower case.</param>
    /// <param name="raises">Whether letters become upper case.</param>
    /// <param name="stopWords">What is dropped.</param>
    public TextNormalizer(bool isCaseSensitive, bool lowers, bool raises, ReadOnlySpan<string> stopWords)
    {
        _stopWords = new HashSet<string>(stopWords.Length, isCaseSensitive ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase);
        foreach (string word in stopWords)
        {
            _stopWords.Add(word);
        }

        _lowers = lowers;
        _raises = raises;
    }

    /// <summary>Finds and changes what remains; <see cref="Write"/> writes it.</summary>
    /// <param name="texts">The session's texts.</param>
    /// <param name="input">Handles of the strings.</param>
    /// <param name="count">Number of strings.</param>
    /// <returns>How many remain; 1, an empty string, where none does.</returns>
    public long Run(SessionTexts texts, long* input, long count)
    {
        texts.Pieces.Clear();
        for (long index = 0; index < count; index++)
        {
            string text = texts[input[index]];
            if (!_stopWords.Contains(text))
            {
                texts.Pieces.Add(_lowers || _raises ? ChangeCase(texts, text) : input[index]);
            }
        }

        if (texts.Pieces.Count == 0)
        {
            texts.Pieces.Add(0);
        }

        return texts.Pieces.Count;
    }

    /// <summary>Writes what <see cref="Run"/> found right before.</summary>
    /// <param name="texts">The session's texts.</param>
    /// <param name="count">What it returned.</param>
    /// <param name="output">The handles.</param>
    public static void Write(SessionTexts texts, long count, long* output)
    {
        for (int index = 0; index < count; index++)
        {
            output[index] = texts.Pieces[index];
        }
    }

    private long ChangeCase(SessionTexts texts, string text)
    {
        char[] changed = ArrayPool<char>.Shared.Rent(text.Length);
        Span<char> result = changed.AsSpan(0, text.Length);
        _ = _lowers ? text.AsSpan().ToLowerInvariant(result) : text.AsSpan().ToUpperInvariant(result);
        long handle = texts.Handle(result);
        ArrayPool<char>.Shared.Return(changed);
        return handle;
    }
}

using Cameo.Sessions;

namespace Cameo.Kernels;

/// <summary>Splits strings at a delimiter or at white space (ONNX's StringSplit).</summary>
public static unsafe class TextSplitting
{
    /// <summary>Splits each string; <see cref="TextPieces.Write"/> writes what it found.</summary>
    /// <param name="texts">The session's texts.</param>
    /// <param name="input">Handles of the strings.</param>
    /// <param name="count">Number of strings.</param>
    /// <param name="delimiter">What stands between pieces; empty for any amount of white space, which then is not seen at the ends.</param>
    /// <param name="splits">The most places at which a string is split; the last piece holds the rest.</param>
    /// <param name="lengths">Receives the number of pieces of each string.</param>
    /// <returns>The largest number of pieces.</returns>
    public static long Run(SessionTexts texts, long* input, long count, string delimiter, long splits, long* lengths)
    {
        List<long> pieces = texts.Pieces;
        pieces.Clear();
        long width = 0;
        for (long index = 0; index < count; index++)
        {
            int before = pieces.Count;
            if (delimiter.Length == 0)
            {
                SplitAtSpace(texts, texts[input[index]], splits);
            }
            else
            {
                Split(texts, texts[input[index]], delimiter, splits);
            }

            lengths[index] = pieces.Count - before;
            width = Math.Max(width, lengths[index]);
        }

        return width;
    }

    private static void Split(SessionTexts texts, ReadOnlySpan<char> text, string delimiter, long splits)
    {
        for (; splits > 0 && text.IndexOf(delimiter, StringComparison.Ordinal) is >= 0 and var found; splits--)
        {
            texts.Pieces.Add(texts.Handle(text[..found]));
            text = text[(found + delimiter.Length)..];
        }

        texts.Pieces.Add(texts.Handle(text));
    }

    private static void SplitAtSpace(SessionTexts texts, ReadOnlySpan<char> text, long splits)
    {
        for (text = SkipSpace(text); !text.IsEmpty; splits--)
        {
            int end = 0;
            while (end < text.Length && !IsSpace(text[end]))
            {
                end++;
            }

            // The rest keeps the space it ends with.
            end = splits > 0 ? end : text.Length;
            texts.Pieces.Add(texts.Handle(text[..end]));
            text = SkipSpace(text[end..]);
        }
    }

    private static ReadOnlySpan<char> SkipSpace(ReadOnlySpan<char> text)
    {
        int start = 0;
        while (start < text.Length && IsSpace(text[start]))
        {
            start++;
        }

        return text[start..];
    }

    // Unicode's white space, and the separators of ASCII, which ONNX's reference counts too.
    private static bool IsSpace(char character) => char.IsWhiteSpace(character) || character is >= '\u001C' and <= '\u001F';
}

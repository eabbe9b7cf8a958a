using Cameo.Sessions;

namespace Cameo.Kernels;

/// <summary>
/// Takes strings apart into tokens (com.microsoft's Tokenizer): into characters, at separators, or by an expression that tokens match. Separators are expressions too, and each
/// splits what those before it left. Matches are the longest at their place. Immutable.
/// </summary>
public sealed unsafe class TextTokenizer
{
    private readonly TextPattern[] _patterns;
    private readonly bool _splits;
    private readonly int _minimum;

    /// <summary>Compiles the expressions.</summary>
    /// <param name="minimum">Characters that a token has at least; shorter ones are dropped.</param>
    /// <param name="splits">Whether the expressions match what stands between tokens; else there is one and it matches tokens.</param>
    /// <param name="patterns">The expressions; none to make each character a token.</param>
    public TextTokenizer(int minimum, bool splits, ReadOnlySpan<string> patterns)
    {
        _minimum = minimum;
        _splits = splits;
        _patterns = new TextPattern[patterns.Length];
        for (int index = 0; index < patterns.Length; index++)
        {
            _patterns[index] = new TextPattern(patterns[index]);
        }
    }

    /// <summary>Takes each string apart; <see cref="TextPieces.Write"/> writes what it found.</summary>
    /// <param name="texts">The session's texts.</param>
    /// <param name="input">Handles of the strings.</param>
    /// <param name="count">Number of strings.</param>
    /// <param name="marks">Elements that are written beside the tokens of each string.</param>
    /// <param name="lengths">Receives the number of tokens of each string.</param>
    /// <returns>Elements that each row of the result needs; 0 where no string has a token.</returns>
    public long Run(SessionTexts texts, long* input, long count, int marks, long* lengths)
    {
        texts.Pieces.Clear();
        long width = 0;
        for (long index = 0; index < count; index++)
        {
            string text = texts[input[index]];
            int before = texts.Pieces.Count;
            if (_patterns.Length == 0)
            {
                TakeCharacters(texts, text);
            }
            else if (_splits)
            {
                Split(texts, text);
            }
            else
            {
                TakeMatches(texts, text);
            }

            lengths[index] = texts.Pieces.Count - before;
            width = Math.Max(width, lengths[index]);
        }

        return width == 0 ? 0 : width + marks;
    }

    private static void TakeCharacters(SessionTexts texts, ReadOnlySpan<char> text)
    {
        for (int start = 0; start < text.Length;)
        {
            int length = CharacterLength(text, start);
            texts.Pieces.Add(texts.Handle(text.Slice(start, length)));
            start += length;
        }
    }

    private void TakeMatches(SessionTexts texts, ReadOnlySpan<char> text)
    {
        for (int start = 0; start <= text.Length && _patterns[0].TryFind(text, start, out int index, out int length);)
        {
            if (IsToken(text.Slice(index, length)))
            {
                texts.Pieces.Add(texts.Handle(text.Slice(index, length)));
                start = index + length;
            }
            else
            {
                start = index + CharacterLength(text, index);
            }
        }
    }

    private void Split(SessionTexts texts, string text)
    {
        texts.Parts.Clear();
        texts.Parts.Add(..text.Length);
        foreach (TextPattern separator in _patterns)
        {
            texts.OtherParts.Clear();
            foreach (Range part in texts.Parts)
            {
                Split(separator, text.AsSpan()[part], part.Start.Value, texts.OtherParts);
            }

            texts.SwapParts();
        }

        foreach (Range part in texts.Parts)
        {
            texts.Pieces.Add(texts.Handle(text.AsSpan()[part]));
        }
    }

    private void Split(TextPattern separator, ReadOnlySpan<char> text, int offset, List<Range> parts)
    {
        int start = 0;
        while (start <= text.Length)
        {
            bool isFound = separator.TryFind(text, start, out int index, out int length);
            int end = isFound ? index : text.Length;
            if (IsToken(text[start..end]))
            {
                parts.Add((offset + start)..(offset + end));
            }

            // A separator without characters takes the one behind it, as ONNX Runtime does.
            start = !isFound ? text.Length + 1 : length > 0 ? index + length : index + CharacterLength(text, index);
        }
    }

    private bool IsToken(ReadOnlySpan<char> text)
    {
        int characters = 0;
        for (int start = 0; start < text.Length && characters < _minimum; start += CharacterLength(text, start))
        {
            characters++;
        }

        return characters >= _minimum;
    }

    private static int CharacterLength(ReadOnlySpan<char> text, int start) =>
        start + 1 < text.Length && char.IsSurrogatePair(text[start], text[start + 1]) ? 2 : 1;
}

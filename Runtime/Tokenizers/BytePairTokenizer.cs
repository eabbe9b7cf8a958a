using System.Text;

namespace Cameo.Tokenizers;

/// <summary>
/// Turns text into tokens and back by byte-pair encoding with byte fallback, as SentencePiece models do: a text starts as the tokens of its
/// characters (or their UTF-8 bytes, where a character has none), and the neighbours whose joined text has the highest score are joined until none are left.
/// </summary>
/// <remarks>Immutable; any number of threads may use it. Special tokens and byte tokens are never made from text that spells their names.</remarks>
public sealed class BytePairTokenizer
{
    private const int Bytes = 256;

    private readonly VocabularyFile _vocabulary;
    private readonly Dictionary<Rune, int> _characters = [];
    private readonly Dictionary<(int Left, int Right), int> _joined = [];

    // UTF-8 of all pieces, one after the other; token t is [_offsets[t], _offsets[t + 1]).
    private readonly byte[] _utf8;
    private readonly int[] _offsets;
    private readonly int _space;

    private BytePairTokenizer(VocabularyFile vocabulary)
    {
        _vocabulary = vocabulary;
        _offsets = new int[vocabulary.Pieces.Length + 1];
        using var utf8 = new MemoryStream();
        for (int token = 0; token < vocabulary.Pieces.Length; token++)
        {
            utf8.Write(GetUtf8(token));
            _offsets[token + 1] = (int)utf8.Length;
            LongestToken = Math.Max(LongestToken, _offsets[token + 1] - _offsets[token]);
        }

        _utf8 = utf8.ToArray();
        FindJoinedPieces();
        _space = _characters.GetValueOrDefault(new Rune(' '), vocabulary.ByteOffset + ' ');
    }

    /// <summary>Number of tokens.</summary>
    public int VocabularySize => _vocabulary.Pieces.Length;

    /// <summary>The token that starts a text.</summary>
    public int BeginToken => _vocabulary.Begin;

    /// <summary>The token that ends a text: one to stop at.</summary>
    public int EndToken => _vocabulary.End;

    /// <summary>The token of what the vocabulary can't express. Encoding never gives it, as every byte has a token.</summary>
    public int UnknownToken => _vocabulary.Unknown;

    /// <summary>UTF-8 bytes of the longest token.</summary>
    public int LongestToken { get; }

    /// <summary>Reads a vocabulary file.</summary>
    /// <param name="path">A JSON file with <c>pieces</c>, <c>scores</c>, <c>unk</c>, <c>bos</c>, <c>eos</c> and <c>byte_offset</c>.</param>
    /// <exception cref="InvalidDataException">The file is not a vocabulary; the message says what is wrong.</exception>
    public static BytePairTokenizer Load(string path) => Parse(File.ReadAllBytes(path));

    /// <summary>Reads a vocabulary from memory, such as an embedded resource.</summary>
    /// <param name="json">The content of a vocabulary file, in UTF-8.</param>
    /// <exception cref="InvalidDataException">It is not a vocabulary; the message says what is wrong.</exception>
    public static BytePairTokenizer Parse(ReadOnlySpan<byte> json) => new(VocabularyFile.Parse(json));

    /// <summary>Turns text into tokens.</summary>
    /// <param name="text">Any text; surrogates without their partner become U+FFFD.</param>
    /// <param name="isStart">Whether a text begins here: it gets the begin token and a leading space, which decoding takes away again.</param>
    /// <returns>The tokens.</returns>
    public int[] Encode(ReadOnlySpan<char> text, bool isStart = true)
    {
        var merger = new BytePairMerger(GetInitialTokens(text, isStart && !text.IsEmpty), _joined, _vocabulary.Scores);
        return merger.Merge(isStart ? BeginToken : null);
    }

    /// <summary>Turns tokens into text. Bytes that are not UTF-8 become U+FFFD.</summary>
    /// <param name="tokens">Tokens; if they begin with the begin token, the leading space after it goes away.</param>
    /// <returns>The text.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A token that is not in the vocabulary.</exception>
    public string Decode(ReadOnlySpan<int> tokens)
    {
        var stream = new TokenStream(this);
        var text = new StringBuilder();
        foreach (int token in tokens)
        {
            text.Append(stream.Add(token));
        }

        return text.Append(stream.Flush()).ToString();
    }

    /// <summary>The bytes a token stands for; none for the begin and end tokens.</summary>
    /// <param name="token">A token.</param>
    /// <returns>UTF-8, which may be part of a character only.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The token is not in the vocabulary.</exception>
    public ReadOnlySpan<byte> GetBytes(int token)
    {
        if ((uint)token >= (uint)VocabularySize)
        {
            throw new ArgumentOutOfRangeException(nameof(token), token, $"The vocabulary has the tokens 0 to {VocabularySize - 1}.");
        }

        return _utf8.AsSpan(_offsets[token], _offsets[token + 1] - _offsets[token]);
    }

    private bool IsByte(int token) => token >= _vocabulary.ByteOffset && token < _vocabulary.ByteOffset + Bytes;

    private bool IsText(int token) => token != BeginToken && token != EndToken && token != UnknownToken && !IsByte(token);

    private byte[] GetUtf8(int token) =>
        IsByte(token) ? [(byte)(token - _vocabulary.ByteOffset)]
        : token == BeginToken || token == EndToken ? []
        : Encoding.UTF8.GetBytes(_vocabulary.Pieces[token]);

    // Every way to cut a piece into two pieces is a pair that joins to it, so that encoding looks up pairs of tokens and no text.
    private void FindJoinedPieces()
    {
        var tokens = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int token = 0; token < VocabularySize; token++)
        {
            if (IsText(token))
            {
                tokens.TryAdd(_vocabulary.Pieces[token], token);
            }
        }

        var lookup = tokens.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach ((string piece, int token) in tokens)
        {
            if (Rune.TryGetRuneAt(piece, 0, out Rune character) && character.Utf16SequenceLength == piece.Length)
            {
                _characters.Add(character, token);
            }

            for (int cut = 1; cut < piece.Length; cut++)
            {
                if (lookup.TryGetValue(piece.AsSpan(0, cut), out int left) && lookup.TryGetValue(piece.AsSpan(cut), out int right))
                {
                    _joined.Add((left, right), token);
                }
            }
        }
    }

    private List<int> GetInitialTokens(ReadOnlySpan<char> text, bool withSpace)
    {
        var tokens = new List<int>(text.Length + 1);
        if (withSpace)
        {
            tokens.Add(_space);
        }

        Span<byte> utf8 = stackalloc byte[4];
        foreach (Rune character in text.EnumerateRunes())
        {
            if (_characters.TryGetValue(character, out int token))
            {
                tokens.Add(token);
                continue;
            }

            int length = character.EncodeToUtf8(utf8);
            foreach (byte value in utf8[..length])
            {
                tokens.Add(_vocabulary.ByteOffset + value);
            }
        }

        return tokens;
    }
}

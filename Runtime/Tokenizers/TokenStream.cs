using System.Buffers;
using System.Text.Unicode;

namespace Cameo.Tokenizers;

/// <summary>
/// Turns tokens into text one by one, as they are generated. Bytes that are only part of a character are held back until the rest has come.
/// Allocates nothing per token. Not for several threads at once.
/// </summary>
public sealed class TokenStream
{
    // The longest beginning of a character that can be waiting for its rest.
    private const int MaximumHeldBack = 3;

    private readonly BytePairTokenizer _tokenizer;
    private readonly byte[] _bytes;
    private readonly char[] _text;
    private int _heldBack;
    private bool _isAfterBegin;

    /// <summary>Creates a stream.</summary>
    /// <param name="tokenizer">Knows the tokens' bytes.</param>
    public TokenStream(BytePairTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        _tokenizer = tokenizer;
        _bytes = new byte[tokenizer.LongestToken + MaximumHeldBack];
        _text = new char[_bytes.Length];
    }

    /// <summary>Adds a token.</summary>
    /// <param name="token">The token. After a begin token the next one loses a leading space.</param>
    /// <returns>The text that is now complete, possibly none; valid until the next call.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The token is not in the vocabulary.</exception>
    public ReadOnlySpan<char> Add(int token)
    {
        ReadOnlySpan<byte> bytes = _tokenizer.GetBytes(token);
        if (_isAfterBegin && bytes.StartsWith((byte)' '))
        {
            bytes = bytes[1..];
        }

        _isAfterBegin = token == _tokenizer.BeginToken;
        bytes.CopyTo(_bytes.AsSpan(_heldBack));
        return Convert(_heldBack + bytes.Length, isEnd: false);
    }

    /// <summary>Ends the text: bytes still held back become U+FFFD. The stream can then be used for another text.</summary>
    /// <returns>The rest of the text, mostly none; valid until the next call.</returns>
    public ReadOnlySpan<char> Flush()
    {
        _isAfterBegin = false;
        return Convert(_heldBack, isEnd: true);
    }

    private ReadOnlySpan<char> Convert(int count, bool isEnd)
    {
        OperationStatus status = Utf8.ToUtf16(_bytes.AsSpan(0, count), _text, out int read, out int written, replaceInvalidSequences: true, isFinalBlock: isEnd);
        if (status == OperationStatus.DestinationTooSmall)
        {
            throw new InvalidOperationException("A text has more characters than bytes.");
        }

        _heldBack = count - read;
        _bytes.AsSpan(read, _heldBack).CopyTo(_bytes);
        return _text.AsSpan(0, written);
    }
}

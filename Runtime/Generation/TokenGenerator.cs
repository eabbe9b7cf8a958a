using System.Runtime.CompilerServices;
using Cameo.States;

namespace Cameo.Generation;

/// <summary>
/// Continues a prompt token by token. One belongs to a session and is used again for each generation, so that neither a token nor (after the
/// first) a generation allocates memory.
/// </summary>
/// <remarks>
/// When a generation ends, the session's state holds the prompt and every token that was generated, so that the next prompt continues the
/// text. Only a token that no longer fits into the state is left out (as always with <see cref="StopReason.Capacity"/>), or one interrupted by an exception.
/// </remarks>
public sealed class TokenGenerator
{
    private readonly IDecoder _decoder;
    private readonly Sampler _sampler;
    private readonly Func<bool> _moveNext;
    private int[] _prompt = [];
    private int _promptLength;
    private int[] _recent = [];
    private int _recentCount;
    private GenerationOptions _options = GenerationOptions.Default;
    private CancellationToken _cancellation;
    private bool _isPromptFed;
    private bool _isTokenPending;
    private bool _isStopSequenceComplete;
    private int _current;

    /// <summary>Creates the generator of a session.</summary>
    /// <param name="decoder">The session.</param>
    public TokenGenerator(IDecoder decoder)
    {
        ArgumentNullException.ThrowIfNull(decoder);
        _decoder = decoder;
        _sampler = new Sampler(decoder.VocabularySize);
        _moveNext = MoveNext;
    }

    /// <summary>Tokens of the generation under way or ended last, the prompt not counted.</summary>
    public int GeneratedTokens { get; private set; }

    /// <summary>Why the last generation ended; <see cref="StopReason.None"/> while one is under way.</summary>
    public StopReason StopReason { get; private set; }

    /// <summary>Numbers the generations, so that a loop over an old one is noticed.</summary>
    internal int Run { get; private set; }

    /// <summary>The token generated last.</summary>
    internal int Current => _current;

    /// <summary>
    /// Continues the session's text by a prompt and what the model makes of it, to be read by <c>foreach</c>. The prompt is read now and run
    /// at the first token.
    /// </summary>
    /// <param name="prompt">At least one token; appended to what the state holds.</param>
    /// <param name="options">How to choose tokens and when to stop; greedy where null.</param>
    /// <param name="cancellation">Checked before each token.</param>
    /// <returns>The tokens; they can be read once.</returns>
    /// <exception cref="ArgumentException">The prompt is empty, has a token that is not in the vocabulary, or an option makes no sense.</exception>
    /// <exception cref="StateFullException">State and prompt together exceed the capacity. Nothing was changed.</exception>
    public TokenSequence Generate(ReadOnlySpan<int> prompt, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        CheckPrompt(prompt);
        options ??= GenerationOptions.Default;
        _sampler.Start(options);
        _sampler.Accept(prompt);
        if (_prompt.Length < prompt.Length)
        {
            _prompt = new int[Math.Max(prompt.Length, _prompt.Length * 2)];
        }

        prompt.CopyTo(_prompt);
        _promptLength = prompt.Length;
        _options = options;
        _cancellation = cancellation;
        _isPromptFed = false;
        _isTokenPending = false;
        _isStopSequenceComplete = false;
        _recentCount = 0;
        int longest = LongestStopSequence(options);
        _recent = _recent.Length < longest ? new int[longest] : _recent;
        GeneratedTokens = 0;
        StopReason = StopReason.None;
        Run++;
        return new TokenSequence(this);
    }

    /// <summary>Generates and hands each token to a callback.</summary>
    /// <param name="prompt">At least one token; appended to what the state holds.</param>
    /// <param name="onToken">Receives each token; returns whether to go on.</param>
    /// <param name="options">How to choose tokens and when to stop; greedy where null.</param>
    /// <param name="cancellation">Checked before each token.</param>
    /// <returns>Why the generation ended.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public StopReason Generate(ReadOnlySpan<int> prompt, Func<int, bool> onToken, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(onToken);
        foreach (int token in Generate(prompt, options, cancellation))
        {
            if (!onToken(token))
            {
                break;
            }
        }

        return StopReason;
    }

    /// <summary>Generates on the thread pool, for programs that must not block. Each token costs a few allocations, unlike with <c>foreach</c>.</summary>
    /// <param name="prompt">At least one token; appended to what the state holds.</param>
    /// <param name="options">How to choose tokens and when to stop; greedy where null.</param>
    /// <param name="cancellation">Checked before each token.</param>
    /// <returns>The tokens.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public async IAsyncEnumerable<int> GenerateAsync(
        ReadOnlyMemory<int> prompt, GenerationOptions? options = null, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        TokenSequence tokens = Generate(prompt.Span, options, cancellation);
        using TokenSequence.Enumerator enumerator = tokens.GetEnumerator();
        int run = Run;
        while (await Task.Run(_moveNext, cancellation).ConfigureAwait(false))
        {
            yield return _current;
            CheckRun(run);
        }
    }

    /// <summary>Throws if another generation was started since.</summary>
    internal void CheckRun(int run)
    {
        if (run != Run)
        {
            throw new InvalidOperationException("Another generation was started on this session; the tokens of the earlier one can't be read any more.");
        }
    }

    /// <summary>Generates the next token.</summary>
    internal bool MoveNext()
    {
        if (StopReason != StopReason.None)
        {
            return false;
        }

        // Whatever is thrown below ends the generation.
        StopReason = StopReason.Interrupted;
        _cancellation.ThrowIfCancellationRequested();
        StopReason reason = _isStopSequenceComplete ? StopReason.StopSequence
            : GeneratedTokens == _options.MaximumTokens ? StopReason.MaximumTokens
            : StopReason.None;
        if (_isTokenPending && _decoder.Length >= _decoder.Capacity)
        {
            return End(reason == StopReason.None ? StopReason.Capacity : reason);
        }

        ReadOnlySpan<float> logits = FeedPending();
        if (reason != StopReason.None)
        {
            return End(reason);
        }

        int token = _sampler.Sample(logits);
        if (IsStopToken(token))
        {
            return End(StopReason.StopToken);
        }

        _current = token;
        _isTokenPending = true;
        GeneratedTokens++;
        _sampler.Accept(new ReadOnlySpan<int>(in _current));
        _isStopSequenceComplete = EndsWithStopSequence();
        StopReason = StopReason.None;
        return true;
    }

    /// <summary>Ends a generation that the caller leaves early: its last token still becomes part of the state.</summary>
    internal void Leave(int run)
    {
        if (run != Run || StopReason != StopReason.None)
        {
            return;
        }

        StopReason = StopReason.Interrupted;
        if (_isTokenPending && _decoder.Length < _decoder.Capacity && !_cancellation.IsCancellationRequested)
        {
            FeedPending();
        }
    }

    private static int LongestStopSequence(GenerationOptions options)
    {
        int longest = 0;
        for (int index = 0; index < options.StopSequences.Count; index++)
        {
            longest = Math.Max(longest, options.StopSequences[index].Count);
        }

        return longest;
    }

    private void CheckPrompt(ReadOnlySpan<int> prompt)
    {
        if (prompt.IsEmpty)
        {
            throw new ArgumentException("The prompt is empty; a model needs at least one token, such as its start token, to continue.", nameof(prompt));
        }

        foreach (int token in prompt)
        {
            if ((uint)token >= (uint)_decoder.VocabularySize)
            {
                throw new ArgumentOutOfRangeException(nameof(prompt), token, $"The vocabulary has the tokens 0 to {_decoder.VocabularySize - 1}.");
            }
        }

        if (prompt.Length > _decoder.Capacity - _decoder.Length)
        {
            throw new StateFullException(_decoder.Capacity, 0, _decoder.Length, prompt.Length, SequenceState.DefaultCapacityOption);
        }
    }

    private bool End(StopReason reason)
    {
        StopReason = reason;
        return false;
    }

    private ReadOnlySpan<float> FeedPending()
    {
        if (_isPromptFed)
        {
            _isTokenPending = false;
            return _decoder.Forward(new ReadOnlySpan<int>(in _current));
        }

        _isPromptFed = true;
        ReadOnlySpan<int> rest = _prompt.AsSpan(0, _promptLength);
        while (rest.Length > _decoder.MaximumPromptChunk)
        {
            _decoder.Forward(rest[.._decoder.MaximumPromptChunk]);
            rest = rest[_decoder.MaximumPromptChunk..];
            _cancellation.ThrowIfCancellationRequested();
        }

        return _decoder.Forward(rest);
    }

    private bool IsStopToken(int token)
    {
        for (int index = 0; index < _options.StopTokens.Count; index++)
        {
            if (_options.StopTokens[index] == token)
            {
                return true;
            }
        }

        return false;
    }

    private bool EndsWithStopSequence()
    {
        if (_recent.Length == 0)
        {
            return false;
        }

        if (_recentCount == _recent.Length)
        {
            _recent.AsSpan(1).CopyTo(_recent);
            _recentCount--;
        }

        _recent[_recentCount++] = _current;
        for (int index = 0; index < _options.StopSequences.Count; index++)
        {
            if (EndsWith(_options.StopSequences[index]))
            {
                return true;
            }
        }

        return false;
    }

    private bool EndsWith(IReadOnlyList<int> sequence)
    {
        if (sequence.Count > _recentCount)
        {
            return false;
        }

        for (int index = 0; index < sequence.Count; index++)
        {
            if (_recent[_recentCount - sequence.Count + index] != sequence[index])
            {
                return false;
            }
        }

        return true;
    }
}

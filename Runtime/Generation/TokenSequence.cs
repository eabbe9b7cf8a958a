using System.Collections;

namespace Cameo.Generation;

/// <summary>The tokens of one generation, made while they are read; they can be read once. <c>foreach</c> over it allocates nothing.</summary>
public readonly struct TokenSequence : IEnumerable<int>
{
    private readonly TokenGenerator _generator;
    private readonly int _run;

    internal TokenSequence(TokenGenerator generator)
    {
        _generator = generator;
        _run = generator.Run;
    }

    /// <summary>Why the generation ended; <see cref="StopReason.None"/> before that.</summary>
    /// <exception cref="InvalidOperationException">Another generation was started on the session.</exception>
    public StopReason StopReason
    {
        get
        {
            _generator.CheckRun(_run);
            return _generator.StopReason;
        }
    }

    /// <summary>Reads the tokens.</summary>
    /// <returns>The reader; to be disposed, which <c>foreach</c> does.</returns>
    public Enumerator GetEnumerator() => new(_generator, _run);

    /// <inheritdoc/>
    IEnumerator<int> IEnumerable<int>.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Reads the tokens of a generation.</summary>
    public readonly struct Enumerator : IEnumerator<int>
    {
        private readonly TokenGenerator _generator;
        private readonly int _run;

        internal Enumerator(TokenGenerator generator, int run)
        {
            _generator = generator;
            _run = run;
        }

        /// <summary>The token generated last.</summary>
        public int Current => _generator.Current;

        /// <inheritdoc/>
        object IEnumerator.Current => Current;

        /// <summary>Generates the next token.</summary>
        /// <returns>False when the generation has ended.</returns>
        /// <exception cref="InvalidOperationException">Another generation was started on the session.</exception>
        /// <exception cref="OperationCanceledException">The generation was cancelled.</exception>
        public bool MoveNext()
        {
            _generator.CheckRun(_run);
            return _generator.MoveNext();
        }

        /// <summary>Ends the generation, if it has not ended, after its last token has become part of the state.</summary>
        public void Dispose() => _generator.Leave(_run);

        /// <inheritdoc/>
        void IEnumerator.Reset() => throw new NotSupportedException("A generation can be read once.");
    }
}

namespace Cameo.Benchmarks.LanguageModels;

/// <summary>A language model loaded into one of the engines, with one sequence of tokens in its cache.</summary>
internal abstract class LanguageEngine(string name) : IDisposable
{
    /// <summary>What tables call the engine.</summary>
    public string Name { get; } = name;

    /// <summary>Prepares runs of this size, so that none of it is done while the clock runs.</summary>
    /// <param name="past">Tokens that the cache holds before.</param>
    /// <param name="count">Tokens to be fed.</param>
    public virtual void Prepare(int past, int count)
    {
    }

    /// <summary>Feeds tokens after the first <paramref name="past"/> ones, forgetting those that followed them.</summary>
    public abstract void Feed(ReadOnlySpan<int> tokens, int past);

    /// <summary>The last position's logits of the last run.</summary>
    public abstract float[] Logits();

    public abstract void Dispose();
}

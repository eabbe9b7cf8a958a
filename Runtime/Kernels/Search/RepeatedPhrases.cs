namespace Cameo.Kernels;

/// <summary>Forbids tokens that would repeat a phrase (com.microsoft's NGramRepeatBlock).</summary>
public static unsafe class RepeatedPhrases
{
    /// <summary>Copies scores, with -∞ for every token that would complete a phrase of <paramref name="length"/> tokens which the row has already.</summary>
    /// <param name="tokens">[rows, count].</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="count">Tokens of a row.</param>
    /// <param name="length">Tokens of a phrase.</param>
    /// <param name="scores">[rows, vocabulary].</param>
    /// <param name="vocabulary">Number of scores of a row.</param>
    /// <param name="output">As the scores.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="IndexOutOfRangeException">A token that is to be forbidden has no score.</exception>
    public static void Forbid(long* tokens, long rows, long count, long length, float* scores, long vocabulary, float* output, string node)
    {
        Buffer.MemoryCopy(scores, output, rows * vocabulary * sizeof(float), rows * vocabulary * sizeof(float));
        for (long row = 0; row < rows; row++, tokens += count, output += vocabulary)
        {
            var tail = new ReadOnlySpan<long>(tokens + Math.Max(0, count + 1 - length), checked((int)Math.Min(count, length - 1)));
            for (long start = 0; start + length <= count; start++)
            {
                if (!tail.SequenceEqual(new ReadOnlySpan<long>(tokens + start, tail.Length)))
                {
                    continue;
                }

                long token = tokens[start + length - 1];
                if ((ulong)token >= (ulong)vocabulary)
                {
                    throw new IndexOutOfRangeException($"{node}: token {token} has none of {vocabulary} scores.");
                }

                output[token] = float.NegativeInfinity;
            }
        }
    }
}

namespace Cameo.Kernels;

/// <summary>Takes over predicted tokens as far as they agree with a source (com.microsoft's BifurcationDetector).</summary>
public static unsafe class Bifurcation
{
    /// <summary>Tokens that there are with those that are taken over: the predicted ones that agree, and one more.</summary>
    /// <param name="source">[sourceLength] tokens.</param>
    /// <param name="sourceLength">Their number.</param>
    /// <param name="previous">From which of them on they are compared.</param>
    /// <param name="predicted">The predicted tokens.</param>
    /// <param name="predictedLength">Their number: one more than are compared.</param>
    /// <param name="currentLength">Number of current tokens.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="IndexOutOfRangeException">The source has no such token.</exception>
    /// <exception cref="ArgumentException">Another number of tokens was predicted.</exception>
    public static long Length(long* source, long sourceLength, long* previous, long* predicted, long predictedLength, long currentLength, string node)
    {
        if ((ulong)*previous > (ulong)sourceLength)
        {
            throw new IndexOutOfRangeException($"{node}: the previous match ends at {*previous} of {sourceLength} tokens.");
        }

        long compared = sourceLength - *previous;
        if (predictedLength != compared + 1)
        {
            throw new ArgumentException($"{node}: {predictedLength} tokens are predicted and not {compared + 1}.", nameof(predictedLength));
        }

        long agreeing = 0;
        while (agreeing < compared && predicted[agreeing] == source[*previous + agreeing])
        {
            agreeing++;
        }

        return currentLength + agreeing + 1;
    }

    /// <summary>Writes the tokens, and where the source goes on after a phrase that ends them and stands in it once.</summary>
    /// <param name="source">[sourceLength] tokens.</param>
    /// <param name="sourceLength">Their number.</param>
    /// <param name="current">The current tokens.</param>
    /// <param name="currentLength">Their number.</param>
    /// <param name="predicted">The predicted tokens; may be null where none are taken over.</param>
    /// <param name="minimum">Tokens of the shortest phrase.</param>
    /// <param name="maximum">Tokens of the longest phrase.</param>
    /// <param name="tokens">Receives the tokens.</param>
    /// <param name="length">Their number.</param>
    /// <param name="match">Receives the place in the source, or -1.</param>
    public static void Write(long* source, long sourceLength, long* current, long currentLength, long* predicted, long minimum, long maximum, long* tokens, long length, long* match)
    {
        Buffer.MemoryCopy(current, tokens, length * sizeof(long), currentLength * sizeof(long));
        Buffer.MemoryCopy(predicted, tokens + currentLength, (length - currentLength) * sizeof(long), (length - currentLength) * sizeof(long));
        var text = new ReadOnlySpan<long>(source, checked((int)sourceLength));
        var all = new ReadOnlySpan<long>(tokens, checked((int)length));
        *match = -1;
        for (int size = (int)Math.Min(minimum, int.MaxValue); size <= maximum && size <= all.Length; size++)
        {
            ReadOnlySpan<long> phrase = all[^size..];
            int place = text.IndexOf(phrase);
            if (place < 0)
            {
                break;
            }

            *match = place + size;
            if (*match >= sourceLength)
            {
                break;
            }

            if (text[(place + 1)..].IndexOf(phrase) >= 0)
            {
                *match = -1;
            }
        }
    }
}

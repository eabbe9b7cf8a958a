using Cameo.Sessions;

namespace Cameo.Kernels;

/// <summary>Writes what kernels that split strings have found: as many rows as there were strings, padded to one width.</summary>
public static unsafe class TextPieces
{
    /// <summary>Writes the pieces of each string.</summary>
    /// <param name="texts">The session's texts, with what the kernel right before this one found.</param>
    /// <param name="lengths">Pieces of each string.</param>
    /// <param name="count">Number of strings.</param>
    /// <param name="width">Elements of a row of the output.</param>
    /// <param name="padding">Handle of what fills the rows.</param>
    /// <param name="start">Handle of what stands before the pieces of each row; −1 for nothing.</param>
    /// <param name="end">Handle of what stands behind them, before the padding; −1 for nothing.</param>
    /// <param name="output">[count, width] handles.</param>
    public static void Write(SessionTexts texts, long* lengths, long count, long width, long padding, long start, long end, long* output)
    {
        int next = 0;
        for (long row = 0; row < count && width > 0; row++)
        {
            long* target = output;
            if (start >= 0)
            {
                *target++ = start;
            }

            for (long piece = 0; piece < lengths[row]; piece++)
            {
                *target++ = texts.Pieces[next++];
            }

            if (end >= 0)
            {
                *target++ = end;
            }

            output += width;
            new Span<long>(target, (int)(output - target)).Fill(padding);
        }
    }
}

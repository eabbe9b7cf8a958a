namespace Cameo.Kernels;

/// <summary>Turns what a graph says about the lengths of rows into what <see cref="AttentionArguments"/> wants.</summary>
public static unsafe class AttentionLengths
{
    /// <summary>Lengths of keys that lie in memory as they are: a length beyond the memory means all of it.</summary>
    /// <param name="lengths">[batch] keys of each row that count.</param>
    /// <param name="batch">Rows.</param>
    /// <param name="queryLength">Queries of a row.</param>
    /// <param name="keyLength">Keys of a row in memory.</param>
    /// <param name="keys">[batch] receives the keys to read.</param>
    /// <param name="offsets">[batch] receives the position of the first query where the last one stands at the last key that counts; may be negative.</param>
    public static void Read(int* lengths, nint batch, nint queryLength, nint keyLength, int* keys, int* offsets)
    {
        for (nint row = 0; row < batch; row++)
        {
            keys[row] = (int)Math.Clamp(lengths[row], 0, keyLength);
            offsets[row] = (int)Math.Clamp(lengths[row] - queryLength, int.MinValue, int.MaxValue);
        }
    }

    /// <summary>
    /// Splits totals into past and new: a row's new keys end at its total; a row with fewer keys in all than are new has no past, and the rest of its new keys is padding.
    /// </summary>
    /// <param name="node">The node, for the message.</param>
    /// <param name="totals">[batch] keys of each row, past and new.</param>
    /// <param name="batch">Rows.</param>
    /// <param name="newLength">New keys of a row.</param>
    /// <param name="pastLength">Past keys of a row in memory.</param>
    /// <param name="presentLength">Keys of a row that the present holds.</param>
    /// <param name="keys">[batch] receives the keys to read.</param>
    /// <param name="past">[batch] receives the past keys of each row.</param>
    /// <exception cref="ArgumentException">A row has more keys than there are.</exception>
    public static void Split(string node, int* totals, nint batch, nint newLength, nint pastLength, nint presentLength, int* keys, int* past)
    {
        for (nint row = 0; row < batch; row++)
        {
            nint total = totals[row];
            nint before = Math.Max(total - newLength, 0);
            if (total < 0 || before > pastLength || before + newLength > presentLength)
            {
                throw new ArgumentException(
                    $"{node}: row {row} is said to have {total} keys, but there are {pastLength} past and {newLength} new ones, and room for {presentLength} in the present.");
            }

            keys[row] = (int)total;
            past[row] = (int)before;
        }
    }

    /// <summary>Checks a total that a graph computes from data against what the model was compiled for.</summary>
    /// <param name="node">The node, for the message.</param>
    /// <param name="total">Keys of the longest row.</param>
    /// <param name="past">Past keys of a row in memory.</param>
    /// <param name="expected">The present's length that follows from the shapes.</param>
    /// <exception cref="ArgumentException">The total asks for a present of another length.</exception>
    public static void CheckPresent(string node, long total, long past, long expected)
    {
        if (Math.Max(total, past) != expected)
        {
            throw new ArgumentException($"{node}: with {total} keys in all and a past of {past}, the present would hold {Math.Max(total, past)} keys, but the model is compiled for {expected}.");
        }
    }
}

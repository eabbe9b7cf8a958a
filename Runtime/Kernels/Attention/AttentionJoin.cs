using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>
/// Writes past and new keys (or values) of rows of different length one after the other: past [batch, heads, past, size] and new keys, to a dense
/// present [batch, heads, present, size] that is 0 behind a row's keys, or as the past was. Strides are in elements; the last dimension is contiguous.
/// </summary>
public unsafe struct AttentionJoin : IParallelWork
{
    // Below this a copy is done before a second thread has woken up.
    private const nint ParallelBytes = 256 * 1024;

    /// <summary>Past keys; null where there are none.</summary>
    public byte* Past;

    /// <summary>From one row to the next in the past.</summary>
    public nint PastBatchStride;

    /// <summary>From one head to the next in the past.</summary>
    public nint PastHeadStride;

    /// <summary>From one position to the next in the past.</summary>
    public nint PastSequenceStride;

    /// <summary>New keys.</summary>
    public byte* New;

    /// <summary>From one row to the next in the new keys.</summary>
    public nint NewBatchStride;

    /// <summary>From one head to the next in the new keys.</summary>
    public nint NewHeadStride;

    /// <summary>From one position to the next in the new keys.</summary>
    public nint NewSequenceStride;

    /// <summary>The present.</summary>
    public byte* Present;

    /// <summary>Rows.</summary>
    public nint Batch;

    /// <summary>Heads.</summary>
    public nint Heads;

    /// <summary>New keys of a row.</summary>
    public nint NewLength;

    /// <summary>Keys of a row that the present has room for.</summary>
    public nint PresentLength;

    /// <summary>[batch] past keys of each row.</summary>
    public int* PastLengths;

    /// <summary>Whether the past, which is as long as the present, shows behind a row's keys: the present stands for the same buffer.</summary>
    public bool KeepsRest;

    /// <summary>Elements of a key.</summary>
    public nint HeadSize;

    /// <summary>Bytes of an element.</summary>
    public nint ElementBytes;

    /// <summary>Runs it.</summary>
    /// <param name="workers">Threads to use.</param>
    /// <param name="join">What to join.</param>
    public static void Run(Workers workers, in AttentionJoin join)
    {
        AttentionJoin work = join;
        nint bytes = join.Batch * join.Heads * join.PresentLength * join.HeadSize * join.ElementBytes;
        workers.Run(ref work, bytes < ParallelBytes ? 1 : (int)Math.Clamp(join.Batch * join.Heads, 1, workers.Count));
    }

    /// <inheritdoc/>
    public readonly void Run(int part, int parts)
    {
        nint size = HeadSize * ElementBytes;
        for (nint item = part; item < Batch * Heads; item += parts)
        {
            (nint row, nint head) = Math.DivRem(item, Heads);
            byte* target = Present + (item * PresentLength * size);
            nint past = PastLengths[row];
            for (nint key = 0; key < PresentLength; key++, target += size)
            {
                nint step = key - past;
                if (step >= 0 && step < NewLength)
                {
                    Copy(New + (((row * NewBatchStride) + (head * NewHeadStride) + (step * NewSequenceStride)) * ElementBytes), target, size);
                }
                else if (step < 0 || KeepsRest)
                {
                    Copy(Past + (((row * PastBatchStride) + (head * PastHeadStride) + (key * PastSequenceStride)) * ElementBytes), target, size);
                }
                else
                {
                    new Span<byte>(target, (int)size).Clear();
                }
            }
        }
    }

    private static void Copy(byte* source, byte* target, nint bytes) => new ReadOnlySpan<byte>(source, (int)bytes).CopyTo(new Span<byte>(target, (int)bytes));
}

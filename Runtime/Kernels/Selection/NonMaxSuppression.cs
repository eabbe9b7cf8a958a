using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Picks the boxes of each class with the highest scores that do not overlap much with one picked before.</summary>
public static unsafe class NonMaxSuppression
{
    /// <summary>Picks boxes.</summary>
    /// <param name="workers">Threads to use; a part is a class of a batch.</param>
    /// <param name="boxes">[batch, boxes, 4]: two opposite corners, or centre and size.</param>
    /// <param name="scores">[batch, classes, boxes].</param>
    /// <param name="batch">Number of batches.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="count">Number of boxes.</param>
    /// <param name="options">What is picked.</param>
    /// <param name="picked">Receives the boxes of each class, the first ones of [batch · classes, 2 · boxes] positions; the rest is scratch memory.</param>
    /// <param name="pickedCounts">Receives how many there are of each: [batch · classes].</param>
    /// <returns>How many there are of all.</returns>
    public static long Pick(Workers workers, float* boxes, float* scores, long batch, long classes, long count, SuppressionOptions options, long* picked, long* pickedCounts)
    {
        var work = new SuppressionWork(boxes, scores, classes, count, options, picked, pickedCounts);

        // Some hundred nanoseconds for a box: sorting it, and comparing it with those picked.
        MoveParts.Run(workers, ref work, batch * classes, count * 256);
        long sum = 0;
        for (long item = 0; item < batch * classes; item++)
        {
            sum += pickedCounts[item];
        }

        return sum;
    }

    /// <summary>Writes what was picked as triples: batch, class, box.</summary>
    /// <param name="batch">Number of batches.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="count">Number of boxes.</param>
    /// <param name="picked">What <see cref="Pick"/> left.</param>
    /// <param name="pickedCounts">What it left of numbers.</param>
    /// <param name="result">Receives [sum, 3].</param>
    public static void Write(long batch, long classes, long count, long* picked, long* pickedCounts, long* result)
    {
        for (long item = 0; item < batch * classes; item++)
        {
            for (long index = 0; index < pickedCounts[item]; index++)
            {
                result[0] = item / classes;
                result[1] = item % classes;
                result[2] = picked[(item * 2 * count) + index];
                result += 3;
            }
        }
    }
}

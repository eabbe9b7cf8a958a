using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Reverses the beginnings of sequences (ONNX's ReverseSequence).</summary>
public static unsafe class SequenceReversal
{
    /// <summary>Copies the elements, those of the first <paramref name="lengths"/> steps of each sequence in reverse order.</summary>
    /// <param name="workers">Threads to use.</param>
    /// <param name="input">[steps, sequences, elementBytes] or, with <paramref name="isBatchFirst"/>, [sequences, steps, elementBytes].</param>
    /// <param name="steps">Steps of a sequence.</param>
    /// <param name="sequences">Number of sequences.</param>
    /// <param name="elementBytes">Bytes of one step of one sequence.</param>
    /// <param name="lengths">Steps to reverse, for each sequence.</param>
    /// <param name="isBatchFirst">Whether sequences are the outer axis.</param>
    /// <param name="output">As the input.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="IndexOutOfRangeException">A length is negative or larger than the number of steps.</exception>
    public static void Run(Workers workers, byte* input, long steps, long sequences, long elementBytes, long* lengths, bool isBatchFirst, byte* output, string node)
    {
        for (long sequence = 0; sequence < sequences; sequence++)
        {
            if ((ulong)lengths[sequence] > (ulong)steps)
            {
                throw new IndexOutOfRangeException($"{node}: sequence {sequence} has the length {lengths[sequence]} of {steps} steps.");
            }
        }

        var work = new SequenceReversalWork(input, steps, sequences, elementBytes, lengths, isBatchFirst, output);
        MoveParts.Run(workers, ref work, steps * sequences, elementBytes);
    }
}

namespace Cameo.Kernels;

/// <summary>Reversed sequences; an item is a step of one sequence, in the order of the output.</summary>
internal readonly unsafe struct SequenceReversalWork(byte* input, long steps, long sequences, long elementBytes, long* lengths, bool isBatchFirst, byte* output) : IMoveWork
{
    private readonly byte* _input = input;
    private readonly long* _lengths = lengths;
    private readonly byte* _output = output;

    public void Run(long begin, long end)
    {
        for (long item = begin; item < end; item++)
        {
            (long outer, long inner) = Math.DivRem(item, isBatchFirst ? steps : sequences);
            (long sequence, long step) = isBatchFirst ? (outer, inner) : (inner, outer);
            long from = step < _lengths[sequence] ? _lengths[sequence] - 1 - step : step;
            long source = isBatchFirst ? (sequence * steps) + from : (from * sequences) + sequence;
            MoveParts.Copy(_input + (source * elementBytes), _output + (item * elementBytes), elementBytes);
        }
    }
}

using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>What a recurrent network does in one step once the products are there: every sequence's gates, state and output. Split by sequences.</summary>
internal unsafe struct RecurrentStep : IParallelWork
{
    /// <summary>Elements of a thread: some five exponentials each, about 20 ns, against the microseconds that handing over a part takes.</summary>
    private const nint ElementsPerThread = 1024;

    public RecurrentKind Kind;
    public RecurrentArguments Arguments;

    /// <summary>Elements of a sequence's products.</summary>
    public nint Columns;

    /// <summary>The step, counted from where each sequence begins.</summary>
    public nint Index;

    /// <summary>Whether this is the first half of a step: the gates and the reset state of a GRU that resets before the product.</summary>
    public bool IsReset;

    public static int Parts(int workers, in RecurrentArguments arguments) =>
        (int)Math.Clamp(arguments.Batch * arguments.Hidden / ElementsPerThread, 1, Math.Min(workers, arguments.Batch > 0 ? arguments.Batch : 1));

    public void Run(int part, int parts)
    {
        nint begin = Arguments.Batch * part / parts;
        nint end = Arguments.Batch * (part + 1) / parts;
        for (nint row = begin; row < end; row++)
        {
            nint length = Arguments.Lengths == null ? Arguments.Steps : Arguments.Lengths[row];
            if (Index < length)
            {
                var action = new RecurrentRow(this, row, Arguments.IsReverse ? length - 1 - Index : Index);
                VectorDispatch.Run(ref action);
            }
        }
    }
}

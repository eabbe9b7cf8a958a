using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Recurrent networks of float64: models rarely have them, so plain loops over every sequence by itself do.</summary>
public static class DoubleRecurrence
{
    /// <summary>Runs one direction.</summary>
    /// <param name="workers">Threads to use; they share sequences, so that any number gives the same bits.</param>
    /// <param name="kind">The network.</param>
    /// <param name="arguments">Memory and sizes.</param>
    /// <param name="name">The node, for messages.</param>
    /// <exception cref="DimensionOutOfBoundsException">A sequence's length is negative or more than there are steps.</exception>
    public static unsafe void Run(Workers workers, RecurrentKind kind, in DoubleRecurrentArguments arguments, string name)
    {
        if (arguments.Lengths != null)
        {
            Recurrence.CheckLengths(arguments.Lengths, arguments.Batch, arguments.Steps, name);
        }

        nint gates = kind switch { RecurrentKind.Lstm => 4, RecurrentKind.Gru => 3, _ => 1 };
        var work = new DoubleRecurrenceWork(kind, arguments, gates * arguments.Hidden);
        MoveParts.Run(workers, ref work, arguments.Batch, (long)arguments.Steps * gates * arguments.Hidden * (arguments.Hidden + 1) * sizeof(double));
    }
}

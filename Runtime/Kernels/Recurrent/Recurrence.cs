using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Runs recurrent networks step by step: one product with the recurrence weights a step, then one pass over all gates.</summary>
public static unsafe class Recurrence
{
    /// <summary>Runs one direction.</summary>
    /// <param name="workers">Threads to use; any number gives the same bits.</param>
    /// <param name="kind">The network.</param>
    /// <param name="arguments">Memory and sizes.</param>
    /// <param name="name">The node, for messages.</param>
    /// <exception cref="DimensionOutOfBoundsException">A sequence's length is negative or more than there are steps.</exception>
    public static void Run(Workers workers, RecurrentKind kind, in RecurrentArguments arguments, string name)
    {
        RecurrentArguments a = arguments;
        nint elements = a.Batch * a.Hidden;
        Begin(a.InitialHidden, a.State, elements);
        if (kind == RecurrentKind.Lstm)
        {
            Begin(a.InitialCell, a.Cell, elements);
        }

        if (a.Lengths != null)
        {
            CheckLengths(a.Lengths, a.Batch, a.Steps, name);
            ClearBehindEnds(a);
        }

        nint gates = kind switch { RecurrentKind.Lstm => 4, RecurrentKind.Gru => 3, _ => 1 };
        bool resetsFirst = a.HiddenRecurrence != null;
        nint columns = (resetsFirst ? 2 : gates) * a.Hidden;
        var step = new RecurrentStep { Kind = kind, Arguments = a, Columns = gates * a.Hidden };
        int parts = RecurrentStep.Parts(workers.Count, a);
        a.Attention.Begin(a.Batch, name);
        for (nint index = 0; index < a.Steps; index++)
        {
            step.Index = index;
            Multiply(workers, a, columns, step.Columns);
            if (resetsFirst)
            {
                step.IsReset = true;
                workers.Run(ref step, parts);
                MatrixMultiply.Packed(workers, a.Reset, a.Hidden, a.HiddenRecurrence, a.Products + (2 * a.Hidden), step.Columns, a.Batch, a.Hidden, a.Hidden, default(NoEpilogue));
                step.IsReset = false;
            }

            workers.Run(ref step, parts);
            a.Attention.Update(workers, a.State, a.Batch, a.Hidden);
        }
    }

    /// <summary>Products of the hidden states, and of the attention's, with their weights.</summary>
    private static void Multiply(Workers workers, in RecurrentArguments a, nint columns, nint stride)
    {
        float* state = a.State;
        if (a.QuantizesState)
        {
            StateQuantization.Round(a.State, a.Reset, a.Batch * a.Hidden);
            state = a.Reset;
        }

        if (a.NarrowRecurrence.Words != null)
        {
            NarrowMatrixMultiply.Packed<Int8Format, float, float, NoEpilogue>(workers, state, a.Hidden, a.NarrowRecurrence, a.Products, stride, a.Batch, default);
        }
        else
        {
            MatrixMultiply.Packed(workers, state, a.Hidden, a.Recurrence, a.Products, stride, a.Batch, columns, a.Hidden, default(NoEpilogue));
        }

        a.Attention.Multiply(workers, a.Products, a.Batch, columns);
    }

    /// <summary>Packs weights that are known at run time only: panels as <see cref="MatrixMultiply.Packed"/> reads them.</summary>
    /// <param name="source">First weight.</param>
    /// <param name="rowStride">Elements from a row to the next.</param>
    /// <param name="columnStride">Elements from a column to the next.</param>
    /// <param name="rows">Rows: the product's depth.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="packed">Receives the panels; 64-byte aligned.</param>
    public static void Pack(float* source, nint rowStride, nint columnStride, nint rows, nint columns, float* packed)
    {
        for (nint first = 0; first < columns; first += MatrixMultiply.PanelColumns)
        {
            nint present = Math.Min(MatrixMultiply.PanelColumns, columns - first);
            MatrixPacking.PackPanel<ScalarFloat>(source + (first * columnStride), rowStride, columnStride, present, rows, packed);
            packed += rows * MatrixMultiply.PanelColumns;
        }
    }

    private static void Begin(float* initial, float* state, nint elements)
    {
        if (initial == null)
        {
            new Span<float>(state, checked((int)elements)).Clear();
        }
        else
        {
            Buffer.MemoryCopy(initial, state, elements * sizeof(float), elements * sizeof(float));
        }
    }

    internal static void CheckLengths(int* lengths, nint batch, nint steps, string name)
    {
        for (nint row = 0; row < batch; row++)
        {
            if (lengths[row] < 0 || lengths[row] > steps)
            {
                throw new DimensionOutOfBoundsException($"length of sequence {row} of {name}", lengths[row], 0, steps, "");
            }
        }
    }

    private static void ClearBehindEnds(in RecurrentArguments arguments)
    {
        if (arguments.Outputs == null)
        {
            return;
        }

        for (nint row = 0; row < arguments.Batch; row++)
        {
            for (nint step = arguments.Lengths[row]; step < arguments.Steps; step++)
            {
                new Span<float>(arguments.Outputs + (step * arguments.OutputStep) + (row * arguments.OutputRow), checked((int)arguments.Hidden)).Clear();
            }
        }
    }
}

using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Rotary position embedding: pairs of elements (x, y) of a head become (x · cos − y · sin, y · cos + x · sin), with angles from tables by position. Tables may
/// have an entry for each element of a pair; then the first element's result takes the first ones.
/// </summary>
public static unsafe class RotaryEmbedding
{
    // Elements a thread should at least have; about 5 µs of work.
    private const double MinimumWorkPerThread = 32 * 1024;

    /// <summary>Rotates all heads of all positions.</summary>
    /// <param name="workers">Threads to use; any number gives the same bits.</param>
    /// <param name="arguments">Operands, strides and positions.</param>
    /// <exception cref="ArgumentException">The rotary size is odd or does not fit the head size.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A position is outside the tables. Nothing was written.</exception>
    public static void Run(Workers workers, in RotaryArguments arguments)
    {
        var action = new DispatchAction { Workers = workers, Arguments = arguments };
        VectorDispatch.Run(ref action);
    }

    /// <summary><see cref="Run"/> with a given vector type.</summary>
    internal static void RunWith<V>(Workers workers, in RotaryArguments arguments)
        where V : struct, IVector<V>
    {
        Check(arguments);
        var work = new RotaryWork<V>(arguments);
        double elements = (double)arguments.Batch * arguments.Sequence * arguments.Heads * arguments.HeadSize;
        double parts = Math.Min(elements / MinimumWorkPerThread, Math.Min(workers.Count, arguments.Batch * arguments.Sequence));
        workers.Run(ref work, Math.Max((int)parts, 1));
    }

    private static void Check(in RotaryArguments arguments)
    {
        if (arguments.RotarySize < 0 || arguments.RotarySize > arguments.HeadSize || arguments.RotarySize % 2 != 0)
        {
            throw new ArgumentException(
                $"{arguments.RotarySize} elements of a head of {arguments.HeadSize} can't be rotated in pairs.", nameof(arguments));
        }

        for (nint batch = 0; batch < arguments.Batch; batch++)
        {
            for (nint index = 0; index < arguments.Sequence; index++)
            {
                long position = arguments.Position(batch, index);
                bool isPadding = position == -1 && arguments.QueryCounts != null;
                if ((position < 0 && !isPadding) || position >= arguments.TablePositions)
                {
                    throw new ArgumentOutOfRangeException(
                        nameof(arguments), position, $"Position {index} of row {batch} has the position id {position}, but the rotary tables have {arguments.TablePositions} positions.");
                }
            }
        }
    }

    private struct DispatchAction : IVectorAction
    {
        public Workers Workers;
        public RotaryArguments Arguments;

        public readonly void Run<V>()
            where V : struct, IVector<V> => RunWith<V>(Workers, Arguments);
    }

    private readonly struct RotaryWork<V>(in RotaryArguments arguments) : IParallelWork
        where V : struct, IVector<V>
    {
        private readonly RotaryArguments _arguments = arguments;

        public void Run(int part, int parts)
        {
            nint count = _arguments.Batch * _arguments.Sequence;
            nint end = count * (part + 1) / parts;
            for (nint item = count * part / parts; item < end; item++)
            {
                (nint batch, nint index) = Math.DivRem(item, _arguments.Sequence);
                long position = _arguments.Position(batch, index);
                nint stride = _arguments.TableStride == 0 ? _arguments.RotarySize / 2 : _arguments.TableStride;
                nint row = (batch * _arguments.TableBatchStride) + ((nint)Math.Max(position, 0) * stride);
                nint rotated = position < 0 ? 0 : _arguments.RotarySize;
                bool isCached = !_arguments.OutputRows.IsEmpty;
                float* token = isCached ? _arguments.OutputRows.Token(batch, index, _arguments.HeadSize) : null;
                if (isCached && token == null)
                {
                    continue;
                }

                for (nint head = 0; head < _arguments.Heads; head++)
                {
                    float* input = _arguments.Input + (batch * _arguments.InputBatchStride) + (index * _arguments.InputSequenceStride) + (head * _arguments.InputHeadStride);
                    float* output = isCached ? _arguments.OutputRows.Head(token, head)
                        : _arguments.Output + (batch * _arguments.OutputBatchStride) + (index * _arguments.OutputSequenceStride) + (head * _arguments.OutputHeadStride);
                    nint entry = row + (head * _arguments.TableHeadStride);
                    Rotate(input, output, _arguments.Cosine + entry, _arguments.Sine + entry, rotated / 2);
                    if (input != output)
                    {
                        int rest = (int)(_arguments.HeadSize - rotated);
                        new ReadOnlySpan<float>(input + rotated, rest).CopyTo(new Span<float>(output + rotated, rest));
                    }
                }
            }
        }

        private void Rotate(float* input, float* output, float* cosine, float* sine, nint pairs)
        {
            nint second = _arguments.TablePairOffset;
            nint stride = _arguments.TablePairStride == 0 ? 1 : _arguments.TablePairStride;
            nint pair = 0;
            if (!_arguments.Interleaved && stride == 1)
            {
                for (; pair + V.Count <= pairs; pair += V.Count)
                {
                    RotateHalves<V>(input + pair, output + pair, cosine + pair, sine + pair, pairs, second);
                }
            }

            // Neighbours, and the rest of the halves, one pair at a time.
            nint step = _arguments.Interleaved ? 2 : 1;
            nint distance = _arguments.Interleaved ? 1 : pairs;
            for (; pair < pairs; pair++)
            {
                RotateHalves<ScalarFloat>(input + (pair * step), output + (pair * step), cosine + (pair * stride), sine + (pair * stride), distance, second);
            }
        }

        /// <summary>Rotates pairs of an element and the one <paramref name="distance"/> after it.</summary>
        private static void RotateHalves<VAny>(float* input, float* output, float* cosine, float* sine, nint distance, nint second)
            where VAny : struct, IVector<VAny>
        {
            VAny x = VAny.Load(input), y = VAny.Load(input + distance);
            VAny.Store(VAny.MultiplyAdd(x, VAny.Load(cosine), -(y * VAny.Load(sine))), output);
            VAny.Store(VAny.MultiplyAdd(y, VAny.Load(cosine + second), x * VAny.Load(sine + second)), output + distance);
        }
    }
}

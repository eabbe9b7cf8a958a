using Cameo.States;
using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Scaled dot product attention in float32 with an online softmax: keys are read in tiles and the score matrix is never stored. Where probabilities are modified,
/// keys are read twice instead.
/// Reads keys and values from views or from caches that are appended to in place.
/// </summary>
public static unsafe class Attention
{
    // Below this a copy is done before a second thread has woken up.
    private const nint ParallelAppendBytes = 256 * 1024;

    /// <summary>output = softmax(modifier(softcap(scale · query · keyᵀ))) · value for every row, head and query.</summary>
    /// <typeparam name="TScore">What is done to the scores before the softmax.</typeparam>
    /// <param name="workers">Threads to use; any number gives the same bits.</param>
    /// <param name="arguments">Operands, strides and lengths.</param>
    /// <param name="modifier">The modifier.</param>
    /// <exception cref="ArgumentException">The query heads can't be divided among the key heads.</exception>
    public static void Run<TScore>(Workers workers, in AttentionArguments arguments, TScore modifier)
        where TScore : struct, IScoreModifier
        => Run(workers, arguments, modifier, default(NoScoreModifier));

    /// <summary>output = probabilityModifier(softmax(modifier(softcap(scale · query · keyᵀ)))) · value for every row, head and query.</summary>
    /// <typeparam name="TScore">What is done to the scores before the softmax.</typeparam>
    /// <typeparam name="TProbability">What is done to the probabilities.</typeparam>
    /// <param name="workers">Threads to use; any number gives the same bits.</param>
    /// <param name="arguments">Operands, strides and lengths.</param>
    /// <param name="modifier">The modifier of the scores.</param>
    /// <param name="probabilityModifier">The modifier of the probabilities.</param>
    /// <exception cref="ArgumentException">The query heads can't be divided among the key heads.</exception>
    public static void Run<TScore, TProbability>(Workers workers, in AttentionArguments arguments, TScore modifier, TProbability probabilityModifier)
        where TScore : struct, IScoreModifier
        where TProbability : struct, IScoreModifier
    {
        var action = new DispatchAction<TScore, TProbability> { Workers = workers, Arguments = arguments, Modifier = modifier, ProbabilityModifier = probabilityModifier };
        VectorDispatch.Run(ref action);
    }

    /// <summary>
    /// Writes the new keys or values of the run under way into a cache, at each row's past length and without padding.
    /// </summary>
    /// <param name="workers">Threads to use.</param>
    /// <param name="state">The cache's state, after its <c>Begin</c>.</param>
    /// <param name="cache">The cache.</param>
    /// <param name="source">The new keys or values [batch, sequence, heads, headSize] in any order of dimensions; the last is contiguous.</param>
    /// <param name="batchStride">Elements from one row of the batch to the next.</param>
    /// <param name="sequenceStride">Elements from one position to the next.</param>
    /// <param name="headStride">Elements from one head to the next.</param>
    public static void AppendToCache(
        Workers workers, SequenceState state, KeyValueBuffer cache, float* source, nint batchStride, nint sequenceStride, nint headStride)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(cache);
        nint bytes = (nint)state.Rows * cache.Heads * state.NewColumns * cache.HeadSize * sizeof(float);
        int parts = bytes < ParallelAppendBytes ? 1 : Math.Min(workers.Count, state.Rows * cache.Heads);
        var work = new AppendWork
        {
            Source = source,
            Target = cache.Data,
            BatchStride = batchStride,
            SequenceStride = sequenceStride,
            HeadStride = headStride,
            RowStride = cache.RowStride,
            CacheHeadStride = cache.HeadStride,
            Rows = state.Rows,
            Heads = cache.Heads,
            HeadSize = cache.HeadSize,
            Past = state.PastLengths,
            First = state.FirstNew,
            Count = state.NewCounts,
        };
        workers.Run(ref work, parts);
    }

    /// <summary>The kernel without a modifier of probabilities and with a given vector type.</summary>
    internal static void RunWith<V, TScore>(Workers workers, in AttentionArguments arguments, TScore modifier)
        where V : struct, IVector<V>
        where TScore : struct, IScoreModifier
        => RunWith<V, TScore, NoScoreModifier>(workers, arguments, modifier, default);

    /// <summary>The kernel with a given vector type.</summary>
    internal static void RunWith<V, TScore, TProbability>(Workers workers, in AttentionArguments arguments, TScore modifier, TProbability probabilityModifier)
        where V : struct, IVector<V>
        where TScore : struct, IScoreModifier
        where TProbability : struct, IScoreModifier
    {
        if (arguments.KeyHeads <= 0 || arguments.QueryHeads % arguments.KeyHeads != 0)
        {
            throw new ArgumentException(
                $"{arguments.QueryHeads} query heads can't share {arguments.KeyHeads} key heads evenly.", nameof(arguments));
        }

        AttentionWork<V, TScore, TProbability>.Run(workers, arguments, modifier, probabilityModifier);
    }

    private struct DispatchAction<TScore, TProbability> : IVectorAction
        where TScore : struct, IScoreModifier
        where TProbability : struct, IScoreModifier
    {
        public Workers Workers;
        public AttentionArguments Arguments;
        public TScore Modifier;
        public TProbability ProbabilityModifier;

        // Heads smaller than a vector would have to be padded at every tile; a vector that they fill is several times as fast.
        public readonly void Run<V>()
            where V : struct, IVector<V>
        {
            nint size = Math.Max(Arguments.HeadSize, Arguments.ValueHeadSize);
            if (typeof(V) == typeof(Vector512Float) && size <= Vector256Float.Count)
            {
                RunWith<Vector256Float, TScore, TProbability>(Workers, Arguments, Modifier, ProbabilityModifier);
            }
            else
            {
                RunWith<V, TScore, TProbability>(Workers, Arguments, Modifier, ProbabilityModifier);
            }
        }
    }

    private struct AppendWork : IParallelWork
    {
        public float* Source;
        public float* Target;
        public nint BatchStride;
        public nint SequenceStride;
        public nint HeadStride;
        public nint RowStride;
        public nint CacheHeadStride;
        public int Rows;
        public int Heads;
        public int HeadSize;
        public int* Past;
        public int* First;
        public int* Count;

        public readonly void Run(int part, int parts)
        {
            for (int item = part; item < Rows * Heads; item += parts)
            {
                (int row, int head) = Math.DivRem(item, Heads);
                float* source = Source + (row * BatchStride) + (head * HeadStride) + (First[row] * SequenceStride);
                float* target = Target + (row * RowStride) + (head * CacheHeadStride) + ((nint)Past[row] * HeadSize);
                for (int token = 0; token < Count[row]; token++)
                {
                    new ReadOnlySpan<float>(source + (token * SequenceStride), HeadSize).CopyTo(new Span<float>(target + ((nint)token * HeadSize), HeadSize));
                }
            }
        }
    }
}

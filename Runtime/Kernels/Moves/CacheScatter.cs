using System.Numerics;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Writes new positions into caches [rows, outer, columns, block] of fixed size, for each row from its own column on (ONNX's TensorScatter).</summary>
public static unsafe class CacheScatter
{
    // Below this a copy is done before a second thread has woken up.
    private const long ParallelBytes = 256 * 1024;

    /// <summary>cache[row, outer, position[row] + i, :] = update[row, outer, i, :]. Nothing is written unless all fits.</summary>
    /// <typeparam name="TIndex">int or long.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="update">[rows, outer, count, block] of any strides; a block is contiguous.</param>
    /// <param name="updateStrides">Bytes from one row, outer index and column of the update to the next.</param>
    /// <param name="cache">[rows, outer, columns, block], dense.</param>
    /// <param name="positions">[rows] first column of each row; null for 0.</param>
    /// <param name="rows">Rows of the batch.</param>
    /// <param name="outer">Elements of the axes between rows and columns.</param>
    /// <param name="count">Columns written in each row.</param>
    /// <param name="columns">Columns of the cache.</param>
    /// <param name="block">Bytes of a column.</param>
    /// <param name="isCircular">Whether what goes past the last column goes on at the first.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="IndexOutOfRangeException">A position lies outside the cache, or the columns from it on do not fit.</exception>
    public static void Write<TIndex>(
        Workers workers, byte* update, (long Row, long Outer, long Column) updateStrides, byte* cache, TIndex* positions, long rows, long outer, long count, long columns, long block, bool isCircular, string node)
        where TIndex : unmanaged, IBinaryInteger<TIndex>
    {
        for (long row = 0; positions != null && row < rows; row++)
        {
            long position = long.CreateSaturating(positions[row]);
            if (position < 0 || (isCircular ? position >= columns : position > columns - count))
            {
                throw new IndexOutOfRangeException($"{node}: {count} column(s) from {position} on do not fit into row {row} of a cache of {columns} columns.");
            }
        }

        var work = new WriteWork<TIndex>
        {
            Update = update,
            Strides = updateStrides,
            Cache = cache,
            Positions = positions,
            Rows = rows,
            Outer = outer,
            Count = count,
            Columns = columns,
            Block = block,
        };
        long bytes = rows * outer * count * block;
        workers.Run(ref work, bytes < ParallelBytes ? 1 : (int)Math.Min(workers.Count, rows * outer));
    }

    private struct WriteWork<TIndex> : IParallelWork
        where TIndex : unmanaged, IBinaryInteger<TIndex>
    {
        public byte* Update;
        public (long Row, long Outer, long Column) Strides;
        public byte* Cache;
        public TIndex* Positions;
        public long Rows;
        public long Outer;
        public long Count;
        public long Columns;
        public long Block;

        public readonly void Run(int part, int parts)
        {
            for (long item = part; item < Rows * Outer; item += parts)
            {
                (long row, long outer) = Math.DivRem(item, Outer);
                byte* source = Update + (row * Strides.Row) + (outer * Strides.Outer);
                byte* target = Cache + (item * Columns * Block);
                long position = Positions == null ? 0 : long.CreateTruncating(Positions[row]);
                if (Strides.Column == Block && position + Count <= Columns)
                {
                    Buffer.MemoryCopy(source, target + (position * Block), Count * Block, Count * Block);
                    continue;
                }

                for (long column = 0; column < Count; column++)
                {
                    long at = position + column;
                    at = at < Columns ? at : at % Columns;
                    Buffer.MemoryCopy(source + (column * Strides.Column), target + (at * Block), Block, Block);
                }
            }
        }
    }
}

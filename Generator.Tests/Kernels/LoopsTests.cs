using Cameo.Kernels;
using Cameo.Tests.Infrastructure;
using Cameo.Threading;
using Cameo.Vectors;
using Xunit;

namespace Cameo.Tests.Kernels;

/// <summary>Element and row loops visit every element once, with any number of threads.</summary>
[Trait("Widths", "all")]
public sealed unsafe class LoopsTests
{
    public static TheoryData<int, int> Shapes => new()
    {
        { 0, 5 }, { 5, 0 }, { 1, 1 }, { 1, 15 }, { 1, 17 }, { 3, 33 }, { 17, 64 }, { 1, 100_003 }, { 333, 301 }, { 100_003, 1 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void ElementsVisitsEachElementOnce(int rows, int columns)
    {
        foreach (int threads in new[] { 1, 2, 4, 5 })
        {
            using var data = new GuardedFloats(rows * columns);
            data.Span.Clear();
            var loop = new AddPosition { Data = data.Pointer, Columns = columns };
            Loops.Elements(new Workers(threads), ref loop, rows, columns, costPerElement: 20);
            for (int index = 0; index < data.Length; index++)
            {
                Assert.Equal(index % columns + 1, data.Pointer[index]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void RowsVisitsEachRowOnce(int rows, int columns)
    {
        foreach (int threads in new[] { 1, 3, 4 })
        {
            using var data = new GuardedFloats(rows);
            data.Span.Clear();
            var loop = new AddRow { Data = data.Pointer };
            Loops.Rows(new Workers(threads), ref loop, rows, costPerRow: columns * 20);
            for (int index = 0; index < data.Length; index++)
            {
                Assert.Equal(index + 1, data.Pointer[index]);
            }
        }
    }

    private struct AddPosition : IElementLoop
    {
        public float* Data;
        public int Columns;

        public void Run<V>(long row, long begin, long end)
            where V : struct, IVector<V>
        {
            long element = begin;
            for (; element + V.Count <= end; element += V.Count)
            {
                Body<V>(row, element);
            }

            for (; element < end; element++)
            {
                Body<ScalarFloat>(row, element);
            }
        }

        private void Body<V>(long row, long element)
            where V : struct, IVector<V>
        {
            float* data = Data + (row * Columns) + element;
            V.Store(V.Load(data) + V.LaneIndices + V.Broadcast(element + 1), data);
        }
    }

    private struct AddRow : IRowLoop
    {
        public float* Data;

        public void Run<V>(long row)
            where V : struct, IVector<V> => Data[row] += row + 1;
    }
}

using Cameo.Kernels;
using Cameo.Threading;
using Xunit;

namespace Cameo.Tests.Operators;

/// <summary>The run-time kernels that take slices and elements by index.</summary>
public sealed unsafe class GatherTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Slices_are_copied_along_an_axis(int threads)
    {
        const int Outer = 3, Size = 50, Inner = 700, Count = 90;
        float[] data = [.. Enumerable.Range(0, Outer * Size * Inner).Select(index => (float)index)];
        long[] indices = [.. Enumerable.Range(0, Count).Select(index => (long)((index * 7 % (2 * Size)) - Size))];
        var output = new float[Outer * Count * Inner];
        fixed (float* from = data, to = output)
        fixed (long* index = indices)
        {
            Gather.Slices(new Workers(threads), (byte*)from, Outer, Size, Inner * sizeof(float), index, Count, (byte*)to, "Gather 'g'");
        }

        for (int position = 0; position < output.Length; position++)
        {
            int outer = position / (Count * Inner), slice = position / Inner % Count, inner = position % Inner;
            long index = (indices[slice] + Size) % Size;
            Assert.Equal(data[(((outer * Size) + index) * Inner) + inner], output[position]);
        }
    }

    [Theory]
    [InlineData(5)]
    [InlineData(-6)]
    public void An_index_outside_the_axis_is_an_error_that_names_the_node(int bad)
    {
        float[] data = new float[5];
        int[] indices = [0, bad];
        float[] output = [7, 7];
        var error = Assert.Throws<IndexOutOfRangeException>(() =>
        {
            fixed (float* from = data, to = output)
            fixed (int* index = indices)
            {
                Gather.Slices(Workers.Serial, (byte*)from, 1, 5, sizeof(float), index, 2, (byte*)to, "Gather 'embedding'");
            }
        });
        Assert.Contains("Gather 'embedding'", error.Message);
        Assert.Contains($"index {bad}", error.Message);
        Assert.Contains("5 elements", error.Message);
        Assert.Equal([7, 7], output);
    }

    [Fact]
    public void Elements_are_picked_at_their_own_coordinates()
    {
        double[] data = [.. Enumerable.Range(0, 2 * 3 * 4).Select(index => (double)index)];
        long[] indices = [2, 0, 1, -1, 0, 0, 1, 2];
        var output = new double[8];
        fixed (double* from = data, to = output)
        fixed (long* index = indices)
        {
            // Indices [2, 2, 2] along axis 1 of [2, 3, 4].
            Gather.Elements(Workers.Serial, from, [2, 3, 4], index, [2, 2, 2], 1, to, "g");
        }

        Assert.Equal([8, 1, 4, 9, 12, 13, 16, 21], output);
    }

    [Fact]
    public void Tuples_pick_slices_of_a_batch()
    {
        short[] data = [.. Enumerable.Range(0, 2 * 2 * 3 * 2).Select(index => (short)index)];
        int[] indices = [0, 1, 1, -1, /* second batch */ 1, 0, 0, 2];
        var output = new short[2 * 2 * 2];
        fixed (short* from = data, to = output)
        fixed (int* index = indices)
        {
            Gather.Tuples(Workers.Serial, (byte*)from, 2, [2, 3], 2 * sizeof(short), index, 2, (byte*)to, "g");
        }

        Assert.Equal([2, 3, 10, 11, 18, 19, 16, 17], output);
    }

    [Fact]
    public void Ranges_are_filled_for_numbers_of_any_type()
    {
        var output = new int[4];
        fixed (int* to = output)
        {
            Ranges.Fill(to, 5, -2, 4);
        }

        Assert.Equal([5, 3, 1, -1], output);
    }
}

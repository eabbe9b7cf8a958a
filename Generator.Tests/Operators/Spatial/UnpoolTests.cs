using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Spatial;

/// <summary>What goes back from windows to images: Col2Im, MaxUnpool with the indices of MaxPool, transposed convolutions with pads of the run; and pooling under a mask.</summary>
public sealed class UnpoolTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    /// <summary>Image and block sizes are data of the run; blocks overlap, reach into the padding, and are dilated.</summary>
    [Fact]
    public void Blocks_add_up_where_they_lie()
    {
        int[] image = [4, 5], block = [2, 3], strides = [1, 2], dilations = [2, 1], pads = [1, 0, 0, 1], blocks = [3, 2];
        using CompiledModel model = _models.Load("Blocks", new OnnxModelBuilder(opset: 18)
            .Input("x", DataType.Int32, "n", 12, "blocks").Input("image", DataType.Int64, 2).Input("block", DataType.Int64, 2)
            .Node("Col2Im", ["x", "image", "block"], ["y"], ("strides", Longs(strides)), ("dilations", Longs(dilations)), ("pads", Longs(pads))).Output("y", DataType.Int32, "n", "c", "h", "w"));
        using CompiledSession session = model.CreateSession();
        int[] x = [.. Enumerable.Range(1, 3 * 12 * 6)];
        var expected = new int[3 * 2 * 20];
        for (int element = 0; element < x.Length; element++)
        {
            int place = element % 6, tap = element / 6 % 6, channel = element / 36;
            int row = (place / blocks[1] * strides[0]) + (tap / block[1] * dilations[0]) - pads[0], column = (place % blocks[1] * strides[1]) + (tap % block[1] * dilations[1]) - pads[1];
            if (row >= 0 && row < image[0] && column >= 0 && column < image[1])
            {
                expected[(((channel * image[0]) + row) * image[1]) + column] += x[element];
            }
        }

        IReadOnlyDictionary<string, Tensor> Run(long width) => session.Run(new Dictionary<string, Tensor>
        {
            ["x"] = Tensor.Create<int>(x, 3, 12, 6),
            ["image"] = Tensor.Create<long>([4, width], 2),
            ["block"] = Tensor.Create<long>([2, 3], 2),
        });
        Assert.Equal([3, 2, 4, 5], Run(5)["y"].Shape.ToArray());
        Assert.Equal(expected, Run(5)["y"].AsSpan<int>().ToArray());
        Exception error = Assert.ThrowsAny<Exception>(() => Run(9));
        Assert.Contains("Col2Im", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Half precision is added up in float32: 2048 + 1 + 1 + 1 would stay 2048.</summary>
    [Fact]
    public void Blocks_of_half_precision_are_added_in_float32()
    {
        using CompiledModel model = _models.Load("HalfBlocks", new OnnxModelBuilder(opset: 18)
            .Input("x", DataType.Float16, 1, 2, 2).Integers("image", 3).Integers("block", 2)
            .Node("Col2Im", ["x", "image", "block"], ["y"]).Output("y", DataType.Float16, 1, 1, 3));
        using CompiledSession session = model.CreateSession();
        Tensor y = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create<Half>([(Half)2048, (Half)1, (Half)3, (Half)4], 1, 2, 2) })["y"];
        Assert.Equal([(Half)2048, (Half)4, (Half)4], y.AsSpan<Half>().ToArray());
    }

    /// <summary>What was pooled comes back, zeros around it: indices of the whole batch, an output that is larger, and indices outside.</summary>
    [Fact]
    public void Maxima_go_back_to_where_they_were()
    {
        using CompiledModel model = _models.Load("Unpool", new OnnxModelBuilder(opset: 11)
            .Input("x", 2, 2, 4, 6).Input("shape", DataType.Int64, 4)
            .Node("MaxPool", ["x"], ["pooled", "indices"], ("kernel_shape", new long[] { 2, 3 }), ("strides", new long[] { 2, 3 }))
            .Node("MaxUnpool", ["pooled", "indices", "shape"], ["y"], ("kernel_shape", new long[] { 2, 3 }), ("strides", new long[] { 2, 3 }))
            .Output("y", 2, 2, "h", "w"));
        using CompiledSession session = model.CreateSession();
        float[] x = [.. OnnxModelBuilder.WeightValues("x", 2, 2, 4, 6).Select(static value => value + 2)];
        float[] y = SmallModels.Run(session, "y", ("x", Tensor.Create<float>(x, 2, 2, 4, 6)), ("shape", Tensor.Create<long>([2, 2, 5, 6], 4)));
        for (int element = 0; element < y.Length; element++)
        {
            int column = element % 6, row = element / 6 % 5, plane = element / 30;
            float At(int r, int c) => x[(((plane * 4) + r) * 6) + c];
            float largest = row == 4 ? 0 : Enumerable.Range(0, 6).Max(place => At((row / 2 * 2) + (place / 3), (column / 3 * 3) + (place % 3)));
            Assert.Equal(row < 4 && At(row, column) == largest ? largest : 0, y[element]);
        }

        Assert.Throws<DimensionOutOfBoundsException>(() => SmallModels.Run(session, "y", ("x", Tensor.Create<float>(x, 2, 2, 4, 6)), ("shape", Tensor.Create<long>([2, 2, 3, 6], 4))));
    }

    [Fact]
    public void Indices_outside_of_what_was_pooled_are_errors()
    {
        using CompiledModel model = _models.Load("UnpoolOutside", new OnnxModelBuilder(opset: 9)
            .Input("x", DataType.Double, 1, 1, 1).Input("i", DataType.Int64, 1, 1, 1)
            .Node("MaxUnpool", ["x", "i"], ["y"], ("kernel_shape", new long[] { 3 })).Output("y", DataType.Double, 1, 1, 3));
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> Run(long index) => session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create<double>([7], 1, 1, 1), ["i"] = Tensor.Create<long>([index], 1, 1, 1) });
        Assert.Contains("MaxUnpool", Assert.Throws<IndexOutOfRangeException>(() => Run(3)).Message, StringComparison.Ordinal);
        Assert.Throws<IndexOutOfRangeException>(() => Run(-1));
        Assert.Equal([0, 0, 7], Run(2)["y"].AsSpan<double>().ToArray());
    }

    /// <summary>Indices that count columns first, in three axes, of half precision.</summary>
    [Fact]
    public void Indices_can_count_the_outermost_axis_first()
    {
        using CompiledModel model = _models.Load("ColumnMajor", new OnnxModelBuilder(opset: 12)
            .Input("x", DataType.Float16, 1, 2, 2, 3, 4)
            .Node("MaxPool", ["x"], ["y", "i"], ("kernel_shape", new long[] { 2, 2, 2 }), ("storage_order", 1)).Output("y", DataType.Float16, 1, 2, 1, 2, 3).Output("i", DataType.Int64, 1, 2, 1, 2, 3));
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create<Half>([.. Enumerable.Range(0, 48).Select(static value => (Half)value)], 1, 2, 2, 3, 4) });
        // The largest is the last of each window: [1, y + 1, x + 1] of [2, 3, 4], counted as 1 + 2 · (y + 1) + 6 · (x + 1).
        long[] first = [9, 15, 21, 11, 17, 23];
        Assert.Equal([.. first, .. first.Select(static index => index + 24)], results["i"].AsSpan<long>().ToArray());
        Assert.Equal((Half)17, results["y"].AsSpan<Half>()[0]);
    }

    /// <summary>Pads of the run cut the same as pads of the model.</summary>
    [Fact]
    public void Transposed_convolutions_with_pads_of_the_run()
    {
        (string, object)[] attributes = [("strides", new long[] { 2, 2 }), ("output_padding", new long[] { 1, 0 }), ("group", 2)];
        using CompiledModel model = _models.Load("DynamicPads", new OnnxModelBuilder()
            .Input("x", 1, 4, 3, 3).Weight("w", 4, 2, 3, 3).Weight("b", 4).Input("pads", DataType.Int64, 4)
            .Node("com.microsoft.ConvTransposeWithDynamicPads", ["x", "w", "pads", "b"], ["y"], attributes)
            .Node("ConvTranspose", ["x", "w", "b"], ["z"], [.. attributes, ("pads", new long[] { 1, 0, 2, 1 })])
            .Output("y", 1, 4, "h", "w").Output("z", 1, 4, 5, 6));
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor>
        {
            ["x"] = Tensor.Create<float>(OnnxModelBuilder.WeightValues("x", 1, 4, 3, 3), 1, 4, 3, 3),
            ["pads"] = Tensor.Create<long>([1, 0, 2, 1], 4),
        });
        Assert.Equal(results["z"].Shape.ToArray(), results["y"].Shape.ToArray());
        Assert.Equal(results["z"].AsSpan<float>().ToArray(), results["y"].AsSpan<float>().ToArray(), static (left, right) => Math.Abs(left - right) < 1e-6);
    }

    /// <summary>A row of a window ends at what is hidden; one mask serves all channels.</summary>
    [Fact]
    public void Hidden_elements_end_the_rows_of_windows()
    {
        using CompiledModel model = _models.Load("MaskedPool", new OnnxModelBuilder()
            .Input("x", 1, 2, 2, 4).Input("mask", DataType.Int32, 1, 1, 2, 4)
            .Node("com.microsoft.MaxpoolWithMask", ["x", "mask"], ["y"], ("kernel_shape", new long[] { 2, 3 })).Output("y", 1, 2, 1, 2));
        using CompiledSession session = model.CreateSession();
        float[] y = SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 2, 9, 9, 3, 9, 5, 6, 10, 20, 90, 90, 30, 90, 50, 60], 1, 2, 2, 4)),
            ("mask", Tensor.Create<int>([0, 1, 0, 1, 1, 0, 1, 1], 1, 1, 2, 4)));
        Assert.Equal([3, 2, 30, 20], y);
    }

    private static long[] Longs(int[] values) => [.. values.Select(static value => (long)value)];
}

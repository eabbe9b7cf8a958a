using System.Runtime.InteropServices;
using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.DoublePrecision;

/// <summary>Conv and ConvTranspose of float64 against their definitions.</summary>
public sealed class DoubleConvolutionTests : IDisposable
{
    private const int Batch = 2, Channels = 4, Outputs = 6;

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(new[] { 11 }, new[] { 3 }, 1, new[] { 1 }, new[] { 1 }, new[] { 0, 0 }, "NOTSET")]
    [InlineData(new[] { 9 }, new[] { 4 }, 2, new[] { 3 }, new[] { 2 }, new[] { 5, 1 }, "NOTSET")]
    [InlineData(new[] { 6, 7 }, new[] { 3, 2 }, 2, new[] { 2, 1 }, new[] { 1, 3 }, new[] { 1, 0, 2, 3 }, "NOTSET")]
    [InlineData(new[] { 6, 7 }, new[] { 3, 4 }, 1, new[] { 2, 3 }, new[] { 1, 1 }, new[] { 0, 0, 0, 0 }, "SAME_UPPER")]
    [InlineData(new[] { 6, 7 }, new[] { 4, 2 }, 1, new[] { 1, 2 }, new[] { 1, 2 }, new[] { 0, 0, 0, 0 }, "SAME_LOWER")]
    [InlineData(new[] { 4, 5, 3 }, new[] { 2, 3, 2 }, 2, new[] { 1, 2, 1 }, new[] { 2, 1, 1 }, new[] { 1, 0, 2, 0, 1, 1 }, "NOTSET")]
    [InlineData(new[] { 4, 5, 3 }, new[] { 2, 3, 2 }, 1, new[] { 1, 1, 2 }, new[] { 1, 1, 1 }, new[] { 0, 0, 0, 0, 0, 0 }, "VALID")]
    public void Convolutions(int[] sizes, int[] kernel, int groups, int[] strides, int[] dilations, int[] pads, string mode)
    {
        int axes = sizes.Length;
        int[] begin = [.. pads.Take(axes)], result = new int[axes];
        for (int axis = 0; axis < axes; axis++)
        {
            int extent = ((kernel[axis] - 1) * dilations[axis]) + 1;
            result[axis] = ((sizes[axis] + pads[axis] + pads[axis + axes] - extent) / strides[axis]) + 1;
            if (mode.StartsWith("SAME", StringComparison.Ordinal))
            {
                result[axis] = (sizes[axis] + strides[axis] - 1) / strides[axis];
                int total = Math.Max(0, ((result[axis] - 1) * strides[axis]) + extent - sizes[axis]);
                begin[axis] = mode == "SAME_UPPER" ? total / 2 : total - (total / 2);
            }
        }

        long[] weightShape = [Outputs, Channels / groups, .. kernel.Select(static size => (long)size)];
        double[] x = Doubles.Numbers("x", Batch * Channels * Product(sizes)), w = Doubles.Numbers("w", weightShape), b = Doubles.Numbers("b", Outputs);
        double[] expected = new double[Batch * Outputs * Product(result)];
        for (int index = 0; index < expected.Length; index++)
        {
            int position = index % Product(result), output = index / Product(result) % Outputs, image = index / (Product(result) * Outputs);
            double sum = b[output];
            for (int input = 0; input < Channels / groups; input++)
            {
                int channel = (output / (Outputs / groups) * (Channels / groups)) + input;
                for (int tap = 0; tap < Product(kernel); tap++)
                {
                    int[] place = [.. Indices(position, result).Zip(Indices(tap, kernel)).Select((pair, axis) => (pair.First * strides[axis]) + (pair.Second * dilations[axis]) - begin[axis])];
                    sum += Element(x, (image * Channels) + channel, place, sizes) * w[(((output * (Channels / groups)) + input) * Product(kernel)) + tap];
                }
            }

            expected[index] = sum;
        }

        (string, object)[] padding = mode == "NOTSET" ? [("pads", Longs(pads))] : [("auto_pad", mode)];
        Check("Conv", sizes, result, weightShape, x, w, b, expected, [("group", groups), ("strides", Longs(strides)), ("dilations", Longs(dilations)), .. padding]);
    }

    [Theory]
    [InlineData(new[] { 7 }, new[] { 3 }, 1, new[] { 1 }, new[] { 1 }, new[] { 0, 0 }, new[] { 0 }, "NOTSET")]
    [InlineData(new[] { 5 }, new[] { 4 }, 2, new[] { 3 }, new[] { 2 }, new[] { 2, 1 }, new[] { 2 }, "NOTSET")]
    [InlineData(new[] { 4, 5 }, new[] { 3, 2 }, 2, new[] { 2, 1 }, new[] { 1, 3 }, new[] { 1, 0, 2, 1 }, new[] { 1, 0 }, "NOTSET")]
    [InlineData(new[] { 4, 5 }, new[] { 3, 4 }, 1, new[] { 2, 3 }, new[] { 1, 1 }, new[] { 0, 0, 0, 0 }, new[] { 0, 0 }, "SAME_UPPER")]
    [InlineData(new[] { 4, 5 }, new[] { 4, 3 }, 1, new[] { 2, 2 }, new[] { 2, 1 }, new[] { 0, 0, 0, 0 }, new[] { 0, 0 }, "SAME_LOWER")]
    [InlineData(new[] { 3, 4, 2 }, new[] { 2, 3, 2 }, 2, new[] { 3, 2, 1 }, new[] { 1, 1, 2 }, new[] { 1, 0, 1, 0, 1, 0 }, new[] { 2, 1, 0 }, "NOTSET")]
    [InlineData(new[] { 5 }, new[] { 2 }, 1, new[] { 4 }, new[] { 1 }, new[] { 0, 0 }, new[] { 0 }, "NOTSET")]
    public void TransposedConvolutions(int[] sizes, int[] kernel, int groups, int[] strides, int[] dilations, int[] pads, int[] extra, string mode)
    {
        int axes = sizes.Length;
        int[] begin = [.. pads.Take(axes)], result = new int[axes];
        for (int axis = 0; axis < axes; axis++)
        {
            int full = ((sizes[axis] - 1) * strides[axis]) + ((kernel[axis] - 1) * dilations[axis]) + 1 + extra[axis];
            result[axis] = full - pads[axis] - pads[axis + axes];
            if (mode.StartsWith("SAME", StringComparison.Ordinal))
            {
                result[axis] = sizes[axis] * strides[axis];
                int total = Math.Max(0, full - result[axis]);
                begin[axis] = mode == "SAME_UPPER" ? total / 2 : total - (total / 2);
            }
        }

        int groupOutputs = Outputs / groups, groupInputs = Channels / groups;
        long[] weightShape = [Channels, groupOutputs, .. kernel.Select(static size => (long)size)];
        double[] x = Doubles.Numbers("x", Batch * Channels * Product(sizes)), w = Doubles.Numbers("w", weightShape), b = Doubles.Numbers("b", Outputs);
        double[] expected = [.. Enumerable.Range(0, Batch * Outputs * Product(result)).Select(index => b[index / Product(result) % Outputs])];
        for (int index = 0; index < x.Length; index++)
        {
            int position = index % Product(sizes), channel = index / Product(sizes) % Channels, image = index / (Product(sizes) * Channels);
            for (int output = 0; output < groupOutputs; output++)
            {
                for (int tap = 0; tap < Product(kernel); tap++)
                {
                    int[] place = [.. Indices(position, sizes).Zip(Indices(tap, kernel)).Select((pair, axis) => (pair.First * strides[axis]) + (pair.Second * dilations[axis]) - begin[axis])];
                    if (Offset(place, result) is { } offset)
                    {
                        int plane = (image * Outputs) + (channel / groupInputs * groupOutputs) + output;
                        expected[(plane * Product(result)) + offset] += x[index] * w[(((channel * groupOutputs) + output) * Product(kernel)) + tap];
                    }
                }
            }
        }

        (string, object)[] padding = mode == "NOTSET" ? [("pads", Longs(pads))] : [("auto_pad", mode)];
        Check("ConvTranspose", sizes, result, weightShape, x, w, b, expected,
            [("group", groups), ("strides", Longs(strides)), ("dilations", Longs(dilations)), ("output_padding", Longs(extra)), .. padding]);
    }

    /// <summary>Runs with constant weights and open sizes of images, and with weights and bias of the run, in one thread and in more.</summary>
    private void Check(string type, int[] sizes, int[] result, long[] weightShape, double[] x, double[] w, double[] b, double[] expected, (string, object)[] attributes)
    {
        long[] shape = [Batch, Channels, .. sizes.Select(static size => (long)size)];
        foreach (bool isConstant in new[] { true, false })
        {
            OnnxModelBuilder builder = new OnnxModelBuilder(22).Input("x", DataType.Double, ["n", Channels, .. sizes.Select((size, axis) => isConstant ? (object)$"size{axis}" : size)]);
            if (isConstant)
            {
                builder.Constant("w", DataType.Double, MemoryMarshal.AsBytes<double>(w), weightShape).Constant("b", DataType.Double, MemoryMarshal.AsBytes<double>(b), Outputs);
            }
            else
            {
                builder.Input("w", DataType.Double, [.. weightShape.Cast<object>()]).Input("b", DataType.Double, Outputs);
            }

            builder.Node(type, ["x", "w", "b"], ["y"], attributes).Output("y", DataType.Double, ["n", Outputs, .. result.Select((size, axis) => isConstant ? (object)$"result{axis}" : size)]);
            using CompiledModel model = _models.Load($"{type}{isConstant}", builder);
            double[] Run(int threads)
            {
                using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
                (string, Tensor)[] weights = isConstant ? [] : [("w", Tensor.Create(w, weightShape)), ("b", Tensor.Create(b, Outputs))];
                return Doubles.Run(session, "y", [("x", Tensor.Create(x, shape)), .. weights]);
            }

            double[] actual = Run(1);
            Doubles.AreEqual(expected, actual);
            Assert.Equal(actual, Run(4));
        }
    }

    private static long[] Longs(int[] values) => [.. values.Select(static value => (long)value)];

    private static int Product(int[] sizes) => sizes.Aggregate(1, static (product, size) => product * size);

    private static int[] Indices(int offset, int[] sizes)
    {
        int[] indices = new int[sizes.Length];
        for (int axis = sizes.Length - 1; axis >= 0; axis--)
        {
            (offset, indices[axis]) = Math.DivRem(offset, sizes[axis]);
        }

        return indices;
    }

    private static int? Offset(int[] place, int[] sizes) => place.Zip(sizes).All(static pair => pair.First >= 0 && pair.First < pair.Second)
        ? place.Zip(sizes).Aggregate(0, static (offset, pair) => (offset * pair.Second) + pair.First)
        : null;

    private static double Element(double[] x, int plane, int[] place, int[] sizes) => Offset(place, sizes) is { } offset ? x[(plane * Product(sizes)) + offset] : 0;
}

using System.Numerics;
using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Models;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Signal;

/// <summary>Transforms in models: sizes, lengths and axes of the run, element types, refusals.</summary>
public sealed class SignalModelTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    /// <summary>Axis and length are inputs of the run, sizes are open.</summary>
    [Theory]
    [InlineData(0, 4)]
    [InlineData(-3, 3)]
    [InlineData(1, 6)]
    [InlineData(-2, 9)]
    public void AxisAndLengthMayComeWithTheRun(long axis, long length)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(20).Input("x", "rows", "columns", 1).Input("length", DataType.Int64).Input("axis", DataType.Int64)
            .Node("DFT", ["x", "length", "axis"], ["y"], ("onesided", 1)).Output("y", "a", "b", 2);
        using CompiledModel model = _models.Load("OpenDft", builder);
        using CompiledSession session = model.CreateSession();
        long[] sizes = [4, 6];
        float[] x = OnnxModelBuilder.WeightValues("x", 4, 6);
        Tensor result = session.Run(new Dictionary<string, Tensor>
        {
            ["x"] = Tensor.Create<float>(x, 4, 6, 1), ["length"] = Tensor.Create<long>([length]), ["axis"] = Tensor.Create<long>([axis]),
        })["y"];
        int along = (int)(axis < 0 ? axis + 3 : axis), bins = (int)(length / 2) + 1;
        Assert.Equal(along == 0 ? [bins, 6, 2] : [4, bins, 2], result.Shape.ToArray());
        for (int other = 0; other < sizes[1 - along]; other++)
        {
            double[] row = [.. Enumerable.Range(0, (int)sizes[along]).Select(index => (double)x[along == 0 ? (index * 6) + other : (other * 6) + index])];
            for (int bin = 0; bin < bins; bin++)
            {
                Complex expected = Bin(row, bin, (int)length);
                int place = 2 * (along == 0 ? (bin * 6) + other : (other * bins) + bin);
                Assert.Equal(expected.Real, result.AsSpan<float>()[place], 1e-5);
                Assert.Equal(expected.Imaginary, result.AsSpan<float>()[place + 1], 1e-5);
            }
        }
    }

    [Theory]
    [InlineData(2L, 4L)]
    [InlineData(-1L, 4L)]
    [InlineData(-4L, 4L)]
    [InlineData(1L, 0L)]
    public void RunsWithoutSuchAnAxisOrLengthAreRefused(long axis, long length)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(20).Input("x", "rows", "columns", 1).Input("length", DataType.Int64).Input("axis", DataType.Int64)
            .Node("DFT", ["x", "length", "axis"], ["y"]).Output("y", "a", "b", 2);
        using CompiledModel model = _models.Load("RefusingDft", builder);
        using CompiledSession session = model.CreateSession();
        Exception error = Assert.ThrowsAny<ArgumentException>(() => session.Run(new Dictionary<string, Tensor>
        {
            ["x"] = new(ElementType.Float32, 4, 6, 1), ["length"] = Tensor.Create<long>([length]), ["axis"] = Tensor.Create<long>([axis]),
        }));
        Assert.Contains("DFT", error.Message);
    }

    /// <summary>A sum and a difference, of all types.</summary>
    [Theory]
    [InlineData(ElementType.Float16, 17)]
    [InlineData(ElementType.BFloat16, 17)]
    [InlineData(ElementType.Float64, 17)]
    [InlineData(ElementType.Float64, 20)]
    public void AllFloatingPointTypesAreTransformed(ElementType elementType, int opset)
    {
        var type = (DataType)elementType;
        OnnxModelBuilder builder = new OnnxModelBuilder(opset).Input("x", type, 1, 2, 1).Node("DFT", ["x"], ["y"]).Output("y", type, 1, 2, 2);
        using CompiledModel model = _models.Load($"Dft{type}{opset}", builder);
        using CompiledSession session = model.CreateSession();
        byte[] bytes = elementType switch
        {
            ElementType.Float16 => [.. BitConverter.GetBytes((Half)3), .. BitConverter.GetBytes((Half)5)],
            ElementType.BFloat16 => [0x40, 0x40, 0xA0, 0x40],
            _ => [.. BitConverter.GetBytes(3.0), .. BitConverter.GetBytes(5.0)],
        };
        Tensor result = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.FromBytes(elementType, bytes, 1, 2, 1) })["y"];
        Assert.Equal([8, 0, -2, 0], TensorNumbers.Read(elementType, result.Bytes));
    }

    [Theory]
    [InlineData("signal", 3, 10, 4)]
    [InlineData("signal", 4, 21, 5)]
    public void FramesOfOpenSignalsAreWeightedAndTransformed(string size, int step, int samples, int length)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(17).Input("x", "batch", size, 1).Input("step", DataType.Int64).Input("window", "length")
            .Node("STFT", ["x", "step", "window"], ["y"]).Output("y", "batch", "frames", "bins", 2);
        using CompiledModel model = _models.Load("OpenStft", builder);
        using CompiledSession session = model.CreateSession();
        float[] x = OnnxModelBuilder.WeightValues("x", 2, samples), window = OnnxModelBuilder.WeightValues("window", length);
        Tensor result = session.Run(new Dictionary<string, Tensor>
        {
            ["x"] = Tensor.Create<float>(x, 2, samples, 1), ["step"] = Tensor.Create<long>([step]), ["window"] = Tensor.Create<float>(window, length),
        })["y"];
        int frames = ((samples - length) / step) + 1, bins = (length / 2) + 1;
        Assert.Equal([2, frames, bins, 2], result.Shape.ToArray());
        for (int frame = 0; frame < 2 * frames; frame++)
        {
            int start = (frame / frames * samples) + (frame % frames * step);
            double[] row = [.. Enumerable.Range(0, length).Select(index => (double)x[start + index] * window[index])];
            for (int bin = 0; bin < bins; bin++)
            {
                Complex expected = Bin(row, bin, length);
                int place = 2 * ((frame * bins) + bin);
                Assert.Equal(expected.Real, result.AsSpan<float>()[place], 1e-5);
                Assert.Equal(expected.Imaginary, result.AsSpan<float>()[place + 1], 1e-5);
            }
        }

        Exception error = Assert.ThrowsAny<ArgumentException>(() => session.Run(new Dictionary<string, Tensor>
        {
            ["x"] = new(ElementType.Float32, 2, length - 1, 1), ["step"] = Tensor.Create<long>([step]), ["window"] = Tensor.Create<float>(window, length),
        }));
        Assert.Contains("STFT", error.Message);
    }

    /// <summary>A complex signal e^(2πi·k/4) has one bin.</summary>
    [Fact]
    public void ComplexSignalsHaveAllBins()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(17).Input("x", 1, 4, 2).Integer("step", 1).Integer("length", 4)
            .Node("STFT", ["x", "step", "", "length"], ["y"], ("onesided", 0)).Output("y", 1, 1, 4, 2);
        using CompiledModel model = _models.Load("ComplexStft", builder);
        using CompiledSession session = model.CreateSession();
        Assert.Equal([0f, 0, 4, 0, 0, 0, 0, 0], SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 0, 0, 1, -1, 0, 0, -1], 1, 4, 2))), static (expected, actual) => Math.Abs(expected - actual) < 1e-6);
    }

    /// <summary>Corners at bins 0, 0, 1, 2 and 4: worked by hand from the definition.</summary>
    [Theory]
    [InlineData(ElementType.Float64)]
    [InlineData(ElementType.Float16)]
    [InlineData(ElementType.Int32)]
    public void MelWeightsAreTrianglesBetweenRoundedCorners(ElementType elementType)
    {
        var type = (DataType)elementType;
        OnnxModelBuilder builder = new OnnxModelBuilder(17).Input("bands", DataType.Int64).Input("length", DataType.Int64).Integer("rate", 16000)
            .Number("low", DataType.Float, 0, false).Input("high", DataType.Float)
            .Node("MelWeightMatrix", ["bands", "length", "rate", "low", "high"], ["y"], ("output_datatype", (int)type)).Output("y", type, "bins", "bands");
        using CompiledModel model = _models.Load($"Mel{type}", builder);
        using CompiledSession session = model.CreateSession();
        const int Bands = 3, Length = 16;
        Tensor result = session.Run(new Dictionary<string, Tensor>
        {
            ["bands"] = Tensor.Create<long>([Bands]), ["length"] = Tensor.Create<long>([Length]), ["high"] = Tensor.Create<float>([8000]),
        })["y"];
        Assert.Equal([9, 3], result.Shape.ToArray());
        int[] corners = [.. Enumerable.Range(0, 5).Select(static corner => (int)Math.Floor(17 * 700 * (Math.Pow(10, corner * Math.Log10(1 + (8000.0 / 700)) / 5) - 1) / 16000))];
        Assert.Equal([0, 0, 1, 2, 4], corners);
        double[] expected = new double[9 * Bands];
        expected[(0 * Bands) + 0] = 1; // 0, 0, 1
        expected[(1 * Bands) + 1] = 1; // 0, 1, 2
        expected[(2 * Bands) + 2] = 1; // 1, 2, 4
        expected[(3 * Bands) + 2] = type == DataType.Int32 ? 0 : 0.5;
        Assert.Equal(expected, TensorNumbers.Read(elementType, result.Bytes));

        Exception error = Assert.ThrowsAny<ArgumentException>(() => session.Run(new Dictionary<string, Tensor>
        {
            ["bands"] = Tensor.Create<long>([Bands]), ["length"] = Tensor.Create<long>([Length]), ["high"] = Tensor.Create<float>([80000]),
        }));
        Assert.Contains("MelWeightMatrix", error.Message);
    }

    /// <summary>com.microsoft's transforms of two axes there and back; its inverse always has an odd size.</summary>
    [Fact]
    public void TransformsOfTwoAxesGoThereAndBack()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 2, 4, 5)
            .Node("com.microsoft.Rfft", ["x"], ["f"], ("signal_ndim", 2), ("normalized", 0), ("onesided", 1))
            .Node("com.microsoft.Irfft", ["f"], ["y"], ("signal_ndim", 2), ("normalized", 0), ("onesided", 1)).Output("f", 2, 4, 3, 2).Output("y", 2, 4, 5);
        using CompiledModel model = _models.Load("Rfft2", builder);
        using CompiledSession session = model.CreateSession();
        float[] x = OnnxModelBuilder.WeightValues("x", 2, 4, 5);
        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create<float>(x, 2, 4, 5) });
        Assert.Equal(x.Take(20).Sum(static number => (double)number), results["f"].AsSpan<float>()[0], 1e-5);
        Assert.Equal(x, results["y"].AsSpan<float>().ToArray(), static (expected, actual) => Math.Abs(expected - actual) < 1e-6);
    }

    [Fact]
    public void WhatCannotBeTransformedIsRefused()
    {
        Refuses("DftParts", "last axis", new OnnxModelBuilder(20).Input("x", 2, 4, 3).Node("DFT", ["x"], ["y"]).Output("y", 2, 4, 2));
        Refuses("DftAxis", "real and imaginary", new OnnxModelBuilder(17).Input("x", 2, 4, 1).Node("DFT", ["x"], ["y"], ("axis", 2)).Output("y", 2, 4, 2));
        Refuses("DftRank", "axis 5", new OnnxModelBuilder(17).Input("x", 2, 4, 1).Node("DFT", ["x"], ["y"], ("axis", 5)).Output("y", 2, 4, 2));
        Refuses("DftComplex", "real input", new OnnxModelBuilder(20).Input("x", 2, 4, 2).Node("DFT", ["x"], ["y"], ("onesided", 1)).Output("y", 2, 3, 2));
        Refuses("DftReal", "complex input", new OnnxModelBuilder(20).Input("x", 2, 4, 1).Node("DFT", ["x"], ["y"], ("onesided", 1), ("inverse", 1)).Output("y", 2, 6, 1));
        Refuses("DftFlag", "'inverse' is 2", new OnnxModelBuilder(20).Input("x", 2, 4, 1).Node("DFT", ["x"], ["y"], ("inverse", 2)).Output("y", 2, 4, 2));
        Refuses("DftType", "floating-point", new OnnxModelBuilder(20).Input("x", DataType.Int32, 2, 4, 1).Node("DFT", ["x"], ["y"]).Output("y", DataType.Int32, 2, 4, 2));
        Refuses("DftLength", "at least 1", new OnnxModelBuilder(20).Input("x", 2, 4, 1).Integer("length", 0).Node("DFT", ["x", "length"], ["y"]).Output("y", 2, 0, 2));
        Refuses("StftComplex", "real signal", new OnnxModelBuilder(17).Input("x", 1, 8, 2).Integer("step", 2).Integer("length", 4).Node("STFT", ["x", "step", "", "length"], ["y"]).Output("y", 1, 3, 3, 2));
        Refuses("StftRank", "batch, samples", new OnnxModelBuilder(17).Input("x", 1, 8).Integer("step", 2).Integer("length", 4).Node("STFT", ["x", "step", "", "length"], ["y"]).Output("y", 1, 3, 3, 2));
        Refuses("StftStep", "at least 1", new OnnxModelBuilder(17).Input("x", 1, 8, 1).Integer("step", 0).Integer("length", 4).Node("STFT", ["x", "step", "", "length"], ["y"]).Output("y", 1, 3, 3, 2));
        Refuses("StftShort", "at least 1", new OnnxModelBuilder(17).Input("x", 1, 3, 1).Integer("step", 1).Integer("length", 4).Node("STFT", ["x", "step", "", "length"], ["y"]).Output("y", 1, 1, 3, 2));
        Refuses("StftWindow", "window", new OnnxModelBuilder(17).Input("x", 1, 8, 1).Input("w", 5).Integer("step", 2).Integer("length", 4).Node("STFT", ["x", "step", "w", "length"], ["y"]).Output("y", 1, 3, 3, 2));
    }

    private static Complex Bin(double[] row, int bin, int length) => row.Take(length).Select((number, index) => number * Complex.Exp(new Complex(0, -2 * Math.PI * bin * index / length)))
        .Aggregate(Complex.Zero, static (sum, number) => sum + number);

    private void Refuses(string name, string reason, OnnxModelBuilder builder) => Assert.Contains(reason, _models.Refusal(name, builder));
}

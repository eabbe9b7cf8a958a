using System.Runtime.InteropServices;
using Cameo.Kernels;
using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Models;
using Cameo.Threading;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Randomness;

/// <summary>Random operators: distributions by their moments, seeds, threads, types.</summary>
public sealed class RandomOperatorTests : IDisposable
{
    // Five standard deviations: a right generator fails once in a million tests, and these have seeds.
    private const double Deviations = 5;

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("RandomUniform", ElementType.Float32)]
    [InlineData("RandomUniform", ElementType.Float64)]
    [InlineData("RandomUniform", ElementType.Float16)]
    [InlineData("RandomNormal", ElementType.Float32)]
    [InlineData("RandomNormal", ElementType.Float64)]
    [InlineData("RandomNormal", ElementType.BFloat16)]
    public void MomentsAreThoseOfTheDistribution(string type, ElementType elementType)
    {
        var elements = (DataType)elementType;
        const int Count = 100_003;
        bool isNormal = type == "RandomNormal";
        (string, object)[] parameters = isNormal ? [("mean", 3f), ("scale", 0.5f)] : [("low", -2f), ("high", 4f)];
        OnnxModelBuilder builder = new OnnxModelBuilder(22).Node(type, [], ["y"], [("shape", new long[] { Count }), ("dtype", (int)elements), ("seed", 5f), .. parameters]).Output("y", elements, Count);
        using CompiledModel model = _models.Load($"{type}{elements}", builder);
        double[] numbers = Draw(model, "y", 2);
        Assert.Equal(numbers, Draw(model, "y", 1));
        double mean = numbers.Average(), variance = numbers.Average(number => (number - mean) * (number - mean));
        (double expectedMean, double expectedVariance) = isNormal ? (3, 0.25) : (1, 3.0);
        Assert.Equal(expectedMean, mean, Deviations * Math.Sqrt(expectedVariance / Count) + (elements is DataType.Bfloat16 ? 1e-3 : 0));

        // The variance of a sample's variance is (μ4 - σ⁴) / n.
        double fourth = isNormal ? 2 * expectedVariance * expectedVariance : 0.8 * expectedVariance * expectedVariance;
        Assert.Equal(expectedVariance, variance, (Deviations * Math.Sqrt(fourth / Count)) + (elements is DataType.Bfloat16 ? 1e-3 : 0));
        if (!isNormal && elements != DataType.Float16)
        {
            Assert.All(numbers, static number => Assert.InRange(number, -2, 4 - 1e-9));
        }

        // Neighbours have nothing to do with each other.
        double covariance = Enumerable.Range(1, Count - 1).Average(index => (numbers[index] - mean) * (numbers[index - 1] - mean));
        Assert.Equal(0, covariance, Deviations * expectedVariance / Math.Sqrt(Count));
    }

    [Fact]
    public void SeedsTellStreamsApartAndRunsWithoutOneDiffer()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(22).Input("x", "n", 3)
            .Node("RandomUniformLike", ["x"], ["a"], ("seed", 1f)).Node("RandomUniformLike", ["x"], ["b"], ("seed", 1f)).Node("RandomUniformLike", ["x"], ["c"], ("seed", 2f))
            .Node("RandomNormalLike", ["x"], ["d"]).Output("a", "n", 3).Output("b", "n", 3).Output("c", "n", 3).Output("d", "n", 3);
        using CompiledModel model = _models.Load("Streams", builder);
        using CompiledSession session = model.CreateSession();
        var inputs = new Dictionary<string, Tensor> { ["x"] = new(ElementType.Float32, 7, 3) };
        IReadOnlyDictionary<string, Tensor> first = session.Run(inputs), second = session.Run(inputs);
        Assert.Equal([7, 3], first["a"].Shape.ToArray());
        Assert.Equal(first["a"].Bytes.ToArray(), first["b"].Bytes.ToArray());
        Assert.NotEqual(first["a"].Bytes.ToArray(), first["c"].Bytes.ToArray());
        Assert.Equal(first["c"].Bytes.ToArray(), second["c"].Bytes.ToArray());
        Assert.NotEqual(first["d"].Bytes.ToArray(), second["d"].Bytes.ToArray());
    }

    /// <summary>A shape says all that is needed of the input: its elements need not be numbers.</summary>
    [Fact]
    public void InputsOfOtherTypesNeedAType()
    {
        OnnxModelBuilder Build(params (string, object)[] attributes) => new OnnxModelBuilder(22).Input("x", DataType.Bool, 5).Node("RandomNormalLike", ["x"], ["y"], attributes).Output("y", 5);
        Assert.Contains("dtype", _models.Refusal("Untyped", Build()));
        using CompiledModel model = _models.Load("Typed", Build(("dtype", (int)DataType.Float)));
        using CompiledSession session = model.CreateSession();
        Assert.Equal(5, SmallModels.Run(session, "y", ("x", new(ElementType.Boolean, 5))).Distinct().Count());
    }

    [Theory]
    [InlineData(ElementType.Float32, ElementType.Boolean)]
    [InlineData(ElementType.Float32, ElementType.Int64)]
    [InlineData(ElementType.Float64, ElementType.UInt8)]
    [InlineData(ElementType.Float16, ElementType.Float16)]
    public void BernoulliDrawsOnesWithTheGivenProbability(ElementType probabilityType, ElementType resultType)
    {
        DataType probability = (DataType)probabilityType, result = (DataType)resultType;
        const int Count = 40_000;
        OnnxModelBuilder builder = new OnnxModelBuilder(22).Input("x", 3, Count).Node("Cast", ["x"], ["p"], ("to", (int)probability))
            .Node("Bernoulli", ["p"], ["y"], ("dtype", (int)result), ("seed", 3f)).Output("y", result, 3, Count);
        using CompiledModel model = _models.Load($"Bernoulli{probability}{result}", builder);
        double[] numbers = Draw(model, "y", 1, ("x", Tensor.Create<float>([.. Enumerable.Repeat(0f, Count), .. Enumerable.Repeat(0.25f, Count), .. Enumerable.Repeat(1f, Count)], 3, Count)));
        Assert.Equal(0, numbers.Take(Count).Sum());
        Assert.Equal(0.25 * Count, numbers.Skip(Count).Take(Count).Sum(), Deviations * Math.Sqrt(Count * 0.1875));
        Assert.Equal(Count, numbers.Skip(2 * Count).Sum());
        Assert.All(numbers, static number => Assert.True(number is 0 or 1));
    }

    [Theory]
    [InlineData(ElementType.Float32, ElementType.Int32)]
    [InlineData(ElementType.Float64, ElementType.Int64)]
    [InlineData(ElementType.Float16, ElementType.Int32)]
    public void MultinomialDrawsClassesByTheirShare(ElementType inputType, ElementType resultType)
    {
        DataType type = (DataType)inputType, result = (DataType)resultType;
        const int Samples = 50_000;
        OnnxModelBuilder builder = new OnnxModelBuilder(22).Input("x", "batch", 4).Node("Cast", ["x"], ["p"], ("to", (int)type))
            .Node("Multinomial", ["p"], ["y"], ("sample_size", Samples), ("dtype", (int)result), ("seed", 9f)).Output("y", result, "batch", Samples);
        using CompiledModel model = _models.Load($"Multinomial{type}{result}", builder);

        // Shares 1/8, 1/8, 0, 3/4 and 0, 1, 0, 0; logarithms have no scale.
        float[] logarithms = [0, 0, float.NegativeInfinity, MathF.Log(6), float.NegativeInfinity, -400, float.NegativeInfinity, float.NegativeInfinity];
        double[] numbers = Draw(model, "y", 1, ("x", Tensor.Create<float>(logarithms, 2, 4)));
        double[] shares = [0.125, 0.125, 0, 0.75];
        for (int category = 0; category < 4; category++)
        {
            Assert.Equal(shares[category] * Samples, numbers.Take(Samples).Count(number => number == category), Deviations * Math.Sqrt(Samples * shares[category] * (1 - shares[category])));
        }

        Assert.All(numbers.Skip(Samples), static number => Assert.Equal(1, number));
        using CompiledSession session = model.CreateSession();
        ArgumentException error = Assert.ThrowsAny<ArgumentException>(() => session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create<float>([float.NaN, 0, 0, 0], 1, 4) }));
        Assert.Contains("Multinomial", error.Message);
    }

    /// <summary>A model without inputs to draw from is not computed once and for all.</summary>
    [Fact]
    public void WithoutASeedConstantsAreDrawnFromInEveryRun()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(22).Input("unused", 1).Constant("p", new float[64], 1, 64)
            .Node("Multinomial", ["p"], ["y"], ("sample_size", 32)).Node("Identity", ["unused"], ["z"]).Output("y", DataType.Int32, 1, 32).Output("z", 1);
        using CompiledModel model = _models.Load("Unseeded", builder);
        using CompiledSession session = model.CreateSession();
        var inputs = new Dictionary<string, Tensor> { ["unused"] = new(ElementType.Float32, 1) };
        Assert.NotEqual(session.Run(inputs)["y"].Bytes.ToArray(), session.Run(inputs)["y"].Bytes.ToArray());
    }

    [Fact]
    public void ImpossibleRequestsAreRefused()
    {
        Assert.Contains("'shape'", _models.Refusal("NoShape", new OnnxModelBuilder(22).Node("RandomUniform", [], ["y"]).Output("y", 1)));
        Assert.Contains("int32", _models.Refusal("Integers", new OnnxModelBuilder(22).Node("RandomUniform", [], ["y"], ("shape", new long[] { 2 }), ("dtype", (int)DataType.Int32)).Output("y", DataType.Int32, 2)));
        Assert.Contains("batch, classes", _models.Refusal("Vector", new OnnxModelBuilder(22).Input("x", 4).Node("Multinomial", ["x"], ["y"]).Output("y", DataType.Int32, 1)));
        Assert.Contains("floating-point", _models.Refusal("Probabilities", new OnnxModelBuilder(22).Input("x", DataType.Int32, 4).Node("Bernoulli", ["x"], ["y"]).Output("y", DataType.Int32, 4)));
    }

    /// <summary>Parts of a tensor are the same numbers, wherever threads cut it.</summary>
    [Theory]
    [InlineData(RandomDistribution.Uniform)]
    [InlineData(RandomDistribution.Normal)]
    public unsafe void ThreadsDoNotChangeBits(RandomDistribution distribution)
    {
        float[] one = new float[300_007], several = new float[one.Length];
        fixed (float* first = one, second = several)
        {
            RandomNumbers.Fill(new Workers(1), first, one.Length, distribution, 0, 1, 77);
            RandomNumbers.Fill(new Workers(4), second, several.Length, distribution, 0, 1, 77);
        }

        Assert.Equal(MemoryMarshal.AsBytes<float>(one).ToArray(), MemoryMarshal.AsBytes<float>(several).ToArray());
    }

    /// <summary>Salmon et al.'s known answers for a counter and a key of zeros and of ones: the upper half of our counter is always 0, so only the first applies.</summary>
    [Fact]
    public void TheGeneratorGivesItsPublishedAnswer() => Assert.Equal((0x6627E8D5u, 0xE169C58Du, 0xBC57AC4Cu, 0x9B00DBD8u), Philox.Block(0, 0));

    private static double[] Draw(CompiledModel model, string output, int threads, params (string Name, Tensor Value)[] inputs)
    {
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
        Tensor result = session.Run(inputs.ToDictionary(static input => input.Name, static input => input.Value))[output];
        return TensorNumbers.Read(result.ElementType, result.Bytes);
    }
}

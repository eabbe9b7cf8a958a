using System.Globalization;
using System.Runtime.InteropServices;
using Cameo.Descriptions;
using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Xunit;
using ModelZoo = Cameo.Tests.Models.ModelZoo;

namespace Cameo.Tests.Quantization;

/// <summary>The story model with 16-bit numbers throughout and with 4-bit weights: it agrees with the float32 model as closely as its numbers allow, and its file stays narrow.</summary>
[Trait("Suite", "models")]
public sealed class NarrowModelTests(ModelZoo zoo) : IClassFixture<ModelZoo>
{
    private const int Tokens = 7;

    /// <summary>
    /// Form, the same spelling in float32, the largest difference of logits (which reach about 15), and bytes of the weights in relation to float32: of 16-bit numbers each step rounds
    /// to 11 or 8 bits.
    /// </summary>
    [SkippableTheory]
    [InlineData("fp16", "genai", 0.05, 0.55)]
    [InlineData("bf16", "genai", 0.4, 0.55)]
    public void NarrowNumbersAgreeWithTheFloatModel(string form, string wideForm, double tolerance, double size) => Check(zoo.Stories(form), zoo.Stories(wideForm), tolerance, size);

    /// <summary>
    /// The same model with the numbers that its 4-bit weights stand for as float32 differs by rounding alone. 4-bit models keep embedding and output projection (or, of the latter, a copy) as they
    /// are.
    /// </summary>
    [SkippableTheory]
    [InlineData("genai-int4", 0.4)]
    [InlineData("genai-int4-zp", 0.4)]
    [InlineData("qdq-int4", 0.35)]
    [InlineData("qdq-uint4-zp", 0.35)]
    public void FourBitWeightsAgreeWithTheSameNumbersAsFloats(string form, double size)
    {
        using var folder = new TemporaryFolder();
        ModelCompilation narrow = zoo.Stories(form);
        string className = $"Wide{form.Replace("-", "", StringComparison.Ordinal)}";
        ModelCompilation wide = ModelCompilation.Run(className, WideWeights.Rewrite(File.ReadAllBytes(zoo.StoriesPath(form))), className, folder.Path);
        GeneratedAssembly.Build([wide]);
        Assert.True(wide.Type is not null, wide.Explain());
        Assert.Contains(narrow.Result!.Kernels, static kernel => kernel.Kind == "quantized matmul");
        Assert.DoesNotContain(wide.Result!.Kernels, static kernel => kernel.Kind == "quantized matmul");
        Check(narrow, wide, 1e-3, size);
    }

    private static void Check(ModelCompilation narrow, ModelCompilation wide, double tolerance, double size)
    {
        Assert.True(narrow.Type is not null, narrow.Explain());
        Assert.InRange(narrow.Result!.Recipe!.PayloadBytes, 1, (long)(wide.Result!.Recipe!.PayloadBytes * size));
        double[] expected = Logits(wide);
        double[] actual = Logits(narrow);
        Assert.Equal(expected.Length, actual.Length);
        double worst = expected.Zip(actual, static (left, right) => Math.Abs(left - right)).Max();
        Assert.InRange(worst, 0, tolerance);
    }

    private static double[] Logits(ModelCompilation compilation)
    {
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        long[] ids = [1, 403, 407, 261, 378, 432, 383];
        Dictionary<string, Tensor> inputs = new() { ["input_ids"] = Tensor.Create(ids, [1, Tokens]), ["attention_mask"] = Tensor.Create(Enumerable.Repeat(1L, Tokens).ToArray(), [1, Tokens]) };
        if (model.Description.Inputs.Any(static input => input.Name == "position_ids"))
        {
            inputs["position_ids"] = Tensor.Create(Enumerable.Range(0, Tokens).Select(static position => (long)position).ToArray(), [1, Tokens]);
        }

        // Caches that are no states are inputs, here without any tokens.
        foreach (ValueDescription cache in model.Description.Inputs.Where(static input => input.Name.StartsWith("past_key_values", StringComparison.Ordinal)))
        {
            inputs[cache.Name] = new Tensor(cache.ElementType, [1, long.Parse(cache.Dimensions[1], CultureInfo.InvariantCulture), 0, long.Parse(cache.Dimensions[3], CultureInfo.InvariantCulture)]);
        }

        Tensor logits = session.Run(inputs)["logits"];
        return logits.ElementType switch
        {
            ElementType.Float16 => [.. logits.AsSpan<Half>().ToArray().Select(static value => (double)value)],
            ElementType.BFloat16 => [.. MemoryMarshal.Cast<byte, ushort>(logits.Bytes).ToArray().Select(static bits => (double)BitConverter.Int32BitsToSingle(bits << 16))],
            _ => [.. logits.AsSpan<float>().ToArray().Select(static value => (double)value)],
        };
    }
}

using Xunit;

namespace Cameo.Tests.Operators;

/// <summary>The attention operators of ONNX and com.microsoft against stored cases.</summary>
[Trait("Suite", "onnx")]
public sealed class AttentionCasesTests
{
    /// <summary>ONNX's own tolerance is 1e-3 and 1e-7; sums of some products of both signs leave more than that near 0, as ONNX Runtime's own run of these cases allows.</summary>
    [SkippableFact]
    public void OnnxAttention()
    {
        // The same operator as function bodies: some need operators that do not compile yet.
        Check("onnx-node.zip", "test_attention", 76, 1e-5, 1e-3, static name => !name.EndsWith("_expanded", StringComparison.Ordinal));
    }

    [SkippableTheory]
    [InlineData("ort130_GroupQueryAttention", 41)]
    [InlineData("web_group_query_attention", 1)]
    [InlineData("ort130_MultiHeadAttention", 11)]
    [InlineData("multihead_attention_op_test", 7)]
    [InlineData("web_multihead_attention", 10)]
    [InlineData("attention_op_test", 31)]
    [InlineData("web_attention", 5)]
    [InlineData("embed_layer_norm_op_test", 5)]
    [InlineData("decoder_masked_multihead_attention_op_test", 1)]
    [InlineData("quantize_attention_op_test", 8)]
    [InlineData("qembed_layer_norm_op_test", 6)]
    public void ContribOperators(string suite, int least) => Check("ort-contrib.zip", $"positive/{suite}/", least, 1e-5, 1e-4);

    private static void Check(string zip, string folder, int least, double absolute, double relative, Func<string, bool>? select = null)
    {
        using var cases = new StoredCases(zip, folder, absolute, relative);
        (int count, IReadOnlyList<string> faults) = cases.Run(select);
        Assert.True(count >= least, $"Only {count} cases.");
        Assert.True(faults.Count == 0, string.Join("\n", faults));
    }
}

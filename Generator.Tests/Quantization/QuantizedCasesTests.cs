using Cameo.Tests.Operators;
using Xunit;

namespace Cameo.Tests.Quantization;

/// <summary>Quantised operators of ONNX and com.microsoft against stored cases.</summary>
[Trait("Suite", "onnx")]
public sealed class QuantizedCasesTests
{
    [SkippableTheory]
    [InlineData("test_matmulinteger", 1)]
    [InlineData("test_convinteger", 2)]
    [InlineData("test_qlinear", 9)]
    [InlineData("test_dynamicquantizelinear", 6)]
    [InlineData("test_quantizelinear", 10)]
    [InlineData("test_dequantizelinear", 9)]
    public void OnnxOperators(string family, int least) =>
        // Numbers of 8 and 4 bits with an exponent are not supported.
        Check("onnx-node.zip", family, least, static name => !name.Contains("e4m3", StringComparison.Ordinal) && !name.Contains("e5m2", StringComparison.Ordinal) && !name.Contains("float4", StringComparison.Ordinal));

    [SkippableTheory]
    [InlineData("matmul_2bits_test", 90)]
    [InlineData("matmul_4bits_test", 80)]
    [InlineData("matmul_8bits_test", 75)]
    [InlineData("ort130_MatMulNBits", 70)]
    [InlineData("web_matmulnbits", 12)]
    [InlineData("gather_block_quantized_op_test", 76)]
    [InlineData("web_gather_block_quantized", 2)]
    [InlineData("dynamic_quantize_matmul_test", 20)]
    [InlineData("matmul_integer_to_float_test", 24)]
    [InlineData("matmul_integer16_test", 2)]
    [InlineData("ort130_QLinearConv", 24)]
    [InlineData("qlinear_binary_op_test", 36)]
    [InlineData("qlinear_concat_test", 14)]
    [InlineData("qlinear_global_average_pool_test", 15)]
    [InlineData("qlinear_pool_test", 36)]
    [InlineData("qlinear_where_test", 5)]
    [InlineData("quant_gemm_test", 286)]
    [InlineData("quantize_ops_test", 9)]
    public void ContribOperators(string suite, int least) => Check("ort-contrib.zip", $"positive/{suite}/", least);

    /// <summary>Some cases of this suite declare no rank for their input, which is refused.</summary>
    [SkippableFact]
    public void LookupTables() => Check("ort-contrib.zip", "positive/qlinear_lookup_table_test/", 4, static name => !name.EndsWith("_run1", StringComparison.Ordinal) || !name.Contains("Softmax", StringComparison.Ordinal));

    private static void Check(string zip, string folder, int least, Func<string, bool>? select = null)
    {
        using var cases = new StoredCases(zip, folder, absolute: 1e-5, relative: 1e-4);
        (int count, IReadOnlyList<string> faults) = cases.Run(select);
        Assert.True(count >= least, $"Only {count} cases.");
        Assert.True(faults.Count == 0, string.Join("\n", faults));
    }
}

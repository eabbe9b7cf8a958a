using System.Runtime.InteropServices;
using Cameo.Generator.Onnx;
using Xunit;
using static Cameo.Generator.Onnx.Proto.TensorProto.Types;

namespace Cameo.Tests.Import;

/// <summary>The facts that stand in the graph text in place of a large tensor's contents.</summary>
public sealed class TensorFactsTests
{
    // More than the scanner's buffer of 256 KiB, so that the end of a part is not the end of a row.
    private const int LargeSize = 391;

    [Fact]
    public void UniformTensorsHaveTheirElement()
    {
        TensorFacts facts = Facts(DataType.Float, Enumerable.Repeat(0.5f, LargeSize * LargeSize).ToArray(), LargeSize, LargeSize);

        Assert.Equal(0x3F000000UL, facts.Uniform);
        Assert.True(facts.AllFinite);
        Assert.Null(facts.LowerTriangle);
        Assert.Equal(LargeSize * LargeSize * 4, facts.ByteLength);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(70_000)]
    [InlineData((LargeSize * LargeSize) - 1)]
    public void OneOtherElementIsSeen(int position)
    {
        float[] elements = [.. Enumerable.Repeat(0.5f, LargeSize * LargeSize)];
        elements[position] = float.NaN;

        TensorFacts facts = Facts(DataType.Float, elements, LargeSize * LargeSize);

        Assert.Null(facts.Uniform);
        Assert.False(facts.AllFinite);
    }

    [Fact]
    public void EveryFiniteHalfIsSeenAsOne()
    {
        float[] halves = [.. Enumerable.Range(0, 1 << 16).Select(static bits => (float)BitConverter.UInt16BitsToHalf((ushort)bits)).Where(float.IsFinite)];
        Assert.True(Facts(DataType.Float, halves, halves.Length).AllHalf);
    }

    /// <summary>Neighbours of float16 numbers, normal and subnormal, and numbers beyond their range.</summary>
    [Theory]
    [InlineData(1.0001f)]
    [InlineData(65520f)]
    [InlineData(65536f)]
    [InlineData(-65472.1f)]
    [InlineData(2.9802322e-8f)]
    [InlineData(8.940697e-8f)]
    [InlineData(6.1005354e-5f)]
    [InlineData(1e-45f)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NaN)]
    public void OneOtherNumberAmongHalvesIsSeen(float other)
    {
        Assert.NotEqual(other, float.IsFinite(other) ? (float)(Half)other : 0);
        float[] elements = [.. Enumerable.Repeat(0.5f, LargeSize * LargeSize)];
        elements[^1] = other;
        Assert.Null(Facts(DataType.Float, elements, LargeSize * LargeSize).AllHalf);
    }

    [Fact]
    public void CausalMasksHaveTwoTriangles()
    {
        float[] mask = new float[2 * LargeSize * LargeSize];
        for (int index = 0; index < mask.Length; index++)
        {
            int row = index / LargeSize % LargeSize;
            mask[index] = index % LargeSize > row ? float.NegativeInfinity : 0;
        }

        TensorFacts facts = Facts(DataType.Float, mask, 2, LargeSize, LargeSize);

        Assert.Equal(0UL, facts.LowerTriangle);
        Assert.Equal(0xFF800000UL, facts.UpperTriangle);
        Assert.Null(facts.Uniform);
        Assert.False(facts.AllFinite);
    }

    [Fact]
    public void LowerTriangularMatricesHaveZeroAbove()
    {
        TensorFacts facts = Facts(DataType.Int16, new short[] { 1, 0, 0, 2, 3, 0, 4, 5, 6 }, 3, 3);

        Assert.Null(facts.LowerTriangle);
        Assert.Equal(0UL, facts.UpperTriangle);
    }

    [Fact]
    public void BooleanCausalMasksAreRecognized()
    {
        TensorFacts facts = Facts(DataType.Bool, new byte[] { 1, 0, 1, 1 }, 1, 1, 2, 2);

        Assert.Equal(1UL, facts.LowerTriangle);
        Assert.Equal(0UL, facts.UpperTriangle);
    }

    [Fact]
    public void TheDiagonalBelongsToTheLowerTriangle()
    {
        TensorFacts facts = Facts(DataType.Bool, new byte[] { 0, 1, 0, 0 }, 2, 2);

        Assert.Equal(0UL, facts.LowerTriangle);
        Assert.Equal(1UL, facts.UpperTriangle);
        facts = Facts(DataType.Bool, new byte[] { 1, 1, 0, 1 }, 2, 2);
        Assert.Null(facts.LowerTriangle);
    }

    [Fact]
    public void IntegersHaveARange()
    {
        Assert.Equal((-7L, 9L), Range(Facts(DataType.Int32, new[] { 3, -7, 9 }, 3)));
        Assert.Equal((-7L, long.MaxValue), Range(Facts(DataType.Int64, new long[] { 3, -7, long.MaxValue }, 3)));
        Assert.Equal((3L, uint.MaxValue), Range(Facts(DataType.Uint32, new uint[] { 3, uint.MaxValue }, 2)));
        Assert.Equal((null, null), Range(Facts(DataType.Uint64, new ulong[] { 3, ulong.MaxValue }, 2)));
        Assert.Null(Facts(DataType.Int32, new[] { 3 }, 1).AllFinite);
    }

    [Theory]
    [InlineData((int)DataType.Float16, "00 7C", "FF 7B")]
    [InlineData((int)DataType.Float16, "01 FE", "00 80")]
    [InlineData((int)DataType.Bfloat16, "80 FF", "7F 7F")]
    [InlineData((int)DataType.Double, "000000000000F07F", "FFFFFFFFFFFFEFFF")]
    [InlineData((int)DataType.Complex64, "00000000 0000807F", "00000000 0000807E")]
    [InlineData((int)DataType.Float8E4M3Fn, "7F", "7E")]
    [InlineData((int)DataType.Float8E4M3Fn, "FF", "80")]
    [InlineData((int)DataType.Float8E4M3Fnuz, "80", "FF")]
    [InlineData((int)DataType.Float8E5M2, "7C", "7B")]
    [InlineData((int)DataType.Float8E5M2, "FD", "FB")]
    [InlineData((int)DataType.Float8E5M2Fnuz, "80", "7F")]
    [InlineData((int)DataType.Float8E8M0, "FF", "FE")]
    public void InfinitiesAndNaNsAreSeenInEveryFormat(int type, string other, string finite)
    {
        Assert.False(ModelFiles.ImportFacts(ModelFiles.Tensor("t", (DataType)type, Parse(other), 1)).AllFinite);
        Assert.True(ModelFiles.ImportFacts(ModelFiles.Tensor("t", (DataType)type, Parse(finite), 1)).AllFinite);
    }

    [Theory]
    [InlineData((int)DataType.Uint4, 4, "3333", 3UL)]
    [InlineData((int)DataType.Uint4, 4, "3433", null)]
    [InlineData((int)DataType.Uint4, 4, "3434", null)]
    [InlineData((int)DataType.Uint4, 5, "000000", 0UL)]
    [InlineData((int)DataType.Int2, 8, "5555", 1UL)]
    [InlineData((int)DataType.Int2, 8, "5554", null)]
    public void ElementsBelowAByteCanBeUniform(int type, long count, string bytes, ulong? expected)
        => Assert.Equal(expected, ModelFiles.ImportFacts(ModelFiles.Tensor("t", (DataType)type, Parse(bytes), count)).Uniform);

    [Fact]
    public void FactsSurviveTheText()
    {
        TensorFacts facts = new()
        {
            Weight = "a/b~2",
            ByteLength = 1L << 40,
            Uniform = ulong.MaxValue,
            LowerTriangle = 0,
            UpperTriangle = 1,
            Minimum = long.MinValue,
            Maximum = long.MaxValue,
            AllFinite = false,
            AllHalf = true,
        };
        var tensor = ModelFiles.Tensor("t", DataType.Float, 1);

        Infrastructure.ForeignCulture.Run(() =>
        {
            facts.Write(tensor);
            return 0;
        });

        Assert.Equal(facts, TensorFacts.Read(tensor));
        Assert.Equal("-9223372036854775808", tensor.ExternalData.Single(static entry => entry.Key == "minimum").Value);
    }

    private static (long? Minimum, long? Maximum) Range(TensorFacts facts) => (facts.Minimum, facts.Maximum);

    private static byte[] Parse(string hexadecimal) => Convert.FromHexString(hexadecimal.Replace(" ", "", StringComparison.Ordinal));

    private static TensorFacts Facts<T>(DataType type, T[] elements, params long[] dimensions)
        where T : unmanaged
        => ModelFiles.ImportFacts(ModelFiles.Tensor("t", type, MemoryMarshal.AsBytes<T>(elements).ToArray(), dimensions));
}

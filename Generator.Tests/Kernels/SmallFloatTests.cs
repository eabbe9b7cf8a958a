using Cameo.Vectors;
using Xunit;

namespace Cameo.Tests.Kernels;

/// <summary>Floating-point formats of at most 8 bits: every code comes back, and what lies between two numbers goes to the nearest, ties to the even one.</summary>
public sealed class SmallFloatTests
{
    [Fact]
    public void EveryNumberComesBack()
    {
        AssertRoundTrip(256, static code => (float)new Float8E4M3FN(code), static value => ((Float8E4M3FN)value).Bits);
        AssertRoundTrip(256, static code => (float)new Float8E4M3FNUZ(code), static value => ((Float8E4M3FNUZ)value).Bits);
        AssertRoundTrip(256, static code => (float)new Float8E5M2(code), static value => ((Float8E5M2)value).Bits);
        AssertRoundTrip(256, static code => (float)new Float8E5M2FNUZ(code), static value => ((Float8E5M2FNUZ)value).Bits);
        AssertRoundTrip(256, static code => (float)new Float8E8M0(code), static value => ((Float8E8M0)value).Bits);
        AssertRoundTrip(16, static code => (float)new Float4E2M1(code), static value => ((Float4E2M1)value).Bits);
    }

    [Theory]
    [InlineData(464f, 448f)] // half way to the number that would follow: the even one
    [InlineData(1e9f, 448f)]
    [InlineData(-1e9f, -448f)]
    [InlineData(float.PositiveInfinity, 448f)]
    [InlineData(1.0625f, 1f)]
    [InlineData(1.1875f, 1.25f)]
    [InlineData(0.0009765625f, 0f)] // half of the smallest number
    [InlineData(0.0010f, 0.001953125f)]
    [InlineData(float.NaN, float.NaN)]
    public void RoundsToTheNearest(float value, float expected) => Assert.Equal(expected, (float)(Float8E4M3FN)value);

    [Theory]
    [InlineData(464f, 448f, float.NaN, 448f)]
    [InlineData(465f, float.NaN, float.NaN, 448f)]
    [InlineData(61439f, float.NaN, float.NaN, 57344f)]
    [InlineData(61440f, float.NaN, float.NaN, float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity, float.NaN, float.NaN, float.NegativeInfinity)]
    public void WithoutSaturationWhatIsTooLargeIsNoNumber(float value, float e4M3FN, float e4M3FNUZ, float e5M2)
    {
        Assert.Equal(e4M3FN, (float)Float8E4M3FN.FromSingle(value, saturate: false));
        Assert.Equal(e4M3FNUZ, (float)Float8E4M3FNUZ.FromSingle(value, saturate: false));
        Assert.Equal(e5M2, (float)Float8E5M2.FromSingle(value, saturate: false));
        Assert.Equal(value > 61439 || value < 0 ? float.NaN : e5M2, (float)Float8E5M2FNUZ.FromSingle(value, saturate: false));
    }

    [Theory]
    [InlineData(3f, 4f, 2f, 4f)]
    [InlineData(2.9f, 4f, 2f, 2f)]
    [InlineData(-3f, 4f, 2f, 4f)]
    [InlineData(4f, 4f, 4f, 4f)]
    [InlineData(float.PositiveInfinity, float.NaN, float.NaN, float.NaN)]
    [InlineData(float.MaxValue, 1.7014118e38f, 1.7014118e38f, 1.7014118e38f)] // 2^127, the largest
    public void PowersOfTwo(float value, float up, float down, float nearest)
    {
        Assert.Equal(up, (float)(Float8E8M0)value);
        Assert.Equal(down, (float)Float8E8M0.FromSingleDown(value));
        Assert.Equal(nearest, (float)Float8E8M0.FromSingleNearest(value));
    }

    private static void AssertRoundTrip(int codes, Func<byte, float> decode, Func<float, byte> encode)
    {
        for (int code = 0; code < codes; code++)
        {
            float value = decode((byte)code);

            // What is infinite becomes the largest number, and NaN has several codes.
            if (float.IsFinite(value))
            {
                Assert.Equal(code, encode(value));
            }
        }
    }
}

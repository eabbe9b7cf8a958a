using Cameo.Tests.Infrastructure;
using Cameo.Vectors;
using Xunit;

namespace Cameo.Tests.Kernels;

/// <summary>Runs the tests marked <c>Widths=all</c> at every narrower vector width.</summary>
public sealed class VectorWidthTests
{
    [Theory]
    [InlineData(VectorWidthSetting.Preferred256)]
    [InlineData(VectorWidthSetting.Preferred128)]
    [InlineData(VectorWidthSetting.WithoutAvx2)]
    [InlineData(VectorWidthSetting.WithoutIntrinsics)]
    [Trait("Suite", "widths")]
    public void NarrowerVectorsPassTheSameTests(VectorWidthSetting setting) => Assert.True(VectorWidthRunner.Run(setting) > 20);

    [Fact]
    [Trait("Widths", "all")]
    public void WidthIsTheOneAskedFor()
    {
        // Without the variable this is the outer run, which takes what the machine has.
        string? bits = Environment.GetEnvironmentVariable(VectorWidthRunner.ExpectedBitsVariable);
        string? fused = Environment.GetEnvironmentVariable(VectorWidthRunner.ExpectedFusedVariable);
        var action = new CountAction();
        VectorDispatch.Run(ref action);
        Assert.Equal(VectorWidth.Lanes, action.Lanes);
        Assert.Equal(bits ?? VectorWidth.Bits.ToString(), VectorWidth.Bits.ToString());
        Assert.Equal(fused ?? (VectorWidth.HasFusedMultiplyAdd ? "1" : "0"), VectorWidth.HasFusedMultiplyAdd ? "1" : "0");
    }

    private struct CountAction : IVectorAction
    {
        public int Lanes;

        public void Run<V>()
            where V : struct, IVector<V> => Lanes = V.Count;
    }
}

using Cameo.Tests.Infrastructure;
using Xunit;

namespace Cameo.Tests.Models;

/// <summary>Runs <see cref="WidthTests"/> at every narrower vector width, each in a process of its own.</summary>
[Trait("Suite", "models")]
public sealed class NarrowWidthTests
{
    [SkippableTheory]
    [InlineData(VectorWidthSetting.Preferred256)]
    [InlineData(VectorWidthSetting.Preferred128)]
    [InlineData(VectorWidthSetting.WithoutAvx2)]
    [InlineData(VectorWidthSetting.WithoutIntrinsics)]
    public void ModelsGiveTheStoredOutputs(VectorWidthSetting setting)
    {
        TestData.RequireModels();
        string[] refused = [.. WidthTests.Cases.Select(static row => (string)row[0]).Distinct().Where(static folder => ExpectedFailures.Find(folder) is not null)];
        Assert.True(VectorWidthRunner.Run(setting, "Widths=models") >= 1 + WidthTests.Cases.Count() - (2 * refused.Length));
    }
}

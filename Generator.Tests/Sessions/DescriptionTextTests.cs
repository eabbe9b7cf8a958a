using System.Globalization;
using Cameo.Descriptions;
using Cameo.Sessions;
using Xunit;

namespace Cameo.Tests.Sessions;

public sealed class DescriptionTextTests
{
    private const string Expected = """
        Story (written by trainer)
        operator sets: ai.onnx 23, com.microsoft 1
        identity: abcd

        inputs
          input_ids: Int64[batch, sequence]  (inputIds)

        outputs
          logits: Float32[batch, sequence, 512]

        states
          past.key -> present.key: Float32[batch, 4, past, 8]  key cache, 64 KiB

        dimensions
          batch = 1
          past = 0..512
          sequence >= 1

        memory
          weights   1.18 MiB (1,234,567 B)
          arena     4 KiB (4,096 B), before planning 12.5 KiB (12,800 B)
          states    64 KiB (65,536 B)

        kernels (times a run, multiply-adds and bytes moved each time, nodes)
          0  Embed    move                         0  2,048  Gather /embed
          1  Kernel1  contraction       512*sequence  1,234  MatMul /q, Add /q/bias
          2  Block    loop         × 4             3      8  Neg /{0..3}

        recognised patterns
          rmsnorm  /layers.{0..3}/norm × 4
          gelu  /act

        patterns not recognised
          attention  Softmax /softmax: the mask is read elsewhere

        memory plan (offset, bytes, kernels, buffer)
                     0          4096     0..1     /embed
                  4096           256     1..2     logits × 4, every 3 kernels

        """;

    [Theory]
    [InlineData(".", ",")]
    [InlineData(",", ".")]
    public void EverythingIsWrittenTheSameUnderEveryCulture(string decimalSeparator, string groupSeparator)
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            culture.NumberFormat.NumberDecimalSeparator = decimalSeparator;
            culture.NumberFormat.NumberGroupSeparator = groupSeparator;
            CultureInfo.CurrentCulture = culture;
            Assert.Equal(Expected.ReplaceLineEndings("\n"), DescriptionText.Write(Description(), Details()));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1 KiB")]
    [InlineData(1_288_490, "1.23 MiB")]
    [InlineData(5L << 40, "5 TiB")]
    public void SizesHaveUnits(long bytes, string expected) => Assert.Equal(expected, DescriptionText.Size(bytes));

    [Fact]
    public void AModelOfNothingHasAText() => Assert.StartsWith("Empty\n", new ModelDescription { Name = "Empty" }.ToString(), StringComparison.Ordinal);

    private static ModelDescription Description() => new()
    {
        Name = "Story",
        Producer = "trainer",
        OperatorSets = [new("", 23), new("com.microsoft", 1)],
        Identity = "abcd",
        Inputs = [new() { Name = "input_ids", MemberName = "inputIds", ElementType = ElementType.Int64, Dimensions = ["batch", "sequence"] }],
        Outputs = [new() { Name = "logits", ElementType = ElementType.Float32, Dimensions = ["batch", "sequence", "512"] }],
        States =
        [
            new()
            {
                InputName = "past.key", OutputName = "present.key", ElementType = ElementType.Float32, Dimensions = ["batch", "4", "past", "8"],
                Kind = "key cache", Bytes = 65536,
            },
        ],
        Dimensions =
        [
            new() { Symbol = "batch", Minimum = 1, Maximum = 1, Pinned = true },
            new() { Symbol = "past", Minimum = 0, Maximum = 512 },
            new() { Symbol = "sequence", Minimum = 1 },
        ],
        ArenaBytes = 4096,
        ArenaBytesBeforePlanning = 12800,
        WeightBytes = 1234567,
        StateBytes = 65536,
    };

    private static ModelDetails Details() => new()
    {
        Kernels =
        [
            new() { Name = "Embed", Kind = "move", Nodes = ["Gather /embed"], Bytes = 2048 },
            new() { Index = 1, Name = "Kernel1", Kind = "contraction", Nodes = ["MatMul /q", "Add /q/bias"], MultiplyAddsText = "512*sequence", Bytes = 1234 },
            new() { Index = 2, Repetitions = 4, Name = "Block", Kind = "loop", Nodes = ["Neg /{0..3}"], MultiplyAdds = 3, Bytes = 8 },
        ],
        MemoryPlan = [new("logits", 4096, 256, 1, 2) { Repetitions = 4, Period = 3 }, new("/embed", 0, 4096, 0, 1)],
        Patterns = [new("rmsnorm", "/layers.{0..3}/norm", 4), new("gelu", "/act", 1)],
        Misses = [new("attention", "Softmax /softmax", 1) { Reason = "the mask is read elsewhere" }],
    };
}

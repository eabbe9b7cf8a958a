using System.Runtime.InteropServices;
using System.Text;
using Cameo.Generator.Onnx.Proto;
using Cameo.Sessions;
using Cameo.Tests.Models;
using Google.Protobuf;
using Xunit;

namespace Cameo.Tests.Conformance;

/// <summary>The rules by which cases are judged.</summary>
public sealed class ValueComparisonTests
{
    [Theory]
    [InlineData(1f, 1.0009f, true)]
    [InlineData(1f, 1.002f, false)]
    [InlineData(0f, 9e-8f, true)]
    [InlineData(0f, 2e-7f, false)]
    [InlineData(float.NaN, float.NaN, true)]
    [InlineData(float.NaN, 1f, false)]
    [InlineData(1f, float.NaN, false)]
    [InlineData(float.PositiveInfinity, float.PositiveInfinity, true)]
    [InlineData(float.PositiveInfinity, float.NegativeInfinity, false)]
    [InlineData(float.PositiveInfinity, float.MaxValue, false)]
    [InlineData(0f, -0f, true)]
    public void Numbers(float expected, float actual, bool passes) => Assert.Equal(passes, Compare(Floats(actual), Floats(expected)) is null);

    [Fact]
    public void ShapesElementTypesAndKindsMustBeEqual()
    {
        TensorValue one = Floats(1);
        Assert.NotNull(Compare(one with { Shape = [] }, one));
        Assert.NotNull(Compare(one with { ElementType = ElementType.Int32 }, one));
        Assert.NotNull(Compare(new SequenceValue([one]), one));
        Assert.NotNull(Compare(new SequenceValue([one, one]), new SequenceValue([one])));
        Assert.NotNull(Compare(new SequenceValue([Floats(2)]), new SequenceValue([one])));
        Assert.Null(Compare(new SequenceValue([one]), new SequenceValue([one])));
        Assert.NotNull(Compare(new OptionalValue(null), new OptionalValue(one)));
        Assert.Null(Compare(new OptionalValue(null), new OptionalValue(null)));
        Assert.Null(Compare(one, new OptionalValue(one)));
    }

    [Fact]
    public void Strings()
    {
        TensorValue Text(string text) => new(ElementType.String, [1], [], [Encoding.UTF8.GetBytes(text)]);
        Assert.Null(Compare(Text("é"), Text("é")));
        Assert.NotNull(Compare(Text("e"), Text("é")));
    }

    [Fact]
    public void LargeIntegersAreComparedExactlyWhereTheyMustBeEqual()
    {
        TensorValue Integer(long value) => new(ElementType.Int64, [1], MemoryMarshal.AsBytes<long>([value]).ToArray());
        var comparison = new ValueComparison();
        Assert.NotNull(comparison.Compare(Integer((1L << 60) + 1), Integer(1L << 60), static _ => new Tolerance(0, 0)));
    }

    [Fact]
    public void DifferenceIsInUnitsOfTheElementType()
    {
        var comparison = new ValueComparison();
        Assert.Null(comparison.Compare(Floats(1 + MathF.ScaleB(3, -23)), Floats(1), static _ => new Tolerance(0, 1e-3)));
        Assert.Equal(3, comparison.MaximumUlp);
    }

    /// <summary>The largest number, the smallest one and one in between of each type, from the tables of the specifications of the types.</summary>
    [Theory]
    [InlineData(ElementType.Float8E4M3FN, 0x7E, 448)]
    [InlineData(ElementType.Float8E4M3FN, 0x81, -0.001953125)]
    [InlineData(ElementType.Float8E4M3FN, 0x7F, double.NaN)]
    [InlineData(ElementType.Float8E4M3FNUZ, 0x7F, 240)]
    [InlineData(ElementType.Float8E4M3FNUZ, 0x01, 0.0009765625)]
    [InlineData(ElementType.Float8E4M3FNUZ, 0x80, double.NaN)]
    [InlineData(ElementType.Float8E5M2, 0x7B, 57344)]
    [InlineData(ElementType.Float8E5M2, 0x7C, double.PositiveInfinity)]
    [InlineData(ElementType.Float8E5M2FNUZ, 0x7F, 57344)]
    [InlineData(ElementType.Float8E5M2FNUZ, 0x80, double.NaN)]
    [InlineData(ElementType.Float8E8M0, 0x80, 2)]
    [InlineData(ElementType.Float8E8M0, 0xFF, double.NaN)]
    [InlineData(ElementType.Float4E2M1, 0x7, 6)]
    [InlineData(ElementType.Float4E2M1, 0x9, -0.5)]
    public void SmallFloatingPointNumbers(ElementType type, byte bits, double expected) => Assert.Equal([expected], TensorNumbers.Read(type, [bits]));

    /// <summary>Sequences and optionals have field 3 for a tensor and 5 for a sequence.</summary>
    [Fact]
    public void SequencesAndOptionalsAreRead()
    {
        byte[] tensor = new TensorProto { DataType = (int)TensorProto.Types.DataType.Int64, Dims = { 1 }, Int64Data = { 7 } }.ToByteArray();
        var sequence = (SequenceValue)CaseValueReader.Read([.. Field(3, tensor), .. Field(3, tensor)], ValueKind.Sequence);
        Assert.Equal([7.0, 7.0], sequence.Elements.Cast<TensorValue>().SelectMany(static element => TensorNumbers.Read(element.ElementType, element.Bytes)));
        Assert.Null(CaseValueReader.Read([], ValueKind.Optional).Content);
        var optional = (SequenceValue)CaseValueReader.Read(Field(5, Field(3, tensor)), ValueKind.Optional).Content!;
        Assert.Single(optional.Elements);
    }

    private static byte[] Field(int number, byte[] message) => [(byte)((number << 3) | 2), (byte)message.Length, .. message];

    private static TensorValue Floats(params float[] values) => new(ElementType.Float32, [values.Length], MemoryMarshal.AsBytes<float>(values).ToArray());

    private static string? Compare(CaseValue actual, CaseValue expected) => new ValueComparison().Compare(actual, expected, static _ => new Tolerance(1e-7, 1e-3));
}

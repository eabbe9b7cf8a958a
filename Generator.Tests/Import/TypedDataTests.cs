using Cameo.Generator.Onnx;
using Cameo.Generator.Onnx.Proto;
using Cameo.Tests.Infrastructure;
using Google.Protobuf;
using Xunit;
using static Cameo.Generator.Onnx.Proto.TensorProto.Types;

namespace Cameo.Tests.Import;

/// <summary>Elements in typed fields (float_data, int32_data, …), packed or one by one, become the raw bytes that the standard defines.</summary>
public sealed class TypedDataTests
{
    // 2 elements, -1 and 3 where the type has a sign, as they are stored and as raw bytes.
    public static TheoryData<int, long[], string> Integers => new()
    {
        { (int)DataType.Int8, [-1, 3], "FF03" },
        { (int)DataType.Uint8, [255, 3], "FF03" },
        { (int)DataType.Bool, [1, 0], "0100" },
        { (int)DataType.Int16, [-1, 3], "FFFF0300" },
        { (int)DataType.Uint16, [65535, 3], "FFFF0300" },
        { (int)DataType.Int32, [-1, 3], "FFFFFFFF03000000" },
        { (int)DataType.Float16, [0x3C00, 0xC000], "003C00C0" },
        { (int)DataType.Bfloat16, [0x3F80, 0x4040], "803F4040" },
        { (int)DataType.Float8E4M3Fn, [0x38, 0xB8], "38B8" },
        { (int)DataType.Int64, [-1, 1L << 40], "FFFFFFFFFFFFFFFF0000000000010000" },
        { (int)DataType.Uint32, [0xFFFFFFFF, 3], "FFFFFFFF03000000" },
        { (int)DataType.Uint64, [-1, 3], "FFFFFFFFFFFFFFFF0300000000000000" },
    };

    [Theory]
    [MemberData(nameof(Integers))]
    public void IntegersBecomeRawBytes(int type, long[] stored, string expected)
    {
        foreach (bool packed in new[] { true, false })
        {
            AssertBytes(expected, (DataType)type, [2], writer =>
            {
                uint field = (uint)ElementTypes.TypedField((DataType)type);
                WriteVarints(writer, field, packed, stored);
            });
        }
    }

    [Theory]
    [InlineData((int)DataType.Int4, 3, new long[] { 0x21, 0x0F }, "210F")]
    [InlineData((int)DataType.Uint4, 4, new long[] { 0x21, 0xF3 }, "21F3")]
    [InlineData((int)DataType.Float4E2M1, 1, new long[] { 0x07 }, "07")]
    [InlineData((int)DataType.Int2, 5, new long[] { 0xE4, 0x01 }, "E401")]
    public void ElementsBelowAByteShareBytes(int type, long count, long[] stored, string expected)
        => AssertBytes(expected, (DataType)type, [count], writer => WriteVarints(writer, TensorProto.Int32DataFieldNumber, packed: true, stored));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void FloatsBecomeRawBytes(bool packed)
        => AssertBytes("0000803F000040C0", DataType.Float, [2], writer => WriteFloats(writer, packed, 1f, -3f));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ComplexNumbersAreTwoFloats(bool packed)
        => AssertBytes("0000803F000040C0", DataType.Complex64, [1], writer => WriteFloats(writer, packed, 1f, -3f));

    [Fact]
    public void DoublesBecomeRawBytes()
        => AssertBytes("000000000000F03F00000000000008C0", DataType.Double, [2], static writer =>
        {
            writer.WriteTag(TensorProto.DoubleDataFieldNumber, WireFormat.WireType.LengthDelimited);
            writer.WriteLength(16);
            writer.WriteDouble(1);
            writer.WriteDouble(-3);
        });

    [Fact]
    public void PackedAndSingleElementsMayFollowEachOther()
        => AssertBytes("0000803F0000004000004040", DataType.Float, [3], static writer =>
        {
            WriteFloats(writer, packed: true, 1f, 2f);
            WriteFloats(writer, packed: false, 3f);
        });

    [Fact]
    public void StringsStandInTheText()
    {
        TensorProto tensor = ModelFiles.Tensor("words", DataType.String, 2);
        tensor.StringData.Add(ByteString.CopyFromUtf8("käse"));
        tensor.StringData.Add(ByteString.CopyFromUtf8(new string('x', 5000)));

        ImportResult result = ModelFiles.Import(ModelFiles.Model(tensor));

        Assert.Empty(result.Diagnostics);
        Assert.Equal(tensor, GraphTextReader.Read(result.GraphText!).Graph.Initializer[0]);
    }

    [Theory]
    [InlineData((int)DataType.Int8, 300L)]
    [InlineData((int)DataType.Uint8, -200L)]
    [InlineData((int)DataType.Float16, 70000L)]
    [InlineData((int)DataType.Uint32, -1L)]
    public void ValuesThatTheTypeDoesNotHaveAreErrors(int type, long value)
    {
        ImportResult result = Import((DataType)type, [1], writer => WriteVarints(writer, (uint)ElementTypes.TypedField((DataType)type), packed: true, value));

        Assert.Equal(ImportDiagnosticIds.InvalidTensorData, Assert.Single(result.Diagnostics).Id);
    }

    [Fact]
    public void ElementsInTheFieldOfAnotherTypeAreAnError()
    {
        ImportResult result = Import(DataType.Float, [1], static writer => WriteVarints(writer, TensorProto.Int64DataFieldNumber, packed: true, 1));

        ImportDiagnostic diagnostic = Assert.Single(result.Diagnostics);
        Assert.Equal(ImportDiagnosticIds.InvalidTensorData, diagnostic.Id);
        Assert.Contains("'t'", diagnostic.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void TooFewOrTooManyElementsAreAnError(int count)
    {
        long[] values = [.. Enumerable.Range(0, count)];
        ImportResult result = Import(DataType.Int64, [2], writer => WriteVarints(writer, TensorProto.Int64DataFieldNumber, packed: true, values));

        Assert.Equal(ImportDiagnosticIds.DataSizeMismatch, Assert.Single(result.Diagnostics).Id);
    }

    [Fact]
    public void PartsOfLargeTensorsCanBeRead()
    {
        const int Count = 100_000;
        long[] values = [.. Enumerable.Range(0, Count)];
        byte[] message = Serialize(DataType.Int32, [Count], writer => WriteVarints(writer, TensorProto.Int32DataFieldNumber, packed: true, values));
        using TemporaryFolder folder = new();
        string path = folder.File("model.onnx");
        File.WriteAllBytes(path, SerializeModel(message));
        ImportResult result = ModelImporter.Import(path, ImportOptions.Default);
        Assert.Empty(result.Diagnostics);
        using WeightSourceReader reader = new(result.WeightIndex!, path);

        byte[] part = new byte[8];
        reader.Read("t", 4 * 77_777, part);

        Assert.Equal(77_777, BitConverter.ToInt32(part, 0));
        Assert.Equal(77_778, BitConverter.ToInt32(part, 4));
        byte[] all = reader.Read("t");
        Assert.Equal(Enumerable.Range(0, Count), Enumerable.Range(0, Count).Select(index => BitConverter.ToInt32(all, 4 * index)));
        using Stream stream = reader.OpenRead("t");
        using MemoryStream copy = new();
        stream.CopyTo(copy);
        Assert.Equal(all, copy.ToArray());
    }

    private static void AssertBytes(string expected, DataType type, long[] dimensions, Action<CodedOutputStream> writeData)
    {
        byte[] message = Serialize(type, dimensions, writeData);
        Assert.Equal(expected, Convert.ToHexString(TensorProtoReader.Read(message).Bytes));

        // In the graph text, and by reference through the index.
        ImportResult inline = Import(type, dimensions, writeData, new ImportOptions { InlineFloatingPointElements = 100 });
        Assert.Empty(inline.Diagnostics);
        Assert.Equal(expected, Convert.ToHexString(TensorData.GetBytes(GraphTextReader.Read(inline.GraphText!).Graph.Initializer[0])));

        using TemporaryFolder folder = new();
        string path = folder.File("model.onnx");
        File.WriteAllBytes(path, SerializeModel(message));
        ImportResult reference = ModelImporter.Import(path, ModelFiles.NothingInline);
        Assert.Empty(reference.Diagnostics);
        using WeightSourceReader reader = new(reference.WeightIndex!, path);
        Assert.Equal(expected, Convert.ToHexString(reader.Read("t")));

        byte[] end = new byte[1];
        reader.Read("t", (expected.Length / 2) - 1, end);
        Assert.Equal(expected[^2..], Convert.ToHexString(end));
    }

    private static ImportResult Import(DataType type, long[] dimensions, Action<CodedOutputStream> writeData, ImportOptions? options = null)
        => ModelFiles.Import(SerializeModel(Serialize(type, dimensions, writeData)), options);

    private static byte[] Serialize(DataType type, long[] dimensions, Action<CodedOutputStream> writeData)
    {
        MemoryStream stream = new();
        using CodedOutputStream writer = new(stream);
        writeData(writer);
        writer.Flush();

        // Data before shape and type: protobuf does not promise an order of fields.
        stream.Write(ModelFiles.Tensor("t", type, dimensions).ToByteArray());
        return stream.ToArray();
    }

    private static byte[] SerializeModel(byte[] tensor)
    {
        byte[] graph = Field(GraphProto.InitializerFieldNumber, tensor);
        return Field(ModelProto.GraphFieldNumber, graph);
    }

    private static byte[] Field(int number, byte[] value)
    {
        MemoryStream stream = new();
        using CodedOutputStream writer = new(stream);
        writer.WriteTag(number, WireFormat.WireType.LengthDelimited);
        writer.WriteBytes(ByteString.CopyFrom(value));
        writer.Flush();
        return stream.ToArray();
    }

    private static void WriteVarints(CodedOutputStream writer, uint field, bool packed, params long[] values)
    {
        if (packed)
        {
            writer.WriteTag((int)field, WireFormat.WireType.LengthDelimited);
            writer.WriteLength(values.Sum(CodedOutputStream.ComputeInt64Size));
        }

        foreach (long value in values)
        {
            if (!packed)
            {
                writer.WriteTag((int)field, WireFormat.WireType.Varint);
            }

            writer.WriteInt64(value);
        }
    }

    private static void WriteFloats(CodedOutputStream writer, bool packed, params float[] values)
    {
        if (packed)
        {
            writer.WriteTag(TensorProto.FloatDataFieldNumber, WireFormat.WireType.LengthDelimited);
            writer.WriteLength(values.Length * sizeof(float));
        }

        foreach (float value in values)
        {
            if (!packed)
            {
                writer.WriteTag(TensorProto.FloatDataFieldNumber, WireFormat.WireType.Fixed32);
            }

            writer.WriteFloat(value);
        }
    }
}

using System.Globalization;
using System.Runtime.InteropServices;
using Cameo.Generator.Onnx;
using Cameo.Generator.Onnx.Proto;
using Cameo.Tests.Infrastructure;
using Google.Protobuf;
using Xunit;

namespace Cameo.Tests.Import;

/// <summary>The graph text: its form, what goes into it, and that it depends on nothing else.</summary>
public sealed class GraphTextTests
{
    private const int Seed = 7;

    [Fact]
    public void EachNodeHasALine()
    {
        ModelProto model = ModelFiles.Model(ModelFiles.Tensor("shape", TensorProto.Types.DataType.Int64, BitConverter.GetBytes(-1L), 1));
        GraphProto branch = new() { Name = "branch" };
        branch.Node.Add(ModelFiles.Node("Neg"));
        model.Graph.Node.Add(ModelFiles.Node("Relu"));
        model.Graph.Node.Add(ModelFiles.Node("If", new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = branch }));
        model.Graph.Node.Add(ModelFiles.Node("Elu", new AttributeProto { Name = "alpha", Type = AttributeProto.Types.AttributeType.Float, F = 0.1f }));
        ImportOptions options = new() { GraphOptions = new Dictionary<string, string> { ["dimensions"] = "batch=1; past<=2048 # \"all\"", ["class"] = "Digits" } };

        string text = ModelFiles.Import(model, options).GraphText!;

        Assert.Equal(
            """
            {
             "irVersion": 8,
             "opsetImport": [
              {"domain": "", "version": 17}
             ],
             "metadataProps": [
              {"key": "cameo.class", "value": "Digits"},
              {"key": "cameo.dimensions", "value": "batch=1; past<=2048 # \"all\""}
             ],
             "graph": {
              "name": "g",
              "node": [
               {"opType": "Relu"},
               {"opType": "If", "attribute": [{"name": "then_branch", "type": "GRAPH", "g": {
                "name": "branch",
                "node": [
                 {"opType": "Neg"}
                ]
               }}]},
               {"opType": "Elu", "attribute": [{"name": "alpha", "type": "FLOAT", "f": 0.1}]}
              ],
              "initializer": [
               {"name": "shape", "dataType": 7, "dims": [1], "int64Data": [-1]}
              ]
             }
            }

            """.ReplaceLineEndings("\n"),
            text);
        Assert.Equal([13, 14, 20], GraphTextLines.FindNodes(text));
    }

    [Fact]
    public void EveryFloatSurvives()
    {
        Random random = new(Seed);
        ModelProto model = ModelFiles.Model();
        AttributeProto attribute = new() { Name = "a", Type = AttributeProto.Types.AttributeType.Floats };
        attribute.Floats.Add([
            0, -0f, 1, -1, 0.1f, 1 / 3f, 100, 123456.7f, 16777216, 1e-6f, 1e-7f, 1e15f, 1e16f, float.Epsilon, float.MaxValue, float.MinValue,
            float.PositiveInfinity, float.NegativeInfinity, float.NaN]);
        for (int index = 0; index < 20_000; index++)
        {
            float value = BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue));
            attribute.Floats.Add(float.IsNaN(value) ? 1 : value);
        }

        model.Graph.Node.Add(ModelFiles.Node("N", attribute));
        string text = ForeignCulture.Run(() => ModelFiles.Import(model).GraphText!);

        ModelProto read = ForeignCulture.Run(() => GraphTextReader.Read(text));

        int[] expected = [.. attribute.Floats.Select(BitConverter.SingleToInt32Bits)];
        Assert.Equal(expected, read.Graph.Node[0].Attribute[0].Floats.Select(BitConverter.SingleToInt32Bits));
    }

    [Theory]
    [InlineData(0.1f, "0.1")]
    [InlineData(-123.25f, "-123.25")]
    [InlineData(1e-5f, "0.00001")]
    [InlineData(1e-7f, "1e-7")]
    [InlineData(3.4028235e38f, "3.4028235e38")]
    [InlineData(1.5e-45f, "1e-45")]
    [InlineData(16777216f, "16777216")]
    [InlineData(1e15f, "1000000000000000")]
    [InlineData(-0f, "-0.0")]
    public void FloatsAreShort(float value, string expected)
    {
        System.Text.StringBuilder text = new();
        JsonText.AppendNumber(text, value);
        Assert.Equal(expected, text.ToString());
    }

    [Theory]
    [InlineData(0L)]
    [InlineData(-1L)]
    [InlineData(1L << 53)]
    [InlineData((1L << 53) + 1)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public void EveryIntegerSurvives(long value)
    {
        ModelProto model = ModelFiles.Model();
        model.Graph.Node.Add(ModelFiles.Node("N", new AttributeProto { Name = "a", I = value }));

        string text = ForeignCulture.Run(() => ModelFiles.Import(model).GraphText!);

        Assert.Equal(value, ForeignCulture.Run(() => GraphTextReader.Read(text)).Graph.Node[0].Attribute[0].I);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("quote \" backslash \\ slash / tab \t line \n return \r nul \0 escape \u001b delete \u007f next \u0085 separators \u2028\u2029 mark \ufeff")]
    [InlineData("käse 漢字 🧀")]
    public void EveryNameSurvivesOnOneLine(string name)
    {
        ModelProto model = ModelFiles.Model();
        NodeProto node = ModelFiles.Node("N");
        node.Name = name;
        node.Input.Add(name);
        model.Graph.Node.Add(node);

        string text = ModelFiles.Import(model).GraphText!;

        Assert.Equal(node, GraphTextReader.Read(text).Graph.Node[0]);
        Assert.Equal(text.Split('\n').Length, text.ReplaceLineEndings("\n").Split('\n').Length);
    }

    [SkippableFact]
    public void CultureDoesNotMatter()
    {
        TestData.RequireModels();
        foreach (string name in TestData.ModelNames)
        {
            string path = TestData.ModelPath(name);
            ImportResult usual = ModelImporter.Import(path, ImportOptions.Default);

            ImportResult foreign = ForeignCulture.Run(() => ModelImporter.Import(path, ImportOptions.Default));

            Assert.Equal(usual.GraphText, foreign.GraphText);
            Assert.Equal(Text(usual.WeightIndex!), ForeignCulture.Run(() => Text(foreign.WeightIndex!)));
        }
    }

    [SkippableTheory]
    [InlineData("mnist_8")]
    [InlineData("dynamo_smollm_1")]
    [InlineData("stories260K_opset23")]
    public void TrainingChangesNoText(string name)
    {
        string path = TestData.RequireModel(name);
        ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        Random random = new(Seed);
        foreach (TensorProto tensor in model.Graph.Initializer)
        {
            bool trained = tensor.DataType == (int)TensorProto.Types.DataType.Float && (ElementTypes.ElementCount(tensor.Dims) ?? 0) > 4;
            byte[] data = trained ? TensorData.GetBytes(tensor) : [];
            Span<float> elements = MemoryMarshal.Cast<byte, float>(data.AsSpan());

            // What is uniform, or else a fact, before the training is not trained: masks and constants.
            if (trained && elements.Length > 0 && elements.ContainsAnyExcept(elements[0]))
            {
                foreach (ref float element in elements)
                {
                    element = random.NextSingle() - 0.5f;
                }

                tensor.FloatData.Clear();
                tensor.RawData = ByteString.CopyFrom(data);
            }
        }

        using TemporaryFolder folder = new();
        string retrained = folder.File("model.onnx");
        File.WriteAllBytes(retrained, model.ToByteArray());
        Assert.False(File.ReadAllBytes(path).AsSpan().SequenceEqual(File.ReadAllBytes(retrained)));

        Assert.Equal(ModelImporter.Import(path, ImportOptions.Default).GraphText, ModelImporter.Import(retrained, ImportOptions.Default).GraphText);
    }

    [Fact]
    public void OptionsComeFromTheProjectAlone()
    {
        ModelProto model = ModelFiles.Model();
        model.MetadataProps.Add(new StringStringEntryProto { Key = "cameo.weights", Value = "embed" });
        model.MetadataProps.Add(new StringStringEntryProto { Key = "author", Value = "someone" });
        ImportOptions options = new() { GraphOptions = new Dictionary<string, string> { [GraphOptions.Class] = "C" } };

        ImportResult result = ModelFiles.Import(model, options);

        ImportDiagnostic diagnostic = Assert.Single(result.Diagnostics);
        Assert.Equal((ImportDiagnosticIds.ReservedMetadata, ImportDiagnosticSeverity.Warning), (diagnostic.Id, diagnostic.Severity));
        ModelProto read = GraphTextReader.Read(result.GraphText!);
        Assert.Equal(new Dictionary<string, string> { ["class"] = "C" }, GraphOptions.Read(read));
        Assert.Contains(read.MetadataProps, static entry => entry is { Key: "author", Value: "someone" });
    }

    [Fact]
    public void NewerVersionsAreWarnings()
    {
        ModelProto model = ModelFiles.Model();
        model.IrVersion = 1000;

        ImportResult result = ModelFiles.Import(model);

        Assert.True(result.Succeeded);
        Assert.Equal(ImportDiagnosticIds.NewerVersion, Assert.Single(result.Diagnostics).Id);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"graph\": 1}")]
    [InlineData("{\"irVersion\": \"many\"}")]
    [InlineData("{\"graph\": null, \"functions\": [null]}")]
    public void TextsThatAreNoGraphAreRefused(string text)
        => Assert.Throws<InvalidGraphTextException>(() => GraphTextReader.Read(text));

    [Fact]
    public void UnknownFieldsAreIgnored()
        => Assert.Equal(3, GraphTextReader.Read("{\"irVersion\": 3, \"color\": {\"red\": [1, {}]}}").IrVersion);

    private static string Text(WeightIndex index)
    {
        StringWriter writer = new(CultureInfo.CurrentCulture);
        index.Write(writer);
        return writer.ToString();
    }
}

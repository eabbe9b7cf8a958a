using Cameo.Generator;
using Cameo.Generator.Build;
using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;
using Cameo.Generator.Onnx;
using Cameo.Generator.Onnx.Proto;
using Cameo.Generator.Reports;
using Cameo.Memory;
using Cameo.Tests.Infrastructure;
using Google.Protobuf;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Xunit;
using GraphEntry = Cameo.Generator.Graphs.WeightEntry;

namespace Cameo.Tests.Build;

/// <summary>The two tasks on files, with a compiler that packs each large tensor as it is.</summary>
public sealed class BuildTaskTests : IDisposable
{
    private const int Elements = 1000;

    private readonly TemporaryFolder _folder = new();
    private readonly RecordingBuildEngine _engine = new();
    private int _compilations;

    private string Model => _folder.File("tiny-net.onnx");

    private string Output => _folder.File("obj");

    private string Text => Path.Combine(Output, "TinyNet.onnx.json");

    private string Packed => Path.Combine(Output, "TinyNet.weights");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ModelBecomesTextIndexAndWeights()
    {
        WriteModel(1f);
        ITaskItem text = Assert.Single(Import());
        Assert.Equal(Text, text.ItemSpec);
        ITaskItem weights = Assert.Single(Pack([text]));
        Assert.Equal(Packed, weights.ItemSpec);
        Assert.Equal("TinyNet.weights", weights.GetMetadata("TargetPath"));
        Assert.Equal("file", weights.GetMetadata("CameoWeightsMode"));
        Assert.Equal(1f, FirstPackedElement());
        Assert.Equal(["import.state", "onnx.index", "onnx.json", "packing.state", "weights"], Directory.GetFiles(Output).Select(static file => Path.GetFileName(file)[8..]).Order());
    }

    [Fact]
    public void ReportIsWrittenOnDemand()
    {
        WriteModel(1f);
        ModelReport report = new("Tests.TinyNet", [("Model", "tiny")], []);
        PackWeights task = PackTask(Import(), (text, settings, token) => Compile(text, settings, token) with { Report = settings.Report ? report : null });
        task.Report = true;
        Assert.True(task.Execute());
        Assert.Equal(ReportPage.Write(report), File.ReadAllText(Path.Combine(Output, "TinyNet.report.html")));
        Assert.Equal(ReportMarkdown.Write(report), File.ReadAllText(Path.Combine(Output, "TinyNet.report.md")));
        Assert.Contains(_engine.Messages, static message => message.Contains("TinyNet.report.html", StringComparison.Ordinal));
    }

    [Fact]
    public void SecondRunDoesNothing()
    {
        WriteModel(1f);
        Pack(Import());
        _engine.Messages.Clear();
        Dictionary<string, DateTime> stamps = Directory.GetFiles(Output).ToDictionary(static file => file, File.GetLastWriteTimeUtc);
        ITaskItem weights = Assert.Single(Pack(Import()));
        Assert.Equal(Packed, weights.ItemSpec);
        Assert.Equal(1, _compilations);
        Assert.Equal(stamps, Directory.GetFiles(Output).ToDictionary(static file => file, File.GetLastWriteTimeUtc));
        Assert.All(_engine.Messages, static message => Assert.EndsWith("is up to date.", message, StringComparison.Ordinal));
    }

    [Fact]
    public void RetrainedModelKeepsItsTextAndIsPackedAgain()
    {
        WriteModel(1f);
        Pack(Import());
        DateTime textTime = File.GetLastWriteTimeUtc(Text);
        WriteModel(2f);
        Pack(Import());
        Assert.Equal(textTime, File.GetLastWriteTimeUtc(Text));
        Assert.Equal(2f, FirstPackedElement());
    }

    [Fact]
    public void ChangedExternalDataArePackedAgain()
    {
        WriteModel(1f, externalData: "data.bin");
        Pack(Import());
        Assert.Equal(1f, FirstPackedElement());
        File.WriteAllBytes(_folder.File("data.bin"), Data(3f));
        File.SetLastWriteTimeUtc(_folder.File("data.bin"), DateTime.UtcNow.AddSeconds(10));
        Pack(Import());
        Assert.Equal(3f, FirstPackedElement());
    }

    [Fact]
    public void FilesOfAModelThatIsGoneAreRemoved()
    {
        WriteModel(1f);
        Pack(Import());
        Import(("OnnxClass", "Renamed"));
        Assert.Equal(["Renamed.import.state", "Renamed.onnx.index", "Renamed.onnx.json"], Directory.GetFiles(Output).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("json")]
    [InlineData("weights")]
    public void OutputThatWasDeletedOrChangedIsMadeAgain(string kind)
    {
        WriteModel(1f);
        Pack(Import());
        string file = kind == "json" ? Text : Packed;
        byte[] expected = File.ReadAllBytes(file);
        File.Delete(file);
        Pack(Import());
        Assert.Equal(expected, File.ReadAllBytes(file));
        File.WriteAllText(file, "changed");
        Pack(Import());
        Assert.Equal(expected, File.ReadAllBytes(file));
    }

    [Fact]
    public void OptionsArriveWholeInTheText()
    {
        const string Dimensions = "batch_size=1; past_sequence_length<=2048; sequence_length<=512 # three bounds";
        WriteModel(1f);
        Import(("OnnxDimensions", Dimensions), ("OnnxNamespace", "My.App"), ("OnnxClass", "Renamed"));
        IReadOnlyDictionary<string, string> options = GraphOptions.Read(GraphTextReader.Read(File.ReadAllText(Path.Combine(Output, "Renamed.onnx.json"))));
        Assert.Equal(Dimensions, options["dimensions"]);
        Assert.Equal("My.App", options["namespace"]);
        Assert.Equal("Renamed", options["class"]);
        Assert.Equal("file", options["weights"]);
        Assert.Equal(4, options.Count);
    }

    [Fact]
    public void ChangedOptionChangesTheText()
    {
        WriteModel(1f);
        Import();
        string before = File.ReadAllText(Text);
        Import(("OnnxDimensions", "n=1"));
        Assert.NotEqual(before, File.ReadAllText(Text));
    }

    [Fact]
    public void UnknownOptionIsAWarning()
    {
        WriteModel(1f);
        Import(("OnnxDimension", "n=1"));
        BuildWarningEventArgs warning = Assert.Single(_engine.Warnings);
        Assert.Equal(BuildDiagnosticIds.UnknownOption, warning.Code);
        Assert.Contains("OnnxDimensions", warning.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OnnxClass", "My.Class")]
    [InlineData("OnnxNamespace", "1st")]
    [InlineData("OnnxWeights", "somewhere")]
    public void UnusableOptionIsAnError(string name, string value)
    {
        WriteModel(1f);
        Assert.False(ImportTask([Item((name, value))]).Execute());
        BuildErrorEventArgs error = Assert.Single(_engine.Errors);
        Assert.Equal(BuildDiagnosticIds.InvalidBuildOption, error.Code);
        Assert.Equal(Model, error.File);
        Assert.Contains(value, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TwoModelsOfOneClassAreAnError()
    {
        WriteModel(1f);
        Assert.False(ImportTask([Item(), Item(("OnnxNamespace", "Other"))]).Execute());
        Assert.Equal(BuildDiagnosticIds.DuplicateClass, Assert.Single(_engine.Errors).Code);
    }

    [Fact]
    public void MissingModelIsAnErrorWithItsPath()
    {
        Assert.False(ImportTask([Item()]).Execute());
        BuildErrorEventArgs error = Assert.Single(_engine.Errors);
        Assert.Equal(ImportDiagnosticIds.UnreadableFile, error.Code);
        Assert.Equal(Model, error.File);
    }

    [Fact]
    public void WeightsThatCannotBeReadAreAnError()
    {
        WriteModel(1f, externalData: "data.bin");
        ITaskItem[] texts = Import();
        File.Delete(_folder.File("data.bin"));
        Assert.False(PackTask(texts, Compile).Execute());
        BuildErrorEventArgs error = Assert.Single(_engine.Errors);
        Assert.Equal(ImportDiagnosticIds.ExternalDataUnreadable, error.Code);
        Assert.Equal(Model, error.File);
    }

    [Fact]
    public void ModelThatDoesNotCompileIsLeftToTheGenerator()
    {
        WriteModel(1f);
        ITaskItem[] texts = Import();
        PackWeights failing = PackTask(texts, (_, _, _) => new CompileResult("", "file", [], null, [new DiagnosticInfo("CAMEO0103", DiagnosticLevel.Error, "no")], [], []));
        Assert.True(failing.Execute());
        Assert.Empty(failing.Weights);
        PackWeights throwing = PackTask(texts, (_, _, _) => throw new InvalidOperationException("a fault"));
        Assert.True(throwing.Execute());
        Assert.Empty(throwing.Weights);

        // Nothing was remembered: a compiler that can is asked again.
        Assert.Single(Pack(texts));
    }

    [Fact]
    public void ModelWithoutWeightsHasNoFile()
    {
        WriteModel(1f);
        ITaskItem[] texts = Import();
        for (int run = 0; run < 2; run++)
        {
            PackWeights task = PackTask(texts, (text, settings, token) => Compile(text, settings, token) with { Recipe = null });
            Assert.True(task.Execute());
            Assert.Empty(task.Weights);
        }

        Assert.Equal(1, _compilations);
    }

    [Fact]
    public void StagesAreDumpedOnRequest()
    {
        WriteModel(1f);
        PackWeights task = PackTask(Import(), Compile);
        task.DumpStages = true;
        Assert.True(task.Execute());
        Assert.Equal("the graph", File.ReadAllText(Path.Combine(Output, "stages", "TinyNet", "00-import.txt")));
    }

    [Theory]
    [InlineData("digits.onnx", "Digits")]
    [InlineData("tiny-llama.onnx", "TinyLlama")]
    [InlineData("tinyLlama_1.1b_chat.onnx", "TinyLlama11bChat")]
    [InlineData("resnet50-v2-7.onnx", "Resnet50V27")]
    [InlineData("8bit.onnx", "Model8bit")]
    [InlineData("模型.onnx", "Model")]
    [InlineData("-.onnx", "Model")]
    public void ClassesAreNamedAfterFiles(string file, string expected) => Assert.Equal(expected, ModelNames.ClassFromFile("/somewhere/" + file));

    [Theory]
    [InlineData("My.App", "My.App")]
    [InlineData("my-app.1st", "my_app._1st")]
    public void NamespacesAreCleaned(string text, string expected) => Assert.Equal(expected, ModelNames.CleanNamespace(text));

    private static byte[] Data(float first) => [.. Enumerable.Range(0, Elements).SelectMany(index => BitConverter.GetBytes(first + index))];

    private void WriteModel(float first, string? externalData = null)
    {
        TensorProto tensor = new() { Name = "w", DataType = (int)TensorProto.Types.DataType.Float, Dims = { Elements } };
        if (externalData is null)
        {
            tensor.RawData = ByteString.CopyFrom(Data(first));
        }
        else
        {
            tensor.DataLocation = TensorProto.Types.DataLocation.External;
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = externalData });
            File.WriteAllBytes(_folder.File(externalData), Data(first));
        }

        GraphProto graph = new() { Name = "g", Initializer = { tensor } };
        File.WriteAllBytes(Model, new ModelProto { IrVersion = 8, Graph = graph }.ToByteArray());

        // Two models of a test may be written within one tick of the file system's clock.
        File.SetLastWriteTimeUtc(Model, DateTime.UtcNow.AddSeconds(first));
    }

    private CompileResult Compile(string text, CompileSettings settings, CancellationToken cancellationToken)
    {
        _compilations++;
        ModelProto model = GraphTextReader.Read(text);
        TensorFacts facts = TensorFacts.Read(model.Graph.Initializer.Single())!;
        WeightSource source = new(facts.Weight, ElementType.Float32, [Elements]);
        return new CompileResult(
            "Tests.TinyNet", "file", [], new WeightRecipe([new GraphEntry("w", 0, source)], facts.ByteLength, new byte[32]), [], [new StageDump("import", "the graph")], []);
    }

    private TaskItem Item(params (string Name, string Value)[] metadata)
    {
        TaskItem item = new(Model);
        foreach ((string name, string value) in metadata)
        {
            item.SetMetadata(name, value);
        }

        return item;
    }

    private ImportModels ImportTask(ITaskItem[] items) => new() { BuildEngine = _engine, Models = items, OutputFolder = Output, DefaultNamespace = "Tests" };

    private PackWeights PackTask(ITaskItem[] texts, OnnxGenerator.CompileFunction compile)
        => new() { BuildEngine = _engine, Texts = texts, OutputFolder = Output, Compile = compile };

    private ITaskItem[] Import(params (string Name, string Value)[] metadata)
    {
        ImportModels task = ImportTask([Item(metadata)]);
        Assert.True(task.Execute(), string.Join("\n", _engine.Errors.Select(static error => error.Message)));
        return task.Texts;
    }

    private ITaskItem[] Pack(ITaskItem[] texts)
    {
        PackWeights task = PackTask(texts, Compile);
        Assert.True(task.Execute(), string.Join("\n", _engine.Errors.Select(static error => error.Message)));
        return task.Weights;
    }

    private float FirstPackedElement() => BitConverter.ToSingle(File.ReadAllBytes(Packed), WeightFileFormat.HeaderBytes);
}

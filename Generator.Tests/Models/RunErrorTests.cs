using Cameo.Generation;
using Cameo.Generator.Onnx;
using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Xunit;

namespace Cameo.Tests.Models;

/// <summary>Wrong uses of compiled models: an exception of its own for each, and a session that works afterwards.</summary>
[Trait("Suite", "models")]
public sealed class RunErrorTests
{
    private const string LanguageModel = "stories260K_opset23";
    private const string SpeechModel = "micro_kws_static_fp32";
    private const string ImageModel = "ppocr_v2_cls";

    [SkippableFact]
    public void WrongInputsAreNamed()
    {
        using CompiledModel model = Create(SpeechModel, out DataSet set);
        using CompiledSession session = model.CreateSession();
        string name = set.Inputs.Keys.Single();
        var typed = new TypedRun(session);

        WrongLengthException length = Assert.Throws<WrongLengthException>(() => typed.Run(new float[1959], [], new float[10]));
        Assert.Contains($"'{name}' needs 1960 elements, but 1959 came", length.Message, StringComparison.Ordinal);
        Assert.Contains(name, Assert.Throws<MissingInputException>(() => session.Run(new Dictionary<string, Tensor>())).Message, StringComparison.Ordinal);
        Assert.Throws<UnknownInputException>(() => session.Run(new Dictionary<string, Tensor>(set.Inputs) { ["other"] = set.Inputs[name] }));
        Assert.Throws<WrongElementTypeException>(() => session.Run(new Dictionary<string, Tensor> { [name] = new(ElementType.Int32, 1, 1960) }));
        Assert.Throws<WrongRankException>(() => session.Run(new Dictionary<string, Tensor> { [name] = new(ElementType.Float32, 1960) }));
        Assert.Throws<DimensionMismatchException>(() => session.Run(new Dictionary<string, Tensor> { [name] = new(ElementType.Float32, 1, 1961) }));
        AssertStored(set, session);
    }

    [SkippableFact]
    public void SizesBeyondTheBoundAreRefused()
    {
        TestData.RequireModel(ImageModel);
        const string Batch = "p2o.DynamicDimension.0";
        ModelCompilation compilation = CompiledModels.CompileVariant(
            ImageModel, "Bounded", new Dictionary<string, string> { [GraphOptions.Dimensions] = $"{Batch}<=3; p2o.DynamicDimension.1<=48; p2o.DynamicDimension.2<=192" });
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        Assert.True(model.Description.ArenaBytes > 0, "A bounded model has an arena of known size.");

        DimensionOutOfBoundsException exception = Assert.Throws<DimensionOutOfBoundsException>(
            () => session.Run(new Dictionary<string, Tensor> { ["x"] = new(ElementType.Float32, 4, 3, 48, 192) }));

        Assert.Equal((Batch, 4, 3), (exception.DimensionName, exception.Value, exception.Maximum));
        Assert.Contains("OnnxDimensions", exception.Message, StringComparison.Ordinal);
        foreach (DataSet set in DataSet.ReadAll(ImageModel, ModelSignature.Read(compilation.GraphText!)))
        {
            AssertStored(set, session);
        }
    }

    [SkippableFact]
    public void FullCacheNamesCapacityLengthAndOption()
    {
        using CompiledModel model = Create(LanguageModel, out _);
        using CompiledSession session = model.CreateSession(new SessionOptions { Capacity = 16 });
        var decoder = (IDecoder)session;
        int[] text = GreedyText.Read(LanguageModel).Texts[0];
        decoder.Forward([1, .. text[..9]]);

        StateFullException exception = Assert.Throws<StateFullException>(() => decoder.Forward(text.AsSpan(9, 7)));

        Assert.Equal((16, 10, 7), (exception.Capacity, exception.Length, exception.Requested));
        Assert.Contains("16", exception.Message, StringComparison.Ordinal);
        Assert.Contains("10", exception.Message, StringComparison.Ordinal);
        Assert.Contains("SessionOptions.Capacity", exception.Message, StringComparison.Ordinal);
        Assert.Equal(10, session.Length);
        Assert.Equal(text[15], GreedyDecoder.Best(decoder.Forward(text.AsSpan(9, 6))));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.CreateSession(new SessionOptions { Capacity = 1_000_000 }));
    }

    [SkippableFact]
    public void WrongWeightFilesAreRefused()
    {
        TestData.RequireModel(SpeechModel);
        TestData.RequireModel(ImageModel);
        ModelCompilation compilation = CompiledModels.Require(SpeechModel);
        using TemporaryFolder folder = new();
        byte[] weights = File.ReadAllBytes(compilation.WeightsPath!);

        Assert.Throws<WeightFileException>(() => compilation.CreateModel(weightsPath: folder.File("missing.weights")));
        Assert.Throws<WeightFileException>(() => compilation.CreateModel(weightsPath: CompiledModels.Require(ImageModel).WeightsPath));
        File.WriteAllBytes(folder.File("short.weights"), weights[..^100]);
        Assert.Throws<WeightFileException>(() => compilation.CreateModel(weightsPath: folder.File("short.weights")));
        weights[weights.Length / 2] ^= 0x10;
        File.WriteAllBytes(folder.File("damaged.weights"), weights);
        Assert.Throws<WeightFileException>(() => compilation.CreateModel(weightsPath: folder.File("damaged.weights")));
        compilation.CreateModel().Dispose();
    }

    [SkippableFact]
    public void SecondThreadIsRefusedAndTheFirstIsNotDisturbed()
    {
        using CompiledModel model = Create(ImageModel, out DataSet set);
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = 1 });
        using ManualResetEventSlim refused = new();
        Exception? fault = null;

        // The first thread is inside a run nearly all the time, until the second has met it there.
        Thread first = new(() =>
        {
            try
            {
                for (int run = 0; run < 2000 && !refused.IsSet; run++)
                {
                    AssertStored(set, session);
                }
            }
            catch (ConcurrentSessionUseException)
            {
                // It was the first thread that came second.
                refused.Set();
            }
            catch (Exception exception)
            {
                fault = exception;
            }
        });
        first.Start();
        while (first.IsAlive && !refused.IsSet)
        {
            try
            {
                session.Run(set.Inputs);
            }
            catch (ConcurrentSessionUseException)
            {
                refused.Set();
            }
        }

        first.Join();
        Assert.Null(fault);
        Assert.True(refused.IsSet, "No run met another one.");
        AssertStored(set, session);
    }

    private static CompiledModel Create(string folder, out DataSet set)
    {
        TestData.RequireModel(folder);
        ModelCompilation compilation = CompiledModels.Require(folder);
        set = DataSet.ReadAll(folder, ModelSignature.Read(compilation.GraphText!))[0];
        return compilation.CreateModel();
    }

    private static void AssertStored(DataSet set, CompiledSession session) => Assert.Empty(OutputComparison.Compare(set, session.Run(set.Inputs), relativePrecision: 0));
}

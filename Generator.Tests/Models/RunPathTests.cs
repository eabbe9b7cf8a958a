using System.Reflection;
using System.Runtime.InteropServices;
using Cameo.Generation;
using Cameo.Sessions;
using Cameo.States;
using Cameo.Tests.Compilation;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Operators.Generative;
using Xunit;

namespace Cameo.Tests.Models;

/// <summary>Runs of compiled models allocate nothing, keep their memory and never copy a cache.</summary>
[Trait("Suite", "models")]
[Collection(MeasuredAlone.Name)]
public sealed unsafe class RunPathTests
{
    private const string LanguageModel = "stories260K_opset23";
    private const int WarmUpRuns = 3;
    private const int MeasuredRuns = 20;
    private const int Positions = 200;

    [SkippableTheory]
    [InlineData("mnist_8", 1)]
    [InlineData("mnist_8", 2)]
    [InlineData("micro_kws_static_fp32", 1)]
    [InlineData("micro_kws_static_fp32", 2)]
    [InlineData("ppocr_v2_cls", 1)]
    [InlineData("ppocr_v2_cls", 2)]
    public void TypedRunAllocatesNothingAndGivesTheSameAsTheUntypedOne(string folder, int threads)
    {
        TestData.RequireModel(folder);
        ModelCompilation compilation = CompiledModels.Require(folder);
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
        DataSet set = DataSet.ReadAll(folder, ModelSignature.Read(compilation.GraphText!))[0];
        Tensor input = set.Inputs.Values.Single();
        Tensor expected = session.Run(set.Inputs).Values.Single();
        float[] values = input.AsSpan<float>().ToArray();
        nint[] sizes = [.. input.Shape.ToArray().Select(static size => (nint)size)];
        var output = new float[expected.ElementCount];
        var typed = new TypedRun(session);

        Assert.Equal(0, Allocated(() => typed.Run(values, sizes, output)));
        Assert.Equal(MemoryMarshal.AsBytes(expected.AsSpan<float>()), MemoryMarshal.AsBytes(output.AsSpan()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void ModifiedProbabilitiesAllocateNothing(int threads)
    {
        using var models = new SmallModels();
        using CompiledModel model = models.Load("FlexRunPath", FlexProbabilityTests.Fixed(Positions));
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
        nint[] sizes = [1, 4, Positions, 8];
        float[] values = OnnxModelBuilder.WeightValues("x", [.. sizes.Select(static size => (long)size)]);
        float[] output = new float[values.Length];
        var typed = new TypedRun(session);

        Assert.Equal(0, Allocated(() => typed.Run(values, sizes, output)));
        Assert.Contains(output, static value => value != 0);
    }

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(2)]
    public void GeneratedTokensAllocateNothing(int threads)
    {
        TestData.RequireModel(LanguageModel);
        using CompiledModel model = CompiledModels.Require(LanguageModel).CreateModel();
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
        var generator = new TokenGenerator((IDecoder)session);
        int[] prompt = GreedyText.Read(LanguageModel).Prompt;
        GenerationOptions options = new() { MaximumTokens = 40 };
        long sum = 0;

        long allocated = Allocated(() =>
        {
            session.Reset();
            foreach (int token in generator.Generate(prompt, options))
            {
                sum += token;
            }
        });

        Assert.Equal(0, allocated);
        Assert.NotEqual(0, sum);
    }

    [SkippableFact]
    public void CachesStayWhereTheyAre()
    {
        TestData.RequireModel(LanguageModel);
        using CompiledModel model = CompiledModels.Require(LanguageModel).CreateModel();
        using CompiledSession session = model.CreateSession();
        GreedyText text = GreedyText.Read(LanguageModel);
        var decoder = (IDecoder)session;
        decoder.Forward(text.Prompt);
        nint[] addresses = Addresses(session);
        Assert.Equal(model.Description.States.Length, addresses.Length);
        Assert.DoesNotContain(0, addresses);
        float[] before = ReadCaches(session, 1);

        var generator = new TokenGenerator(decoder);
        int count = 0;
        foreach (int token in generator.Generate([text.Texts[0][0]], new GenerationOptions { MaximumTokens = 30 }))
        {
            Assert.Equal(text.Texts[0][++count], token);
            Assert.Equal(addresses, Addresses(session));
        }

        // What a run appends stands behind what was there: nothing before it has moved or changed.
        Assert.Equal(before, ReadCaches(session, 1));
        session.Rewind(10);
        decoder.Forward([5]);
        Assert.Equal(addresses, Addresses(session));
    }

    [SkippableFact]
    public void ForkCopiesAndLeavesTheOriginalAlone()
    {
        TestData.RequireModel(LanguageModel);
        using CompiledModel model = CompiledModels.Require(LanguageModel).CreateModel();
        using CompiledSession session = model.CreateSession();
        GreedyText text = GreedyText.Read(LanguageModel);
        var decoder = (IDecoder)session;
        decoder.Forward([.. text.Prompt, .. text.Texts[0][..20]]);
        nint[] addresses = Addresses(session);

        using CompiledSession fork = session.Fork();

        Assert.Empty(Addresses(fork).Intersect(addresses));
        Assert.Equal(session.Length, fork.Length);
        var forked = (IDecoder)fork;
        forked.Forward([7]);
        forked.Rewind(session.Length);
        float[] expected = decoder.Forward([text.Texts[0][20]]).ToArray();
        Assert.Equal(expected, forked.Forward([text.Texts[0][20]]).ToArray());
        Assert.Equal(text.Texts[0][21], GreedyDecoder.Best(expected));
        Assert.Equal(addresses, Addresses(session));
    }

    [SkippableFact]
    public void MemoryIsFlatWhenShapesChange()
    {
        const string Folder = "ppocr_v2_cls";
        TestData.RequireModel(Folder);
        using CompiledModel model = CompiledModels.Require(Folder).CreateModel();
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = 2 });
        var typed = new TypedRun(session);

        // Heights of 32 or less would leave nothing for the last pool's window.
        nint[][] shapes = [[1, 3, 48, 192], [2, 3, 36, 64], [1, 3, 48, 100], [3, 3, 40, 96], [1, 3, 33, 57]];
        float[][] inputs = [.. shapes.Select(static (shape, index) => Inputs((int)(shape[0] * shape[1] * shape[2] * shape[3]), index))];
        float[][] outputs = [.. shapes.Select(static shape => new float[shape[0] * 2])];
        float[][]? first = null;
        long arena = 0;
        long scratch = 0;

        ThreadWait.WaitOnce();
        for (int round = 0; round < 12; round++)
        {
            long allocated = ThreadAllocations.Measure(() =>
            {
                for (int index = 0; index < shapes.Length; index++)
                {
                    typed.Run(inputs[index], shapes[index], outputs[index]);
                }
            });
            if (round == 0)
            {
                (arena, scratch) = (session.ArenaSize, session.ScratchSize);
                first = [.. outputs.Select(static output => output.ToArray())];
                Assert.All(first, static output => Assert.Equal(output.Length / 2, output.Sum(), 1e-4));
                continue;
            }

            Assert.Equal((arena, scratch), (session.ArenaSize, session.ScratchSize));
            Assert.Equal(first!, outputs);
            Assert.True(round <= WarmUpRuns || allocated == 0, $"Round {round} allocates {allocated} bytes.");
        }
    }

    private static long Allocated(Action run)
    {
        for (int count = 0; count < WarmUpRuns; count++)
        {
            run();
        }

        ThreadWait.WaitOnce();
        return ThreadAllocations.Measure(() =>
        {
            for (int count = 0; count < MeasuredRuns; count++)
            {
                run();
            }
        });
    }

    private static float[] Inputs(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2) - 1)];
    }

    /// <summary>The first elements of all caches, head 0.</summary>
    private static float[] ReadCaches(CompiledSession session, int tokens)
        => [.. Buffers(session).SelectMany(buffer => new ReadOnlySpan<float>(buffer.Data, tokens * buffer.HeadSize).ToArray())];

    private static nint[] Addresses(CompiledSession session) => [.. Buffers(session).Select(static buffer => (nint)buffer.Data)];

    /// <summary>The buffers behind the session's states, which it shows nobody.</summary>
    private static IEnumerable<KeyValueBuffer> Buffers(CompiledSession session)
    {
        const BindingFlags Hidden = BindingFlags.Instance | BindingFlags.NonPublic;
        var states = (IEnumerable<StateBinding>)typeof(CompiledSession).GetField("_states", Hidden)!.GetValue(session)!;
        return states.Select(static state => (KeyValueBuffer)state.GetType().GetFields(Hidden).Single(static field => field.FieldType == typeof(KeyValueBuffer)).GetValue(state)!);
    }
}

using Cameo.Generator.Onnx;
using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.ControlFlow;

/// <summary>
/// A decoder of two branches in one file, as exporters merge them: <c>If(use_cache_branch)</c> runs it over caches or from the beginning, and both branches give all presents,
/// the encoder's keys and values among them. Each branch must compute what it computes as a model of its own.
/// </summary>
public sealed class MergedDecoderTests : IDisposable
{
    private const int Heads = 2;
    private const int Size = 4;
    private const int Hidden = Heads * Size;
    private const int Frames = 3;

    private static readonly string[] Outputs = ["logits", "present.0.decoder.key", "present.0.decoder.value", "present.0.encoder.key", "present.0.encoder.value"];

    private static readonly string[] Pasts = [.. Outputs.Skip(1).Select(static name => name.Replace("present", "past_key_values", StringComparison.Ordinal))];

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void FixedToItsCachesItKeepsThemAsStates()
    {
        using CompiledModel model = Load("MergedTrue", Merged(), (GraphOptions.Inputs, "use_cache_branch=true"));
        Assert.Equal(Pasts.Order(), model.Description.States.Select(static state => state.InputName).Order());
        Assert.DoesNotContain(model.Description.Inputs, static input => input.Name == "use_cache_branch");
        using CompiledModel reference = Load("WithPast", Alone(withPast: true), (GraphOptions.State, "none"));
        using CompiledModel beginning = Load("Beginning", Alone(withPast: false), (GraphOptions.State, "none"));
        using CompiledSession session = model.CreateSession();
        using CompiledSession expected = reference.CreateSession();
        Dictionary<string, Tensor> caches = Start(beginning, tokens: 3);
        for (int token = 0; token < 3; token++)
        {
            Dictionary<string, Tensor> step = new() { ["x"] = Random($"x{token}", 1, 1, Hidden) };

            // The caches are loaded once; after that they are the session's.
            Dictionary<string, Tensor> given = new(token > 0 ? step : step.Concat(caches));
            Provide(given, model);
            IReadOnlyDictionary<string, Tensor> wanted = expected.Run(new Dictionary<string, Tensor>(step.Concat(caches)));
            AssertSame(wanted, session.Run(given));
            caches = Next(wanted);
        }
    }

    [Fact]
    public void FixedToTheBeginningItNeedsNoCaches()
    {
        using CompiledModel model = Load("MergedFalse", Merged(), (GraphOptions.Inputs, "use_cache_branch=false"));
        using CompiledModel reference = Load("FromBeginning", Alone(withPast: false), (GraphOptions.State, "none"));
        using CompiledSession session = model.CreateSession();
        using CompiledSession expected = reference.CreateSession();
        Dictionary<string, Tensor> inputs = First(tokens: 4);
        IReadOnlyDictionary<string, Tensor> wanted = expected.Run(inputs);
        Provide(inputs, model);
        AssertSame(wanted, session.Run(inputs));
    }

    /// <summary>A cache that one branch appends to and the other one makes anew is no state: pasts are inputs, presents are outputs, whose lengths the branch that runs tells.</summary>
    [Fact]
    public void WhereTheInputDecidesEveryRunTakesItsBranch()
    {
        ModelCompilation compilation = _models.Compile("MergedMissed", Merged());
        Assert.Contains(compilation.Result!.Diagnostics, static diagnostic => diagnostic.Message.Contains("Cache 'past_key_values.0.decoder.key'", StringComparison.Ordinal) && diagnostic.Message.Contains("OnnxInputs", StringComparison.Ordinal));
        using CompiledModel model = Load("MergedOpen", Merged());
        Assert.Empty(model.Description.States);
        using CompiledModel withPast = Load("WithPastAlone", Alone(withPast: true), (GraphOptions.State, "none"));
        using CompiledModel beginning = Load("BeginningAlone", Alone(withPast: false), (GraphOptions.State, "none"));
        using CompiledSession session = model.CreateSession(), later = withPast.CreateSession(), first = beginning.CreateSession();
        for (int text = 3; text < 5; text++)
        {
            Dictionary<string, Tensor> inputs = First(text);
            IReadOnlyDictionary<string, Tensor> wanted = first.Run(inputs);
            inputs["use_cache_branch"] = Tensor.Create([false], 1);
            Provide(inputs, model);
            IReadOnlyDictionary<string, Tensor> actual = session.Run(inputs);
            AssertSame(wanted, actual);
            for (int token = 0; token < 3; token++)
            {
                Dictionary<string, Tensor> step = new(Next(actual)) { ["x"] = Random($"x{token}", 1, 1, Hidden) };
                wanted = later.Run(step);
                step["use_cache_branch"] = Tensor.Create([true], 1);
                Provide(step, model);
                actual = session.Run(step);
                AssertSame(wanted, actual);
            }
        }
    }

    private CompiledModel Load(string name, OnnxModelBuilder builder, params (string Key, string Value)[] options) => _models.Load(name, builder, options);

    private static Dictionary<string, Tensor> First(int tokens) => new() { ["x"] = Random("x", 1, tokens, Hidden), ["frames"] = Random("frames", 1, Frames, Hidden) };

    private static Dictionary<string, Tensor> Start(CompiledModel beginning, int tokens)
    {
        using CompiledSession session = beginning.CreateSession();
        return Next(session.Run(First(tokens)));
    }

    /// <summary>The presents of a run as the next one's pasts.</summary>
    private static Dictionary<string, Tensor> Next(IReadOnlyDictionary<string, Tensor> outputs) => Pasts.Zip(Outputs.Skip(1)).ToDictionary(static pair => pair.First, pair => outputs[pair.Second]);

    /// <summary>Inputs that a branch does not read are inputs all the same.</summary>
    private static void Provide(Dictionary<string, Tensor> inputs, CompiledModel model)
    {
        foreach (string name in model.Description.Inputs.Select(static input => input.Name).Where(name => !inputs.ContainsKey(name)))
        {
            inputs.Add(name, name == "frames" ? Random(name, 1, Frames, Hidden) : new Tensor(ElementType.Float32, 1, Heads, 1, Size));
        }
    }

    private static void AssertSame(IReadOnlyDictionary<string, Tensor> expected, IReadOnlyDictionary<string, Tensor> actual)
    {
        foreach (KeyValuePair<string, Tensor> output in expected)
        {
            Assert.Equal(output.Value.Shape.ToArray(), actual[output.Key].Shape.ToArray());
            Assert.Equal(output.Value.AsSpan<float>().ToArray(), actual[output.Key].AsSpan<float>().ToArray(), static (a, b) => Math.Abs(a - b) < 1e-5);
        }
    }

    private static Tensor Random(string name, params long[] shape) => Tensor.Create<float>(OnnxModelBuilder.WeightValues(name, shape), shape);

    private static OnnxModelBuilder Merged()
    {
        OnnxModelBuilder builder = Weights(Inputs(new OnnxModelBuilder(), withPast: true, withFrames: true).Input("use_cache_branch", DataType.Bool, 1));
        builder.Node("If", ["use_cache_branch"], Outputs,
            ("then_branch", Declare(Decoder(new OnnxModelBuilder(), withPast: true))), ("else_branch", Declare(Decoder(new OnnxModelBuilder(), withPast: false))));
        return Declare(builder);
    }

    private static OnnxModelBuilder Alone(bool withPast) => Declare(Decoder(Weights(Inputs(new OnnxModelBuilder(), withPast, withFrames: !withPast)), withPast));

    private static OnnxModelBuilder Inputs(OnnxModelBuilder builder, bool withPast, bool withFrames)
    {
        builder.Input("x", "batch", "tokens", Hidden);
        if (withFrames)
        {
            builder.Input("frames", "batch", "frames_length", Hidden);
        }

        foreach (string past in withPast ? Pasts : [])
        {
            builder.Input(past, "batch", Heads, past.Contains("encoder", StringComparison.Ordinal) ? "past_frames_length" : "past_length", Size);
        }

        return builder;
    }

    private static OnnxModelBuilder Declare(OnnxModelBuilder builder)
    {
        builder.Output("logits", "batch", "tokens", Hidden);
        foreach (string output in Outputs.Skip(1))
        {
            builder.Output(output, "batch", Heads, output.Contains("encoder", StringComparison.Ordinal) ? "frames_out" : "total", Size);
        }

        return builder;
    }

    private static OnnxModelBuilder Weights(OnnxModelBuilder builder)
    {
        foreach (string weight in (string[])["wq", "wk", "wv", "uq", "uk", "uv"])
        {
            builder.Weight(weight, Hidden, Hidden);
        }

        return builder.Integers("heads", 0, -1, Heads, Size).Integers("merged", 0, -1, Hidden).Integer("two", 2).Integer("nothing", 0).Integer("step", 1).Integers("behind", 1)
            .Number("scale", DataType.Float, 0.5, asNode: false).Number("lowest", DataType.Float, float.MinValue, asNode: false);
    }

    private static OnnxModelBuilder Decoder(OnnxModelBuilder body, bool withPast)
    {
        Project(body, "x", "wq", "q");
        Project(body, "x", "wk", "k");
        Project(body, "x", "wv", "v");
        if (withPast)
        {
            body.Node("Concat", [Pasts[0], "k"], [Outputs[1]], ("axis", 2)).Node("Concat", [Pasts[1], "v"], [Outputs[2]], ("axis", 2));
            body.Node("Identity", [Pasts[2]], [Outputs[3]]).Node("Identity", [Pasts[3]], [Outputs[4]]);
        }
        else
        {
            body.Node("Identity", ["k"], [Outputs[1]]).Node("Identity", ["v"], [Outputs[2]]);
            Project(body, "frames", "uk", Outputs[3]);
            Project(body, "frames", "uv", Outputs[4]);
        }

        Attend(body, "q", Outputs[1], Outputs[2], "own", isCausal: true);
        body.Node("Add", ["x", "own"], ["inner"]);
        Project(body, "inner", "uq", "uqHeads");
        Attend(body, "uqHeads", withPast ? Pasts[2] : Outputs[3], withPast ? Pasts[3] : Outputs[4], "cross", isCausal: false);
        return body.Node("Add", ["inner", "cross"], ["logits"]);
    }

    private static void Project(OnnxModelBuilder body, string value, string weight, string result) => body
        .Node("MatMul", [value, weight], [result + "_flat"]).Node("Reshape", [result + "_flat", "heads"], [result + "_apart"])
        .Node("Transpose", [result + "_apart"], [result], ("perm", new long[] { 0, 2, 1, 3 }));

    private static void Attend(OnnxModelBuilder body, string query, string key, string value, string result, bool isCausal)
    {
        body.Node("Transpose", [key], [result + "_keys"], ("perm", new long[] { 0, 1, 3, 2 })).Node("MatMul", [query, result + "_keys"], [result + "_products"])
            .Node("Mul", [result + "_products", "scale"], [result + "_scores"]);
        string scores = result + "_scores";
        if (isCausal)
        {
            body.Node("Shape", [query], ["query_shape"]).Node("Gather", ["query_shape", "two"], ["query_length"]).Node("Shape", [key], ["key_shape"]).Node("Gather", ["key_shape", "two"], ["key_length"])
                .Node("Sub", ["key_length", "query_length"], ["first_position"]).Node("Range", ["first_position", "key_length", "step"], ["positions"]).Node("Unsqueeze", ["positions", "behind"], ["rows"])
                .Node("Range", ["nothing", "key_length", "step"], ["columns"]).Node("Greater", ["columns", "rows"], ["future"]).Node("Where", ["future", "lowest", scores], [result + "_masked"]);
            scores = result + "_masked";
        }

        body.Node("Softmax", [scores], [result + "_weights"], ("axis", -1)).Node("MatMul", [result + "_weights", value], [result + "_heads"])
            .Node("Transpose", [result + "_heads"], [result + "_rows"], ("perm", new long[] { 0, 2, 1, 3 })).Node("Reshape", [result + "_rows", "merged"], [result]);
    }
}

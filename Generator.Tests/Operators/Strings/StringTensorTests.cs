using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Strings;

/// <summary>Strings as inputs, constants and outputs, and what moves or compares them.</summary>
public sealed class StringTensorTests : IDisposable
{
    private delegate ReadOnlySpan<string> RunTexts(ReadOnlySpan<string> x);

    // Whatever could end a literal, a comment or a line of generated code.
    private static readonly string[] Hostile = ["\"; } // */", "\\", "a\u2028b\r\nc\0d", "😀é", "", "{0}\"\"\"", "\uFFFD\uFEFF"];

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void ConstantsKeepEveryCharacter()
    {
        using CompiledModel model = _models.Load("Hostile", new OnnxModelBuilder(19).Input("x", DataType.String, "n").Texts("c", Hostile, Hostile.Length)
            .Node("Concat", ["c", "x", "c"], ["y"], ("axis", 0)).Node("Equal", ["c", "first"], ["e"]).Texts("first", [Hostile[2]])
            .Node("Constant", [], ["s"], ("value_strings", Hostile)).Node("Identity", ["s"], ["z"])
            .Output("y", DataType.String, "m").Output("e", DataType.Bool, Hostile.Length).Output("z", DataType.String, Hostile.Length));
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> results = Run(session, ("x", Tensor.Create(["\0", "x"], 2)));
        Assert.Equal([.. Hostile, "\0", "x", .. Hostile], results["y"].Texts.ToArray());
        Assert.Equal(Hostile, results["z"].Texts.ToArray());
        Assert.Equal([false, false, true, false, false, false, false], results["e"].AsSpan<bool>().ToArray());
    }

    [Fact]
    public void EqualTextsAreEqualWhereverTheyComeFrom()
    {
        using CompiledModel model = _models.Load("EqualTexts", new OnnxModelBuilder(19).Input("x", DataType.String, "n", 1).Input("y", DataType.String, 3).Texts("c", ["b", "new"], 2)
            .Node("Equal", ["x", "y"], ["e"]).Node("Gather", ["c", "one"], ["g"]).Integer("one", 1).Node("Where", ["e", "x", "g"], ["w"]).Node("Equal", ["w", "g"], ["k"])
            .Output("e", DataType.Bool, "n", 3).Output("w", DataType.String, "n", 3).Output("k", DataType.Bool, "n", 3));
        using CompiledSession session = model.CreateSession();
        for (int run = 0; run < 3; run++)
        {
            // Equal texts that are not the same object.
            string fresh = new(['n', (char)('e' + run)]);
            IReadOnlyDictionary<string, Tensor> results = Run(session, ("x", Tensor.Create(["b", fresh, "new"], 3, 1)), ("y", Tensor.Create([new string(fresh), "b", "B"], 3)));
            Assert.Equal([false, true, false, true, false, false, false, false, false], results["e"].AsSpan<bool>().ToArray());
            Assert.Equal(["new", "b", "new", fresh, "new", "new", "new", "new", "new"], results["w"].Texts.ToArray());
            Assert.Equal([true, false, true, false, true, true, true, true, true], results["k"].AsSpan<bool>().ToArray());
        }
    }

    [Fact]
    public void EveryMoveTakesStrings()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(18).Input("x", DataType.String, "n", 3).Integers("flat", -1).Integers("twice", 2, 1).Integers("pads", 0, 1, 0, 0)
            .Texts("blank", ["_"]).Integers("starts", 1).Integers("ends", 3).Integers("axes", 1).Integers("steps", 1)
            .Constant("at", DataType.Int64, BitConverter.GetBytes(1L), 1, 1).Texts("put", ["P", "Q", "R"], 1, 3).Integers("shape", 2, 1, 3)
            .Node("Transpose", ["x"], ["t"]).Node("Reshape", ["t", "flat"], ["r"]).Node("Tile", ["x", "twice"], ["tile"]).Node("Pad", ["x", "pads", "blank"], ["pad"])
            .Node("Pad", ["x", "pads"], ["pad0"]).Node("Slice", ["x", "starts", "ends", "axes", "steps"], ["slice"]).Node("ScatterND", ["x", "at", "put"], ["scatter"])
            .Node("GatherND", ["x", "at"], ["gathernd"]).Node("Split", ["x"], ["s0", "s1", "s2"], ("axis", 1), ("num_outputs", 3)).Node("Expand", ["s1", "shape"], ["expand"])
            .Node("Unsqueeze", ["s2", "axes"], ["u"]).Node("Squeeze", ["u", "axes"], ["q"]).Node("Flatten", ["x"], ["f"], ("axis", 0)).Node("Size", ["x"], ["size"])
            .Node("Shape", ["x"], ["dims"]);
        foreach ((string name, object[] sizes) in new (string, object[])[]
        {
            ("r", ["a"]), ("tile", ["b", 3]), ("pad", ["n", 4]), ("pad0", ["n", 4]), ("slice", ["n", 2]), ("scatter", ["n", 3]), ("gathernd", [1, 3]), ("expand", [2, "n", 3]), ("q", ["n", 1]), ("f", [1, "c"]),
        })
        {
            builder.Output(name, DataType.String, sizes);
        }

        using CompiledModel model = _models.Load("Moves", builder.Output("size", DataType.Int64).Output("dims", DataType.Int64, 2));
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> results = Run(session, ("x", Tensor.Create(["a", "b", "c", "d", "e", "f"], 2, 3)));
        Check("r", "adbecf");
        Check("tile", "abcdefabcdef");
        Check("pad", "_abc_def");
        Assert.Equal(["", "a", "b", "c", "", "d", "e", "f"], results["pad0"].Texts.ToArray());
        Check("slice", "bcef");
        Check("scatter", "abcPQR");
        Check("gathernd", "def");
        Check("expand", "bbbeeebbbeee");
        Check("q", "cf");
        Check("f", "abcdef");
        Assert.Equal(6, results["size"].AsSpan<long>()[0]);
        Assert.Equal([2, 3], results["dims"].AsSpan<long>().ToArray());

        void Check(string name, string expected) => Assert.Equal(expected, string.Concat(results[name].Texts.ToArray()));
    }

    [Fact]
    public void TypedRunAllocatesNothingForTextsItKnows()
    {
        using CompiledModel model = _models.Load("TypedTexts", new OnnxModelBuilder(19).Input("x", DataType.String, "n").Texts("c", ["!"], 1)
            .Node("Concat", ["x", "c", "x"], ["y"], ("axis", 0)).Output("y", DataType.String, "m"));
        using CompiledSession session = model.CreateSession();
        RunTexts run = session.GetType().GetMethod("Run", [typeof(ReadOnlySpan<string>)])!.CreateDelegate<RunTexts>(session);
        Assert.Equal(["a", "b", "!", "a", "b"], run(["a", "b"]).ToArray());
        string[] texts = ["c", "!", "d"];
        run(texts);
        Assert.Equal(0, ThreadAllocations.Measure(() => run(texts)));
        Assert.Equal(["c", "!", "d", "!", "c", "!", "d"], run(texts).ToArray());
        Assert.Equal(["!"], run([]).ToArray());
        Assert.Throws<ArgumentException>(() => { run([null!]); });
    }

    [Fact]
    public void LoopsAndBranchesCarryStrings()
    {
        OnnxModelBuilder then = new OnnxModelBuilder(18).Node("Identity", ["x"], ["yes"]).Output("yes", DataType.String, "n");
        OnnxModelBuilder otherwise = new OnnxModelBuilder(18).Node("Constant", [], ["no"], ("value_strings", new[] { "no", "none" })).Output("no", DataType.String, "m");
        OnnxModelBuilder body = new OnnxModelBuilder(18).Input("i", DataType.Int64).Input("go", DataType.Bool).Input("v", DataType.String, 2)
            .Node("Identity", ["go"], ["on"]).Integers("order", 1, 0).Node("Gather", ["v", "order"], ["w"]).Output("on", DataType.Bool).Output("w", DataType.String, 2);
        using CompiledModel model = _models.Load("Flow", new OnnxModelBuilder(18).Input("x", DataType.String, 2).Input("c", DataType.Bool).Input("times", DataType.Int64)
            .Node("If", ["c"], ["b"], ("then_branch", then), ("else_branch", otherwise)).Boolean("true", true).Node("Loop", ["times", "true", "b"], ["y"], ("body", body)).Output("y", DataType.String, 2));
        using CompiledSession session = model.CreateSession();
        Assert.Equal(["q", "p"], Result(true, 3));
        Assert.Equal(["no", "none"], Result(false, 2));

        string[] Result(bool condition, long times) =>
            Run(session, ("x", Tensor.Create(["p", "q"], 2)), ("c", Tensor.Create([condition])), ("times", Tensor.Create([times])))["y"].Texts.ToArray();
    }

    [Fact]
    public void TensorsHoldStrings()
    {
        Tensor tensor = Tensor.Create(["a", "b"], 2, 1);
        Assert.Equal(2, tensor.ElementCount);
        Assert.Equal("String[2, 1]", tensor.ToString());
        Assert.Equal(["", "", ""], new Tensor(ElementType.String, 3).Texts.ToArray());
        Assert.Throws<ArgumentException>(() => Tensor.Create(["a"], 2));
        Assert.Throws<InvalidOperationException>(() => Tensor.Create([1f], 1).Texts.Length);
        Assert.Throws<InvalidOperationException>(() => tensor.AsSpan<long>().Length);
    }

    [Fact]
    public void WhatHasNoMeaningForStringsIsRefused()
    {
        OnnxModelBuilder Builder(int opset) => new OnnxModelBuilder(opset).Input("x", DataType.String, 2);
        Assert.Contains("version 19", _models.Refusal("Old", Builder(13).Node("Equal", ["x", "x"], ["y"]).Output("y", DataType.Bool, 2)));
        Assert.Contains("string", _models.Refusal("Sum", Builder(19).Node("Add", ["x", "x"], ["y"]).Output("y", DataType.String, 2)));
        Assert.Contains("string", _models.Refusal("Order", Builder(19).Node("Less", ["x", "x"], ["y"]).Output("y", DataType.Bool, 2)));
        Assert.Contains("strings", _models.Refusal("Scatter", Builder(18).Integers("i", 0).Node("ScatterElements", ["x", "i", "u"], ["y"], ("reduction", "max")).Texts("u", ["q"], 1).Output("y", DataType.String, 2)));
        using CompiledModel model = _models.Load("Bound", Builder(19).Node("Identity", ["x"], ["y"]).Output("y", DataType.String, 2));
        using CompiledSession session = model.CreateSession();
        Assert.Throws<WrongElementTypeException>(() => Run(session, ("x", Tensor.Create([1f, 2f], 2))));
        Assert.Throws<DimensionMismatchException>(() => Run(session, ("x", Tensor.Create(["a"], 1))));
        Assert.Equal(["a", "b"], Run(session, ("x", Tensor.Create(["a", "b"], 2)))["y"].Texts.ToArray());
    }

    private static IReadOnlyDictionary<string, Tensor> Run(CompiledSession session, params (string Name, Tensor Value)[] inputs) =>
        session.Run(inputs.ToDictionary(static input => input.Name, static input => input.Value));
}

using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Sequences;

/// <summary>Sequences that only a run knows: inputs, outputs, positions as data, loops, branches.</summary>
public sealed class SequenceRunTests : IDisposable
{
    private static readonly object[] OpenVector = ["n"];

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void InsertEraseAndAtWherePositionsAreData()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("s", ContainerTypes.Sequence(ContainerTypes.Floats(OpenVector))).Input("x", "m")
            .Input("insert", DataType.Int64).Input("erase", DataType.Int32).Input("at", DataType.Int64, 1)
            .Node("SequenceInsert", ["s", "x", "insert"], ["t"]).Node("SequenceErase", ["t", "erase"], ["u"]).Node("SequenceAt", ["u", "at"], ["v"])
            .Node("Neg", ["v"], ["y"]).Node("SequenceLength", ["s"], ["count"])
            .Output("t", ContainerTypes.Sequence(ContainerTypes.Floats(null))).Output("u", ContainerTypes.Sequence(ContainerTypes.Floats(null))).Output("y", "k").Output("count", DataType.Int64);
        using CompiledModel model = _models.Load("Edit", builder);
        using CompiledSession session = model.CreateSession();
        float[][] tensors = [[1], [2, 3], [], [4, 5, 6]];
        foreach ((int insert, int erase, int at) in new[] { (0, 0, 0), (-1, 2, 3), (4, -1, -4), (2, 2, 2), (-4, -5, 0) })
        {
            List<float[]> expected = [.. tensors];
            expected.Insert(insert < 0 ? insert + 4 : insert, [7, 8]);
            List<float[]> rest = [.. expected];
            rest.RemoveAt(erase < 0 ? erase + 5 : erase);
            IReadOnlyDictionary<string, ModelValue?> results = Run(session, ("s", List(tensors)), ("x", Tensor.Create([7f, 8], 2)), ("insert", Tensor.Create([(long)insert])),
                ("erase", Tensor.Create([erase])), ("at", Tensor.Create([(long)at], 1)));
            Assert.Equal(expected, Read(results["t"]));
            Assert.Equal(rest, Read(results["u"]));
            Assert.Equal(rest[at < 0 ? at + 4 : at].Select(static value => -value), ((Tensor)results["y"]!).AsSpan<float>().ToArray());
            Assert.Equal(4, ((Tensor)results["count"]!).AsSpan<long>()[0]);
        }

        // A position that is not there ends the run; the session stays usable.
        foreach ((int insert, int erase, int at, string name) in new[] { (5, 0, 0, "SequenceInsert"), (-5, 0, 0, "SequenceInsert"), (0, 5, 0, "SequenceErase"), (0, 0, 4, "SequenceAt"), (0, 0, -5, "SequenceAt") })
        {
            SequenceException exception = Assert.Throws<SequenceException>(() => Run(session, ("s", List(tensors)), ("x", Tensor.Create([7f, 8], 2)), ("insert", Tensor.Create([(long)insert])),
                ("erase", Tensor.Create([erase])), ("at", Tensor.Create([(long)at], 1))));
            Assert.Contains(name, exception.Message, StringComparison.Ordinal);
        }

        Assert.Equal(5, Read(Run(session, ("s", List(tensors)), ("x", Tensor.Create([7f, 8], 2)), ("insert", Tensor.Create([0L])), ("erase", Tensor.Create([0])), ("at", Tensor.Create([0L], 1)))["t"]).Count);
    }

    [Fact]
    public void JoinsTensorsOfOpenSizes()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("s", ContainerTypes.Sequence(ContainerTypes.Floats("n", 2)))
            .Node("ConcatFromSequence", ["s"], ["joined"], ("axis", 0)).Node("ReduceSum", ["joined"], ["sums"], ("keepdims", 0)).Node("Neg", ["joined"], ["y"])
            .Output("y", "rows", 2).Output("sums");
        using CompiledModel model = _models.Load("Join", builder);
        using CompiledSession session = model.CreateSession();
        foreach (int[] rows in new[] { new[] { 1, 3, 2 }, [2], [0, 1], [40, 60, 1, 1] })
        {
            int next = 0;
            Tensor[] tensors = [.. rows.Select(count => Tensor.Create([.. Enumerable.Range(0, count * 2).Select(_ => (float)next++)], count, 2))];
            IReadOnlyDictionary<string, ModelValue?> results = Run(session, ("s", new TensorList(ElementType.Float32, tensors)));
            var y = (Tensor)results["y"]!;
            Assert.Equal([rows.Sum(), 2], y.Shape.ToArray());
            Assert.Equal(Enumerable.Range(0, next).Select(static value => -(float)value), y.AsSpan<float>().ToArray());
            Assert.Equal(next * (next - 1) / 2f, ((Tensor)results["sums"]!).AsSpan<float>()[0]);
        }

        Assert.Contains("ConcatFromSequence", Assert.Throws<SequenceException>(() => Run(session, ("s", new TensorList(ElementType.Float32)))).Message, StringComparison.Ordinal);
        Assert.Contains("[1, 3]", Assert.Throws<SequenceException>(() => Run(session, ("s", new TensorList(ElementType.Float32, Tensor.Create([1f, 2], 1, 2), Tensor.Create([1f, 2, 3], 1, 3))))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void StacksAlongANewAxisInTheMiddle()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("s", ContainerTypes.Sequence(ContainerTypes.Floats("n", 2)))
            .Node("ConcatFromSequence", ["s"], ["y"], ("axis", 1), ("new_axis", 1)).Output("y", "a", "b", "c");
        using CompiledModel model = _models.Load("Stack", builder);
        using CompiledSession session = model.CreateSession();
        var y = (Tensor)Run(session, ("s", new TensorList(ElementType.Float32, Tensor.Create([1f, 2, 3, 4], 2, 2), Tensor.Create([5f, 6, 7, 8], 2, 2), Tensor.Create([9f, 10, 11, 12], 2, 2))))["y"]!;
        Assert.Equal([2, 3, 2], y.Shape.ToArray());
        Assert.Equal([1f, 2, 5, 6, 9, 10, 3, 4, 7, 8, 11, 12], y.AsSpan<float>().ToArray());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void SplitsWhereLengthsAreData(bool isWide)
    {
        DataType type = isWide ? DataType.Int64 : DataType.Int32;
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 2, "n").Input("lengths", type, "k").Input("length", type)
            .Node("SplitToSequence", ["x", "lengths"], ["s"], ("axis", 1)).Node("SplitToSequence", ["x", "length"], ["t"], ("axis", 1)).Node("SplitToSequence", ["x"], ["u"], ("axis", 1), ("keepdims", 0))
            .Output("s", ContainerTypes.Sequence(ContainerTypes.Floats(null))).Output("t", ContainerTypes.Sequence(ContainerTypes.Floats(null))).Output("u", ContainerTypes.Sequence(ContainerTypes.Floats(null)));
        using CompiledModel model = _models.Load($"Split{type}", builder);
        using CompiledSession session = model.CreateSession();
        Tensor Numbers(long[] values, params long[] shape) => isWide ? Tensor.Create(values, shape) : Tensor.Create([.. values.Select(static value => (int)value)], shape);
        (string, ModelValue?)[] Inputs(long[] lengths, long length) => [("x", Tensor.Create([1f, 2, 3, 4, 5, 6], 2, 3)), ("lengths", Numbers(lengths, lengths.Length)), ("length", Numbers([length]))];
        IReadOnlyDictionary<string, ModelValue?> results = Run(session, Inputs([1, 0, 2], 2));
        Assert.Equal([[1, 4], [], [2, 3, 5, 6]], Read(results["s"]));
        Assert.Equal([[1, 2, 4, 5], [3, 6]], Read(results["t"]));
        Assert.Equal([2, 1], ((TensorList)results["t"]!)[1].Shape.ToArray());
        Assert.Equal([[1, 4], [2, 5], [3, 6]], Read(results["u"]));
        Assert.Equal([2], ((TensorList)results["u"]!)[0].Shape.ToArray());
        Assert.Contains("4 elements together", Assert.Throws<SequenceException>(() => Run(session, Inputs([2, 2], 2))).Message, StringComparison.Ordinal);
        Assert.Contains("-1", Assert.Throws<SequenceException>(() => Run(session, Inputs([-1, 4], 2))).Message, StringComparison.Ordinal);
        Assert.Contains("0 elements", Assert.Throws<SequenceException>(() => Run(session, Inputs([3], 0))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    public void LoopsHandSequencesOnCrosswise(long trips)
    {
        // a, b = b, a + [x · i]: what one takes over the other still reads.
        OnnxModelBuilder body = new OnnxModelBuilder()
            .Input("i", DataType.Int64).Input("go", DataType.Bool).Input("a", ContainerTypes.Sequence(ContainerTypes.Floats(null))).Input("b", ContainerTypes.Sequence(ContainerTypes.Floats(null)))
            .Node("Identity", ["go"], ["go_on"]).Node("Cast", ["i"], ["number"], ("to", 1)).Node("Mul", ["x", "number"], ["part"]).Node("SequenceInsert", ["a", "part"], ["next_b"])
            .Node("Identity", ["b"], ["next_a"])
            .Output("go_on", DataType.Bool).Output("next_a", ContainerTypes.Sequence(ContainerTypes.Floats(null))).Output("next_b", ContainerTypes.Sequence(ContainerTypes.Floats(null)));
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 2).Input("s", ContainerTypes.Sequence(ContainerTypes.Floats(null))).Input("trips", DataType.Int64)
            .Node("SequenceEmpty", [], ["empty"])
            .Node("Loop", ["trips", "", "s", "empty"], ["a_end", "b_end"], ("body", body))
            .Output("a_end", ContainerTypes.Sequence(ContainerTypes.Floats(null))).Output("b_end", ContainerTypes.Sequence(ContainerTypes.Floats(null)));
        using CompiledModel model = _models.Load($"Crosswise{trips}", builder);
        using CompiledSession session = model.CreateSession();
        for (int run = 0; run < 3; run++)
        {
            (List<float[]> a, List<float[]> b) = ([[9f, 9, 9]], []);
            for (int index = 0; index < trips; index++)
            {
                (a, b) = (b, [.. a, [1f * index, 2f * index]]);
            }

            IReadOnlyDictionary<string, ModelValue?> results = Run(session, ("x", Tensor.Create([1f, 2], 2)), ("s", List([[9, 9, 9]])), ("trips", Tensor.Create([trips])));
            Assert.Equal(a, Read(results["a_end"]));
            Assert.Equal(b, Read(results["b_end"]));
        }
    }

    [Fact]
    public void AValueThatIsReadAgainIsNotChangedInPlace()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("s", ContainerTypes.Sequence(ContainerTypes.Floats(null))).Input("x", 1)
            .Node("SequenceInsert", ["s", "x"], ["t"]).Node("SequenceInsert", ["t", "x"], ["u"]).Node("SequenceErase", ["t"], ["v"]).Node("SequenceInsert", ["v", "x"], ["w"]).Node("SequenceInsert", ["w", "x"], ["z"])
            .Output("t", ContainerTypes.Sequence(ContainerTypes.Floats(null))).Output("u", ContainerTypes.Sequence(ContainerTypes.Floats(null))).Output("v", ContainerTypes.Sequence(ContainerTypes.Floats(null)))
            .Output("z", ContainerTypes.Sequence(ContainerTypes.Floats(null)));
        using CompiledModel model = _models.Load("Shared", builder);
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, ModelValue?> results = Run(session, ("s", List([[1]])), ("x", Tensor.Create([2f], 1)));
        Assert.Equal([[1], [2]], Read(results["t"]));
        Assert.Equal([[1], [2], [2]], Read(results["u"]));
        Assert.Equal([[1]], Read(results["v"]));
        Assert.Equal([[1], [2], [2]], Read(results["z"]));
    }

    [Fact]
    public void BranchesGiveSequencesAndReadCapturedOnes()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("s", ContainerTypes.Sequence(ContainerTypes.Floats(null))).Input("x", "n").Input("c", DataType.Bool)
            .Node("If", ["c"], ["t"],
                ("then_branch", new OnnxModelBuilder().Node("SequenceInsert", ["s", "x"], ["more"]).Output("more", ContainerTypes.Sequence(ContainerTypes.Floats(null)))),
                ("else_branch", new OnnxModelBuilder().Node("Identity", ["s"], ["same"]).Output("same", ContainerTypes.Sequence(ContainerTypes.Floats(null)))))
            .Node("SequenceInsert", ["t", "x"], ["u"]).Output("t", ContainerTypes.Sequence(ContainerTypes.Floats(null))).Output("u", ContainerTypes.Sequence(ContainerTypes.Floats(null)));
        using CompiledModel model = _models.Load("Branches", builder);
        using CompiledSession session = model.CreateSession();
        foreach (bool condition in new[] { true, false, true })
        {
            IReadOnlyDictionary<string, ModelValue?> results = Run(session, ("s", List([[1], [2, 3]])), ("x", Tensor.Create([5f, 6], 2)), ("c", Tensor.Create([condition])));
            Assert.Equal(condition ? [[1], [2, 3], [5, 6]] : [[1], [2, 3]], Read(results["t"]));
            Assert.Equal(condition ? [[1], [2, 3], [5, 6], [5, 6]] : [[1], [2, 3], [5, 6]], Read(results["u"]));
        }
    }

    [Fact]
    public void MapsSeveralSequencesAndATensor()
    {
        // Two results of other types and ranks than what they are made of.
        OnnxModelBuilder body = new OnnxModelBuilder(17).Input("a", "n").Input("b", "n").Input("c")
            .Node("Mul", ["a", "b"], ["ab"]).Node("Add", ["ab", "c"], ["sum"]).Node("Shape", ["a"], ["sizes"])
            .Output("sum", "n").Output("sizes", DataType.Int64, 1);
        OnnxModelBuilder builder = new OnnxModelBuilder(17).Input("s", ContainerTypes.Sequence(ContainerTypes.Floats(OpenVector))).Input("t", ContainerTypes.Sequence(ContainerTypes.Floats(OpenVector))).Input("c")
            .Node("SequenceMap", ["s", "t", "c"], ["u", "v"], ("body", body))
            .Output("u", ContainerTypes.Sequence(ContainerTypes.Floats(null))).Output("v", ContainerTypes.Sequence(ContainerTypes.Tensor(DataType.Int64, 1)));
        using CompiledModel model = _models.Load("Map", builder);
        using CompiledSession session = model.CreateSession();
        foreach (int count in new[] { 3, 0, 5, 1 })
        {
            float[][] s = [.. Enumerable.Range(0, count).Select(static index => Enumerable.Range(0, (index * 7 % 5) + 1).Select(value => (float)(value + index)).ToArray())];
            IReadOnlyDictionary<string, ModelValue?> results = Run(session, ("s", List(s)), ("t", List(s)), ("c", Tensor.Create([0.5f])));
            Assert.Equal(s.Select(static tensor => tensor.Select(static value => (value * value) + 0.5f).ToArray()), Read(results["u"]));
            Assert.Equal(s.Select(static tensor => (long)tensor.Length), ((TensorList)results["v"]!).Select(static tensor => tensor.AsSpan<long>()[0]));
        }

        // Sequences of different lengths end the run, whichever is longer.
        float[][] one = [[1]], two = [[1], [2]];
        Assert.Contains("SequenceAt", Assert.Throws<SequenceException>(() => Run(session, ("s", List(one)), ("t", List(two)), ("c", Tensor.Create([0.5f])))).Message, StringComparison.Ordinal);
        Assert.Contains("SequenceAt", Assert.Throws<SequenceException>(() => Run(session, ("s", List(two)), ("t", List(one)), ("c", Tensor.Create([0.5f])))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ASequenceOfKnownContentIsMadeForALoopThatReadsIt()
    {
        OnnxModelBuilder body = new OnnxModelBuilder()
            .Input("i", DataType.Int64).Input("go", DataType.Bool).Input("sum", 2).Node("Identity", ["go"], ["go_on"])
            .Node("SequenceAt", ["s", "i"], ["v"]).Node("Add", ["sum", "v"], ["next"]).Output("go_on", DataType.Bool).Output("next", 2);
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("a", 2).Input("b", 2).Constant("zero", [0, 0], 2)
            .Node("SequenceConstruct", ["a", "b", "a"], ["s"]).Node("SequenceLength", ["s"], ["count"]).Node("Loop", ["count", "", "zero"], ["y"], ("body", body)).Output("y", 2);
        using CompiledModel model = _models.Load("Known", builder);
        using CompiledSession session = model.CreateSession();
        Assert.Equal([12f, 24], SmallModels.Run(session, "y", ("a", Tensor.Create([1f, 2], 2)), ("b", Tensor.Create([10f, 20], 2))));
    }

    [Fact]
    public void StringsAreElementsLikeOthers()
    {
        Generator.Onnx.Proto.TypeProto texts = ContainerTypes.Sequence(ContainerTypes.Tensor(DataType.String, "n"));
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("s", texts).Input("x", DataType.String, 2).Input("at", DataType.Int64)
            .Node("SequenceInsert", ["s", "x"], ["t"]).Node("SequenceAt", ["t", "at"], ["v"]).Node("ConcatFromSequence", ["t"], ["c"], ("axis", 0))
            .Output("t", texts).Output("v", DataType.String, "m").Output("c", DataType.String, "k");
        using CompiledModel model = _models.Load("Texts", builder);
        using CompiledSession session = model.CreateSession();
        for (int at = 0; at < 3; at++)
        {
            IReadOnlyDictionary<string, ModelValue?> results = Run(session, ("s", new TensorList(ElementType.String, Tensor.Create(["a"], 1), Tensor.Create(["ä", "", "b"], 3))), ("x", Tensor.Create(["a", "c"], 2)), ("at", Tensor.Create([(long)at])));
            string[][] expected = [["a"], ["ä", "", "b"], ["a", "c"]];
            Assert.Equal(expected, ((TensorList)results["t"]!).Select(static tensor => tensor.Texts.ToArray()));
            Assert.Equal(expected[at], ((Tensor)results["v"]!).Texts.ToArray());
            Assert.Equal(expected.SelectMany(static part => part), ((Tensor)results["c"]!).Texts.ToArray());
        }
    }

    private static IReadOnlyDictionary<string, ModelValue?> Run(CompiledSession session, params (string Name, ModelValue? Value)[] inputs) =>
        session.Run(inputs.ToDictionary(static input => input.Name, static input => input.Value));

    private static TensorList List(float[][] tensors) => new(ElementType.Float32, tensors.Select(static values => Tensor.Create(values, values.Length)));

    private static List<float[]> Read(ModelValue? value) => [.. ((TensorList)value!).Select(static tensor => tensor.AsSpan<float>().ToArray())];
}

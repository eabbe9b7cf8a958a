using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Models;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.ControlFlow;

/// <summary>Loops whose carried tensors change their sizes, against the same loops in C#.</summary>
public sealed class GrowingLoopTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(6)]
    public void AKnownNumberOfIterationsGivesAKnownSize(long trips)
    {
        using CompiledModel model = _models.Load($"Known{trips}", new OnnxModelBuilder().Input("x", 2, 3).Integer("trips", trips)
            .Node("Loop", ["trips", "", "x"], ["y"], ("body", AppendsSum())).Output("y", "m", 3));
        Assert.Equal([$"{2 + trips}", "3"], model.Description.Outputs[0].Dimensions);
        using CompiledSession session = model.CreateSession();
        float[] x = [1, 2, 3, 4, 5, 6];
        Assert.Equal(AppendSums(x, trips), SmallModels.Run(session, "y", ("x", Tensor.Create(x, 2, 3))));
    }

    [Fact]
    public void IterationsAndConditionFromDataAllocateNothing()
    {
        // Rows are appended until their sum passes the limit.
        OnnxModelBuilder body = new OnnxModelBuilder().Input("i", DataType.Int64).Input("go", DataType.Bool).Input("v", "r", 3)
            .Node("ReduceSum", ["v", "rows"], ["sum"], ("keepdims", 1)).Node("Concat", ["v", "sum"], ["next"], ("axis", 0))
            .Node("ReduceMax", ["sum"], ["largest"], ("keepdims", 0)).Node("Less", ["largest", "limit"], ["more"])
            .Output("more", DataType.Bool).Output("next", "q", 3);
        using CompiledModel model = _models.Load("Until", new OnnxModelBuilder().Input("x", "n", 3).Input("trips", DataType.Int64).Input("limit").Integers("rows", 0)
            .Node("Loop", ["trips", "", "x"], ["v"], ("body", body)).Node("Neg", ["v"], ["y"]).Output("y", "m", 3));
        using CompiledSession session = model.CreateSession();
        var bound = new List<BoundRun>();
        foreach ((int rows, long trips, float limit) in new[] { (2, 10L, 1e9f), (2, 0L, 1e9f), (5, 100L, 500f), (1, 3L, 1e9f), (1, 30L, 1e9f), (3, -1L, 5f) })
        {
            float[] x = [.. Enumerable.Range(1, rows * 3).Select(static value => (float)value)];
            long count = 0;
            while (count < trips)
            {
                count++;
                if (AppendSums(x, count)[^1] >= limit)
                {
                    break;
                }
            }

            Dictionary<string, Tensor> inputs = new() { ["x"] = Tensor.Create(x, rows, 3), ["trips"] = Tensor.Create([trips]), ["limit"] = Tensor.Create([limit]) };
            Tensor result = session.Run(inputs)["y"];
            Assert.Equal([rows + count, 3], result.Shape.ToArray());
            Assert.Equal(AppendSums(x, count).Select(static value => -value), result.AsSpan<float>().ToArray());
            bound.Add(new BoundRun(session, inputs));
        }

        for (int turn = 0; turn < 8; turn++)
        {
            bound.ForEach(static run => run.Run());
        }

        Assert.Equal(0, ThreadAllocations.Measure(() => bound.ForEach(static run => run.Run())));
        bound.ForEach(static run => run.Dispose());
    }

    [Fact]
    public void TensorsOfDifferentSizesChangePlaces()
    {
        // a, b, c = b, Concat(a, b), Slice(c, 1): the Fibonacci words, and one that shrinks until nothing is left.
        OnnxModelBuilder body = new OnnxModelBuilder().Input("i", DataType.Int64).Input("go", DataType.Bool).Input("a", "p").Input("b", "q").Input("c", "r")
            .Node("Identity", ["go"], ["go_on"]).Node("Identity", ["b"], ["next_a"]).Node("Concat", ["b", "a"], ["next_b"], ("axis", 0)).Node("Slice", ["c", "first", "last"], ["next_c"])
            .Output("go_on", DataType.Bool).Output("next_a", "p2").Output("next_b", "q2").Output("next_c", "r2");
        using CompiledModel model = _models.Load("Words", new OnnxModelBuilder().Input("x", 1).Input("y", 2).Input("z", "n").Input("trips", DataType.Int64)
            .Integers("first", 1).Integers("last", long.MaxValue)
            .Node("Loop", ["trips", "", "x", "y", "z"], ["a", "b", "c"], ("body", body)).Output("a", "l").Output("b", "m").Output("c", "k"));
        using CompiledSession session = model.CreateSession();
        for (int trips = 0; trips < 9; trips++)
        {
            float[] a = [1], b = [2, 3], c = [5, 6, 7, 8, 9];
            IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor>
            {
                ["x"] = Tensor.Create(a, 1),
                ["y"] = Tensor.Create(b, 2),
                ["z"] = Tensor.Create(c, 5),
                ["trips"] = Tensor.Create([(long)trips]),
            });
            for (int trip = 0; trip < trips; trip++)
            {
                (a, b, c) = (b, [.. b, .. a], [.. c.Skip(1)]);
            }

            Assert.Equal(a, results["a"].AsSpan<float>().ToArray());
            Assert.Equal(b, results["b"].AsSpan<float>().ToArray());
            Assert.Equal(c, results["c"].AsSpan<float>().ToArray());
        }
    }

    [Fact]
    public void LoopsInLoops()
    {
        // for i in 0..trips: for j in 0..i: v = Concat(v, j); then what is not 0 is kept.
        OnnxModelBuilder inner = new OnnxModelBuilder().Input("j", DataType.Int64).Input("go2", DataType.Bool).Input("w", DataType.Int64, "s")
            .Node("Unsqueeze", ["j", "front"], ["one_j"]).Node("Concat", ["w", "one_j"], ["next_w"], ("axis", 0)).Node("Identity", ["go2"], ["go_on2"])
            .Output("go_on2", DataType.Bool).Output("next_w", DataType.Int64, "s2");
        OnnxModelBuilder outer = new OnnxModelBuilder().Input("i", DataType.Int64).Input("go", DataType.Bool).Input("v", DataType.Int64, "r")
            .Node("Loop", ["i", "", "v"], ["longer"], ("body", inner)).Node("Cast", ["longer"], ["flags"], ("to", 9)).Node("Compress", ["longer", "flags"], ["next_v"], ("axis", 0))
            .Node("Identity", ["go"], ["go_on"]).Output("go_on", DataType.Bool).Output("next_v", DataType.Int64, "r2");
        using CompiledModel model = _models.Load("GrowingNest", new OnnxModelBuilder().Input("x", DataType.Int64, 1).Input("trips", DataType.Int64).Integers("front", 0)
            .Node("Loop", ["trips", "", "x"], ["y"], ("body", outer)).Output("y", DataType.Int64, "m"));
        using CompiledSession session = model.CreateSession();
        foreach (long trips in new[] { 0L, 1, 2, 5, 9, 3 })
        {
            List<long> expected = [7];
            for (int i = 0; i < trips; i++)
            {
                for (int j = 0; j < i; j++)
                {
                    expected.Add(j);
                }

                expected.RemoveAll(static value => value == 0);
            }

            IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create([7L], 1), ["trips"] = Tensor.Create([trips]) });
            Assert.Equal(expected, results["y"].AsSpan<long>().ToArray());
        }
    }

    [Fact]
    public void TextsAndABranchOnTheSizeOfWhatGrows()
    {
        // The longer the list is, the other word is appended.
        OnnxModelBuilder body = new OnnxModelBuilder().Input("i", DataType.Int64).Input("go", DataType.Bool).Input("v", DataType.String, "r")
            .Node("Size", ["v"], ["size"]).Node("Less", ["size", "three"], ["short"])
            .Node("If", ["short"], ["next"],
                ("then_branch", new OnnxModelBuilder().Node("Concat", ["v", "word"], ["with"], ("axis", 0)).Output("with", DataType.String, "t")),
                ("else_branch", new OnnxModelBuilder().Node("Concat", ["v", "other", "other"], ["without"], ("axis", 0)).Output("without", DataType.String, "e")))
            .Node("Identity", ["go"], ["go_on"]).Output("go_on", DataType.Bool).Output("next", DataType.String, "q");
        using CompiledModel model = _models.Load("WordList", new OnnxModelBuilder().Input("x", DataType.String, 1).Input("trips", DataType.Int64).Integer("three", 3).Texts("word", ["short"], 1)
            .Texts("other", ["long"], 1).Node("Loop", ["trips", "", "x"], ["y"], ("body", body)).Output("y", DataType.String, "m"));
        using CompiledSession session = model.CreateSession();
        foreach ((long trips, string[] expected) in new[] { (0L, new[] { "a" }), (1L, ["a", "short"]), (4L, ["a", "short", "short", "long", "long", "long", "long"]) })
        {
            IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(["a"], 1), ["trips"] = Tensor.Create([trips]) });
            Assert.Equal(expected, results["y"].Texts.ToArray());
        }
    }

    [Fact]
    public void PartsWhoseSizeAnIterationTellsMustBeEqual()
    {
        // The columns of x that the mask of each iteration chooses, as a part of the result.
        OnnxModelBuilder body = new OnnxModelBuilder().Input("i", DataType.Int64).Input("go", DataType.Bool)
            .Node("Gather", ["masks", "i"], ["mask"]).Node("Compress", ["x", "mask"], ["part"], ("axis", 0)).Node("Identity", ["go"], ["go_on"])
            .Output("go_on", DataType.Bool).Output("part", "p");
        using CompiledModel model = _models.Load("Parts", new OnnxModelBuilder().Input("x", 4).Input("masks", DataType.Bool, "n", 4).Input("trips", DataType.Int64)
            .Node("Loop", ["trips", ""], ["y"], ("body", body)).Output("y", "m", "k"));
        using CompiledSession session = model.CreateSession();
        Tensor Run(long trips, params bool[] masks) => session.Run(new Dictionary<string, Tensor>
        {
            ["x"] = Tensor.Create([1f, 2, 3, 4], 4),
            ["masks"] = Tensor.Create(masks, masks.Length / 4, 4),
            ["trips"] = Tensor.Create([trips]),
        })["y"];
        bool[] masks = [true, false, true, false, false, false, true, true, true, true, false, false];
        Assert.Equal([1f, 3, 3, 4, 1, 2], Run(3, masks).AsSpan<float>().ToArray());
        Assert.Equal([3L, 2], Run(3, masks).Shape.ToArray());
        Assert.Equal([1f, 3], Run(1, masks).AsSpan<float>().ToArray());
        Assert.Equal(0, Run(0, masks).ElementCount);
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(2, true, true, true, true, false, true, false, false));
        Assert.Equal([2f, 3, 1, 4], Run(2, false, true, true, false, true, false, false, true).AsSpan<float>().ToArray());
    }

    private static OnnxModelBuilder AppendsSum() => new OnnxModelBuilder().Input("i", DataType.Int64).Input("go", DataType.Bool).Input("v", "r", 3)
        .Integers("rows", 0).Node("ReduceSum", ["v", "rows"], ["sum"], ("keepdims", 1)).Node("Concat", ["v", "sum"], ["next"], ("axis", 0)).Node("Identity", ["go"], ["go_on"])
        .Output("go_on", DataType.Bool).Output("next", "q", 3);

    /// <summary>So many times a row that is the sum of all before it.</summary>
    private static float[] AppendSums(float[] x, long trips)
    {
        List<float> rows = [.. x];
        for (long trip = 0; trip < trips; trip++)
        {
            float[] sums = [.. Enumerable.Range(0, 3).Select(column => rows.Where((_, index) => index % 3 == column).Aggregate(0f, static (sum, value) => sum + value))];
            rows.AddRange(sums);
        }

        return [.. rows];
    }
}

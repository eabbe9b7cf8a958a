using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.ControlFlow;

/// <summary>Loop and Scan, run.</summary>
public sealed class LoopTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public void CarriedValuesAndCollectedParts(long trips)
    {
        // a, b = b, a + b: crosswise, so that what one overwrites the other still needs.
        OnnxModelBuilder body = new OnnxModelBuilder()
            .Input("i", DataType.Int64).Input("go", DataType.Bool).Input("a", 1).Input("b", 1)
            .Node("Identity", ["go"], ["go_on"]).Node("Identity", ["b"], ["next_a"]).Node("Add", ["a", "b"], ["next_b"])
            .Node("Cast", ["i"], ["number"], ("to", 1)).Node("Add", ["next_b", "number"], ["part"])
            .Output("go_on", DataType.Bool).Output("next_a", 1).Output("next_b", 1).Output("part", 1);
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 1).Integer("trips", trips)
            .Node("Loop", ["trips", "", "x", "x"], ["a_end", "b_end", "parts"], ("body", body))
            .Node("Neg", ["parts"], ["y"])
            .Output("a_end", 1).Output("b_end", 1).Output("y", trips, 1);
        using CompiledModel model = _models.Load($"Fibonacci{trips}", builder);
        using CompiledSession session = model.CreateSession();
        for (float start = 1; start < 3; start++)
        {
            IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create([start], 1) });
            (float a, float b) = (start, start);
            List<float> parts = [];
            for (int index = 0; index < trips; index++)
            {
                (a, b) = (b, a + b);
                parts.Add(-(b + index));
            }

            Assert.Equal(a, results["a_end"].AsSpan<float>()[0]);
            Assert.Equal(b, results["b_end"].AsSpan<float>()[0]);
            Assert.Equal(parts, results["y"].AsSpan<float>().ToArray());
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void EmptyPartsThatNothingReads(long trips)
    {
        OnnxModelBuilder body = new OnnxModelBuilder()
            .Input("i", DataType.Int64).Input("go", DataType.Bool).Input("v", 0)
            .Node("Identity", ["go"], ["go_on"]).Node("Sub", ["v", "one"], ["next"]).Node("Neg", ["next"], ["part"])
            .Output("go_on", DataType.Bool).Output("next", 0).Output("part", 0);
        using CompiledModel model = _models.Load($"EmptyParts{trips}", new OnnxModelBuilder().Input("trips", DataType.Int64).Constant("none", [], 0).Constant("one", [1])
            .Node("Loop", ["trips", "", "none"], ["y", "parts"], ("body", body)).Output("y", 0));
        using CompiledSession session = model.CreateSession();
        Assert.Empty(SmallModels.Run(session, "y", ("trips", Tensor.Create([trips]))));
    }

    [Fact]
    public void ConstantsTimesTheIterationAreComputedInTheRun()
    {
        // The cast and the product are one kernel, which reads constants alone.
        OnnxModelBuilder body = new OnnxModelBuilder()
            .Input("i", DataType.Int64).Input("go", DataType.Bool).Input("v", 3)
            .Node("Identity", ["go"], ["go_on"]).Node("Cast", ["i"], ["number"], ("to", 1)).Node("Mul", ["numbers", "number"], ["part"]).Node("Add", ["v", "v"], ["next"])
            .Output("go_on", DataType.Bool).Output("next", 3).Output("part", 3);
        using CompiledModel model = _models.Load("TimesIteration", new OnnxModelBuilder().Input("x", 3).Input("trips", DataType.Int64)
            .Constant("given", [0.5f, -0.5f, 1], 3).Node("Erf", ["given"], ["numbers"])
            .Node("Loop", ["trips", "", "x"], ["v", "parts"], ("body", body)).Node("ReduceSum", ["parts"], ["y"], ("keepdims", 0)).Output("y"));
        using CompiledSession session = model.CreateSession();
        const float Expected = (0 + 1 + 2) * 0.842700793f;
        Assert.Equal(Expected, SmallModels.Run(session, "y", ("x", Tensor.Create([1f, 2, 3], 3)), ("trips", Tensor.Create([3L])))[0], 1e-5f);
    }

    [Fact]
    public void NumberOfIterationsAndConditionFromData()
    {
        // while i < trips and x < 100: x = 3·x
        OnnxModelBuilder body = new OnnxModelBuilder()
            .Input("i", DataType.Int64).Input("go", DataType.Bool).Input("v", 1)
            .Node("Mul", ["v", "three"], ["next"]).Node("Less", ["next", "hundred"], ["small"]).Node("Squeeze", ["small"], ["go_on"])
            .Output("go_on", DataType.Bool).Output("next", 1);
        using CompiledModel model = _models.Load("While", new OnnxModelBuilder().Input("x", 1).Input("trips", DataType.Int64).Input("c", DataType.Bool)
            .Constant("three", [3]).Constant("hundred", [100], 1)
            .Node("Loop", ["trips", "c", "x"], ["y"], ("body", body)).Output("y", 1));
        using CompiledSession session = model.CreateSession();
        foreach ((long trips, bool condition, float expected) in new[] { (10L, true, 162f), (2L, true, 18f), (0L, true, 2f), (10L, false, 2f), (-3L, true, 2f), (100L, true, 162f) })
        {
            Assert.Equal([expected], SmallModels.Run(session, "y", ("x", Tensor.Create([2f], 1)), ("trips", Tensor.Create([trips])), ("c", Tensor.Create([condition]))));
        }
    }

    [Fact]
    public void LoopOverASizeReadsPartsOfAnOuterValue()
    {
        // The running sum of x's rows, each scaled by an If on the number of the iteration.
        OnnxModelBuilder scaled = new OnnxModelBuilder()
            .Input("i", DataType.Int64).Input("go", DataType.Bool).Input("sum", 3)
            .Node("Gather", ["x", "i"], ["row"])
            .Node("Less", ["i", "two"], ["early"])
            .Node("If", ["early"], ["term"],
                ("then_branch", new OnnxModelBuilder().Node("Mul", ["row", "ten"], ["big"]).Output("big", 3)),
                ("else_branch", new OnnxModelBuilder().Node("Neg", ["row"], ["negative"]).Output("negative", 3)))
            .Node("Add", ["sum", "term"], ["next"]).Node("Identity", ["go"], ["go_on"]).Node("Identity", ["next"], ["part"])
            .Output("go_on", DataType.Bool).Output("next", 3).Output("part", 3);
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", "n", 3).Integer("zero", 0).Integer("two", 2).Constant("ten", [10]).Constant("start", [1, 2, 3], 3)
            .Node("Shape", ["x"], ["shape"]).Node("Gather", ["shape", "zero"], ["n"])
            .Node("Loop", ["n", "", "start"], ["end", "parts"], ("body", scaled))
            .Output("end", 3).Output("parts", "n", 3);
        using CompiledModel model = _models.Load("Rows", builder);
        using CompiledSession session = model.CreateSession();
        foreach (int rows in new[] { 4, 1, 5, 0 })
        {
            float[] x = [.. Enumerable.Range(0, rows * 3).Select(static index => (float)index - 4)];
            float[] sum = [1, 2, 3];
            List<float> parts = [];
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < 3; column++)
                {
                    sum[column] += x[(row * 3) + column] * (row < 2 ? 10 : -1);
                }

                parts.AddRange(sum);
            }

            IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, rows, 3) });
            Assert.Equal(sum, results["end"].AsSpan<float>().ToArray());
            Assert.Equal(parts, results["parts"].AsSpan<float>().ToArray());
        }
    }

    [Fact]
    public void LoopInsideALoop()
    {
        // for i in 0..3: for j in 0..i+1: v = 2·v + j
        OnnxModelBuilder inner = new OnnxModelBuilder().Input("j", DataType.Int64).Input("go2", DataType.Bool).Input("w", 1)
            .Node("Cast", ["j"], ["number"], ("to", 1)).Node("Mul", ["w", "two"], ["doubled"]).Node("Add", ["doubled", "number"], ["next_w"]).Node("Identity", ["go2"], ["go_on2"])
            .Output("go_on2", DataType.Bool).Output("next_w", 1);
        OnnxModelBuilder outer = new OnnxModelBuilder().Input("i", DataType.Int64).Input("go", DataType.Bool).Input("v", 1)
            .Node("Add", ["i", "one"], ["count"]).Node("Loop", ["count", "", "v"], ["next_v"], ("body", inner)).Node("Identity", ["go"], ["go_on"])
            .Output("go_on", DataType.Bool).Output("next_v", 1);
        using CompiledModel model = _models.Load("NestedLoop", new OnnxModelBuilder().Input("x", 1).Integer("three", 3).Integer("one", 1).Constant("two", [2])
            .Node("Loop", ["three", "", "x"], ["y"], ("body", outer)).Output("y", 1));
        using CompiledSession session = model.CreateSession();
        float expected = 5;
        for (int i = 0; i < 3; i++)
        {
            for (int j = 0; j < i + 1; j++)
            {
                expected = (2 * expected) + j;
            }
        }

        Assert.Equal([expected], SmallModels.Run(session, "y", ("x", Tensor.Create([5f], 1))));
    }

    [Fact]
    public void CodeDoesNotGrowWithTheNumberOfIterations()
    {
        static OnnxModelBuilder Model(long trips) => new OnnxModelBuilder().Input("x", 1).Integer("trips", trips).Constant("half", [0.5f])
            .Node("Loop", ["trips", "", "x"], ["y"], ("body", new OnnxModelBuilder().Input("i", DataType.Int64).Input("go", DataType.Bool).Input("v", 1)
                .Node("Mul", ["v", "half"], ["next"]).Node("Identity", ["go"], ["go_on"]).Output("go_on", DataType.Bool).Output("next", 1)))
            .Output("y", 1);
        int small = _models.Compile("Small", Model(2)).Result!.Sources.Sum(static source => source.Text.Length);
        int large = _models.Compile("Large", Model(1_000_000)).Result!.Sources.Sum(static source => source.Text.Length);
        Assert.InRange(large, small - 100, small + 100);
    }

    [Fact]
    public void DeclaredSizeOfCollectedPartsIsHeldAgainstEveryRun()
    {
        using CompiledModel model = _models.Load("Declared", new OnnxModelBuilder().Input("x", 2).Input("trips", DataType.Int64)
            .Node("Loop", ["trips", "", "x"], ["end", "parts"], ("body", new OnnxModelBuilder().Input("i", DataType.Int64).Input("go", DataType.Bool).Input("v", 2)
                .Node("Add", ["v", "v"], ["next"]).Node("Identity", ["v"], ["part"]).Node("Identity", ["go"], ["go_on"])
                .Output("go_on", DataType.Bool).Output("next", 2).Output("part", 2)))
            .Output("parts", 3, 2));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([1, 2, 2, 4, 4, 8], SmallModels.Run(session, "parts", ("x", Tensor.Create([1f, 2f], 2)), ("trips", Tensor.Create([3L]))));
        foreach (long trips in new[] { 2L, 4L, long.MaxValue, 0L })
        {
            Assert.Throws<DimensionOutOfBoundsException>(() => SmallModels.Run(session, "parts", ("x", Tensor.Create([1f, 2f], 2)), ("trips", Tensor.Create([trips]))));
        }

        Assert.Equal([1, 1, 2, 2, 4, 4], SmallModels.Run(session, "parts", ("x", Tensor.Create([1f, 1f], 2)), ("trips", Tensor.Create([3L]))));
    }

    [Fact]
    public void ScanAlongAnyAxisAndBackwards()
    {
        // y[:, t] = Σ over the later columns, collected backwards along axis 1; a row of constants is scanned beside.
        OnnxModelBuilder body = new OnnxModelBuilder().Input("s", 2).Input("column", 2).Input("k", 1)
            .Node("Mul", ["column", "k"], ["term"]).Node("Add", ["s", "term"], ["next"]).Node("Identity", ["next"], ["part"])
            .Output("next", 2).Output("part", 2);
        using CompiledModel model = _models.Load("BackwardScan", new OnnxModelBuilder().Input("x", 2, "n").Constant("zero", [0, 0], 2).Constant("k", [1, 2, 3, 4], 4, 1)
            .Node("Scan", ["zero", "x", "k"], ["end", "y"], ("body", body), ("num_scan_inputs", 2), ("scan_input_axes", new long[] { 1, 0 }),
                ("scan_input_directions", new long[] { 1, 0 }), ("scan_output_axes", new long[] { 1 }), ("scan_output_directions", new long[] { 1 }))
            .Output("end", 2).Output("y", 2, "n"));
        using CompiledSession session = model.CreateSession();
        float[] x = [1, 2, 3, 4, 5, 6, 7, 8];
        float[] y = new float[8];
        for (int row = 0; row < 2; row++)
        {
            float sum = 0;
            for (int step = 0; step < 4; step++)
            {
                sum += x[(row * 4) + 3 - step] * (step + 1);
                y[(row * 4) + 3 - step] = sum;
            }
        }

        Assert.Equal(y, SmallModels.Run(session, "y", ("x", Tensor.Create(x, 2, 4))));
        Assert.Throws<DimensionMismatchException>(() => SmallModels.Run(session, "y", ("x", Tensor.Create(new float[6], 2, 3))));
    }

    [Fact]
    public void WrongLoopsAreRefused()
    {
        OnnxModelBuilder Body(bool grows = false) => new OnnxModelBuilder().Integers("front", 0).Input("i", DataType.Int64).Input("go", DataType.Bool).Input("v", 1)
            .Node(grows ? "Unsqueeze" : "Add", ["v", grows ? "front" : "v"], ["next"]).Node("Identity", ["go"], ["go_on"]).Output("go_on", DataType.Bool).Output("next", "m");
        Assert.Contains("never ends", _models.Refusal("Endless", new OnnxModelBuilder().Input("x", 1).Node("Loop", ["", "", "x"], ["y"], ("body", Body())).Output("y", 1)));
        Assert.Contains("does not fit", _models.Refusal("Arity", new OnnxModelBuilder().Input("x", 1).Integer("n", 2).Node("Loop", ["n", "", "x", "x"], ["y"], ("body", Body())).Output("y", 1)));
        Assert.Contains("changes its rank", _models.Refusal("Growing", new OnnxModelBuilder().Input("x", 1).Integer("n", 2).Node("Loop", ["n", "", "x"], ["y"], ("body", Body(grows: true))).Output("y", 1)));
        OnnxModelBuilder huge = new OnnxModelBuilder().Input("x", 1).Integer("n", long.MaxValue / 2)
            .Node("Loop", ["n", "", "x"], ["y", "parts"], ("body", new OnnxModelBuilder().Input("i", DataType.Int64).Input("go", DataType.Bool).Input("v", 1)
                .Node("Neg", ["v"], ["next"]).Node("Abs", ["v"], ["part"]).Node("Identity", ["go"], ["go_on"]).Output("go_on", DataType.Bool).Output("next", 1).Output("part", 1)))
            .Output("parts", "m", 1);
        Assert.Contains("more than fits into memory", _models.Refusal("Huge", huge));
        Assert.Contains("num_scan_inputs", _models.Refusal("ScanCount", new OnnxModelBuilder().Input("x", 1)
            .Node("Scan", ["x"], ["y"], ("body", new OnnxModelBuilder().Input("v").Output("v")), ("num_scan_inputs", 2)).Output("y", 1)));
    }
}

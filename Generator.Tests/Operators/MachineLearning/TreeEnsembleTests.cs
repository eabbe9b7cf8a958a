using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.MachineLearning;

/// <summary>Tree ensembles against a plain walk over the nodes as the model states them.</summary>
public sealed class TreeEnsembleTests : IDisposable
{
    private const int Features = 5;

    private readonly MachineLearningModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("SUM", 1, 1, 1)]
    [InlineData("AVERAGE", 3, 2, 3)]
    [InlineData("MIN", 2, 1, 1)]
    [InlineData("MAX", 1, 1, 3)]
    public void All_modes_and_aggregations(string aggregation, int targets, int perLeaf, int version)
    {
        ForestExample forest = new ForestExample(targets + perLeaf, 9, 5, Features, 4, ForestExample.AllModes, missing: 0.5).WithWeights(targets, perLeaf);
        float[] baseValues = [.. Enumerable.Range(1, targets).Select(static index => index / 8f)];
        const int rows = 75;
        float[] x = forest.Rows(rows, missing: 0.2);
        Tensor result = _models.Run(
            MachineLearningModels.Build("TreeEnsembleRegressor", version, [(DataType.Float, ["n", Features])], [(DataType.Float, 2)], forest.Attributes("target", ("n_targets", targets), ("aggregate_function", aggregation), ("base_values", baseValues))),
            Tensor.Create(x, rows, Features))["a"];
        Assert.Equal([rows, targets], result.Shape.ToArray());
        for (int row = 0; row < rows; row++)
        {
            (int Place, long Target, float Weight)[] reached = [.. forest.Reached(x[(row * Features)..((row + 1) * Features)])];
            for (int target = 0; target < targets; target++)
            {
                double[] weights = [.. reached.Where(weight => weight.Target == target).Select(static weight => (double)weight.Weight)];
                double expected = baseValues[target] + (weights.Length == 0 ? 0 : aggregation switch
                {
                    "SUM" => weights.Sum(),
                    "AVERAGE" => weights.Sum() / 9,
                    "MIN" => weights.Min(),
                    _ => weights.Max(),
                });
                Assert.Equal(expected, result.AsSpan<float>()[(row * targets) + target], 1e-5);
            }
        }
    }

    [Theory]
    [InlineData(1, 900)]
    [InlineData(3, 400)]
    [InlineData(700, 40)]
    public void Any_number_of_threads_gives_the_same_bits(int rows, int trees)
    {
        ForestExample forest = new ForestExample(rows, trees, 7, Features, 6, ["BRANCH_LEQ"]).WithWeights(2, 1);
        float[] x = forest.Rows(rows);
        using CompiledModel model = _models.Load(MachineLearningModels.Build(
            "TreeEnsembleRegressor", 1, [(DataType.Float, ["n", Features])], [(DataType.Float, 2)], forest.Attributes("target", ("n_targets", 2))));
        float[][] results = [.. new[] { 1, 2, 4 }.Select(threads =>
        {
            using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
            return session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, rows, Features) })["a"].AsSpan<float>().ToArray();
        })];
        Assert.Equal(results[0], results[1]);
        Assert.Equal(results[0], results[2]);
        double expected = forest.Reached(x[^Features..]).Where(static weight => weight.Target == 1).Sum(static weight => (double)weight.Weight);
        Assert.Equal(expected, results[0][^1], 1e-4);
    }

    [Fact]
    public void Float64_is_computed_in_float64_and_integers_in_float32()
    {
        ForestExample forest = new ForestExample(3, 6, 4, Features, 5, ForestExample.AllModes).WithWeights(1, 1);
        (string, object)[] attributes = forest.Attributes("target", ("n_targets", 1));
        float[] x = [.. forest.Rows(20).Select(MathF.Floor)];
        float[] single = Run(DataType.Float, Tensor.Create(x, 20, Features));
        Assert.Equal(single, Run(DataType.Double, Tensor.Create([.. x.Select(static value => (double)value)], 20, Features)), (left, right) => Math.Abs(left - right) < 1e-6);
        Assert.Equal(single, Run(DataType.Int64, Tensor.Create([.. x.Select(static value => (long)value)], 20, Features)));
        Assert.Equal(single, Run(DataType.Int32, Tensor.Create([.. x.Select(static value => (int)value)], 20, Features)));

        float[] Run(DataType type, Tensor tensor) =>
            _models.Run(MachineLearningModels.Build("TreeEnsembleRegressor", 3, [(type, [20, Features])], [(DataType.Float, 2)], attributes), tensor)["a"].AsSpan<float>().ToArray();
    }

    [Fact]
    public void Thresholds_in_float64_are_not_rounded()
    {
        double threshold = 1 + 1e-12;
        Tensor result = _models.Run(
            MachineLearningModels.Build(
                "TreeEnsembleRegressor",
                3,
                [(DataType.Double, [2, 1])],
                [(DataType.Float, 2)],
                Stump(("nodes_values_as_tensor", MachineLearningModels.Vector(DataType.Double, threshold, 0, 0)), ("target_weights_as_tensor", MachineLearningModels.Vector(DataType.Double, 1.0, 2.0)))),
            Tensor.Create([1.0, 1 + 2e-12], 2, 1))["a"];
        Assert.Equal([1f, 2f], result.AsSpan<float>().ToArray());
    }

    [Fact]
    public void Sets_of_members_are_searched()
    {
        // One node: is the feature among the members? Float32, float64 and float16, with what is no number going where it is told to.
        double[] members = [3, -1, 0, 8, 4, 4.5];
        double[] x = [-2, -1, -0.5, 0, 1, 3, 3.5, 4, 4.25, 4.5, 5, 8, 9, double.NegativeInfinity, double.PositiveInfinity, double.NaN];
        foreach (long missingTrue in new long[] { 0, 1 })
        {
            double[] expected = [.. x.Select(value => members.Contains(value) || (double.IsNaN(value) && missingTrue == 1) ? 10.0 : 20.0)];
            Assert.Equal(expected, Run(DataType.Float, static values => values.Select(static value => (float)value).ToArray(), static tensor => [.. tensor.AsSpan<float>().ToArray().Select(static value => (double)value)]));
            Assert.Equal(expected, Run(DataType.Double, static values => values, static tensor => tensor.AsSpan<double>().ToArray()));
            Assert.Equal(expected, Run(DataType.Float16, static values => values.Select(static value => (Half)value).ToArray(), static tensor => [.. tensor.AsSpan<Half>().ToArray().Select(static value => (double)value)]));

            double[] Run<T>(DataType type, Func<double[], T[]> convert, Func<Tensor, double[]> read)
                where T : unmanaged => read(_models.Run(
                    MachineLearningModels.Build(
                        "TreeEnsemble",
                        5,
                        [(type, ["n", 1])],
                        [(type, 2)],
                        ("nodes_featureids", new long[] { 0 }),
                        ("nodes_splits", MachineLearningModels.Vector(type, convert([0]))),
                        ("nodes_modes", MachineLearningModels.Vector<byte>(DataType.Uint8, 6)),
                        ("nodes_truenodeids", new long[] { 0 }),
                        ("nodes_falsenodeids", new long[] { 1 }),
                        ("nodes_trueleafs", new long[] { 1 }),
                        ("nodes_falseleafs", new long[] { 1 }),
                        ("nodes_missing_value_tracks_true", new[] { missingTrue }),
                        ("membership_values", MachineLearningModels.Vector(type, convert([.. members, double.NaN]))),
                        ("leaf_targetids", new long[] { 0, 0 }),
                        ("leaf_weights", MachineLearningModels.Vector(type, convert([10, 20]))),
                        ("tree_roots", new long[] { 0 }),
                        ("n_targets", 1)),
                    Tensor.Create(convert(x), x.Length, 1))["a"]);
        }
    }

    /// <summary>Scores of ONNX Runtime 1.30 for two stumps, rows (1, -2, 3) and (0.5, 0, -1).</summary>
    [Theory]
    [InlineData("NONE", true, null, new long[] { 11, 10 }, new[] { -0.6f, 0.6f, 0.2f, -0.2f })]
    [InlineData("LOGISTIC", true, null, new long[] { 11, 10 }, new[] { 0.3543437f, 0.6456563f, 0.549834f, 0.450166f })]
    [InlineData("SOFTMAX", true, null, new long[] { 11, 10 }, new[] { -0.6f, 0.6f, 0.2f, -0.2f })]
    [InlineData("NONE", false, null, new long[] { 11, 10 }, new[] { 0.4f, 0.6f, 0.6f, 0.4f })]
    [InlineData("LOGISTIC", true, 0.25f, new long[] { 11, 11 }, new[] { 0.2994328f, 0.7005672f, 0.4875026f, 0.5124974f })]
    [InlineData("NONE", false, 0.25f, new long[] { 11, 11 }, new[] { 0.15f, 0.85f, 0.35f, 0.65f })]
    public void Two_classes_with_weights_for_one(string transform, bool negative, float? baseValue, long[] labels, float[] scores)
    {
        (string, object)[] attributes =
        [
            ("nodes_treeids", new long[] { 0, 0, 0, 1, 1, 1 }), ("nodes_nodeids", new long[] { 0, 1, 2, 0, 1, 2 }), ("nodes_featureids", new long[] { 0, 0, 0, 1, 0, 0 }),
            ("nodes_values", new[] { 0.7f, 0, 0, -1, 0, 0 }), ("nodes_modes", new[] { "BRANCH_LEQ", "LEAF", "LEAF", "BRANCH_LEQ", "LEAF", "LEAF" }),
            ("nodes_truenodeids", new long[] { 1, 0, 0, 1, 0, 0 }), ("nodes_falsenodeids", new long[] { 2, 0, 0, 2, 0, 0 }),
            ("class_treeids", new long[] { 0, 0, 1, 1 }), ("class_nodeids", new long[] { 1, 2, 1, 2 }), ("class_ids", new long[] { 0, 0, 0, 0 }),
            ("class_weights", new[] { 0.1f, 0.2f, 0.4f, negative ? -0.3f : 0.3f }), ("classlabels_int64s", new long[] { 10, 11 }), ("post_transform", transform),
        ];
        IReadOnlyDictionary<string, Tensor> results = _models.Run(
            MachineLearningModels.Build("TreeEnsembleClassifier", 1, [(DataType.Float, ["n", 3])], [(DataType.Int64, 1), (DataType.Float, 2)], baseValue is { } value ? [.. attributes, ("base_values", new[] { value })] : attributes),
            Tensor.Create([1f, -2, 3, 0.5f, 0, -1], 2, 3));
        Assert.Equal(labels, results["a"].AsSpan<long>().ToArray());
        Assert.Equal(scores, results["b"].AsSpan<float>().ToArray(), static (left, right) => Math.Abs(left - right) < 1e-6);
    }

    [Fact]
    public void Several_classes_and_labels_that_are_strings()
    {
        ForestExample forest = new ForestExample(7, 12, 4, Features, 4, ForestExample.AllModes).WithWeights(4, 3, negative: false);
        string[] labels = ["a", "b", "", "d"];
        const int rows = 33;
        float[] x = forest.Rows(rows);
        IReadOnlyDictionary<string, Tensor> results = _models.Run(
            MachineLearningModels.Build("TreeEnsembleClassifier", 3, [(DataType.Float, ["n", Features])], [(DataType.String, 1), (DataType.Float, 2)], forest.Attributes("class", ("classlabels_strings", labels), ("post_transform", "SOFTMAX"))),
            Tensor.Create(x, rows, Features));
        for (int row = 0; row < rows; row++)
        {
            var sums = new double[4];
            foreach ((int _, long target, float weight) in forest.Reached(x[(row * Features)..((row + 1) * Features)]))
            {
                sums[target] += weight;
            }

            double all = sums.Sum(Math.Exp);
            Assert.Equal(labels[Array.IndexOf(sums, sums.Max())], results["a"].Texts[row]);
            for (int index = 0; index < 4; index++)
            {
                Assert.Equal(Math.Exp(sums[index]) / all, results["b"].AsSpan<float>()[(row * 4) + index], 1e-5);
            }
        }
    }

    [Theory]
    [InlineData("nodes_truenodeids", new long[] { 0, 0, 0 }, "leads back to itself")]
    [InlineData("nodes_truenodeids", new long[] { 7, 0, 0 }, "leads to node 7, which does not exist")]
    [InlineData("nodes_nodeids", new long[] { 0, 1, 1 }, "is there twice")]
    [InlineData("nodes_featureids", new long[] { 0, 0 }, "'nodes_featureids' has 2 elements")]
    [InlineData("nodes_featureids", new long[] { 3, 0, 0 }, "feature 3 is asked for")]
    [InlineData("nodes_featureids", new long[] { -1, 0, 0 }, "asks for feature -1")]
    [InlineData("nodes_featureids", new[] { long.MaxValue, 0, 0 }, "asks for feature 9223372036854775807")]
    [InlineData("target_nodeids", new long[] { 1, 9 }, "a weight for node 9")]
    [InlineData("target_ids", new long[] { 0, 1 }, "'target_ids' has 1")]
    [InlineData("target_ids", new long[] { 0 }, "'target_nodeids' has 2 elements")]
    [InlineData("nodes_treeids", new long[] { 0, 0, 1 }, "a weight for node 2 of tree 0")]
    [InlineData("n_targets", long.MaxValue, "'n_targets' is 9223372036854775807")]
    [InlineData("n_targets", 0L, "'n_targets' is 0")]
    [InlineData("base_values", new[] { 1f, 2f }, "there are 2 base values for 1")]
    [InlineData("aggregate_function", "MEDIAN", "'aggregate_function' is 'MEDIAN'")]
    [InlineData("post_transform", "TANH", "'post_transform' is 'TANH'")]
    [InlineData("nodes_modes", new[] { "BRANCH_ALMOST", "LEAF", "LEAF" }, "'nodes_modes' has 'BRANCH_ALMOST'")]
    public void Broken_models_are_refused(string attribute, object value, string reason)
    {
        (string, object)[] attributes = [.. Stump(("nodes_values", new[] { 0.5f, 0, 0 }), ("target_weights", new[] { 1f, 2f })).Where(known => known.Name != attribute), (attribute, value)];
        string refusal = _models.Refusal(MachineLearningModels.Build("TreeEnsembleRegressor", 1, [(DataType.Float, [2, 3])], [(DataType.Float, 2)], attributes));
        Assert.Contains("TreeEnsembleRegressor", refusal);
        Assert.Contains(reason, refusal);
    }

    [Fact]
    public void A_long_way_back_is_found_and_deep_trees_need_no_stack()
    {
        // Node i leads to node i + 1 and to a leaf; the last one back to the first, or to the leaf.
        const int depth = 20_000;
        foreach (bool cycle in new[] { true, false })
        {
            long[] next = [.. Enumerable.Range(1, depth - 1).Select(static index => (long)index), cycle ? 0 : depth, 0];
            OnnxModelBuilder model = MachineLearningModels.Build(
                "TreeEnsembleRegressor",
                1,
                [(DataType.Float, [1, 1])],
                [(DataType.Float, 2)],
                ("nodes_treeids", new long[depth + 1]),
                ("nodes_nodeids", Enumerable.Range(0, depth + 1).Select(static index => (long)index).ToArray()),
                ("nodes_featureids", new long[depth + 1]),
                ("nodes_values", Enumerable.Range(0, depth + 1).Select(static index => (float)index).ToArray()),
                ("nodes_modes", Enumerable.Range(0, depth + 1).Select(static index => index == depth ? "LEAF" : "BRANCH_GT").ToArray()),
                ("nodes_truenodeids", next),
                ("nodes_falsenodeids", Enumerable.Repeat((long)depth, depth + 1).ToArray()),
                ("target_treeids", new long[1]),
                ("target_nodeids", new long[] { depth }),
                ("target_ids", new long[1]),
                ("target_weights", new[] { 3f }),
                ("n_targets", 1));
            if (cycle)
            {
                Assert.Contains("leads back to itself", _models.Refusal(model));
            }
            else
            {
                Assert.Equal([3f], _models.Run(model, Tensor.Create([1e9f], 1, 1))["a"].AsSpan<float>().ToArray());
            }
        }
    }

    [Fact]
    public void A_run_with_too_few_features_is_refused()
    {
        using CompiledModel model = _models.Load(MachineLearningModels.Build(
            "TreeEnsembleRegressor", 1, [(DataType.Float, ["n", "f"])], [(DataType.Float, 2)], Stump(("nodes_values", new[] { 0.5f, 0, 0 }), ("target_weights", new[] { 1f, 2f }), ("nodes_featureids", new long[] { 2, 0, 0 }))));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([2f], session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create([0f, 0, 1, 5], 1, 4) })["a"].AsSpan<float>().ToArray());
        Assert.Throws<DimensionOutOfBoundsException>(() => session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create([0f, 0], 1, 2) }));
    }

    /// <summary>A tree of one comparison; later attributes of a name replace earlier ones.</summary>
    private static (string Name, object Value)[] Stump(params (string Name, object Value)[] more) =>
    [
        .. new (string Name, object Value)[]
        {
            ("nodes_treeids", new long[] { 0, 0, 0 }), ("nodes_nodeids", new long[] { 0, 1, 2 }), ("nodes_featureids", new long[] { 0, 0, 0 }),
            ("nodes_modes", new[] { "BRANCH_LEQ", "LEAF", "LEAF" }), ("nodes_truenodeids", new long[] { 1, 0, 0 }), ("nodes_falsenodeids", new long[] { 2, 0, 0 }),
            ("target_treeids", new long[] { 0, 0 }), ("target_nodeids", new long[] { 1, 2 }), ("target_ids", new long[] { 0, 0 }), ("n_targets", 1),
        }.Where(known => more.All(other => other.Name != known.Name)),
        .. more,
    ];
}

using System.Runtime.CompilerServices;
using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// TreeEnsemble (version 5), TreeEnsembleRegressor and TreeEnsembleClassifier (versions 1, 3): https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html. All modes, aggregations and transforms;
/// float64 is computed in float64, integers are converted to float32, float16 is computed in float32. Sums are made in the order of the trees, as ONNX Runtime makes them. As it has them too:
/// one score alone is transformed by PROBIT only; what is no number is unequal to everything; a classifier of two classes with weights for one of them gives scores 1 - s and s (no weight
/// is negative) or -s and s; base values of two such classes are those of the second. Unlike it, TreeEnsemble's transforms are numbered as the specification says (1 SOFTMAX, 2 LOGISTIC).
/// </summary>
internal sealed class TreeEnsembleOperators : MachineLearningOperator
{
    public static readonly IReadOnlyList<Operator> All =
        [new TreeEnsembleOperators("TreeEnsemble", 5), new TreeEnsembleOperators("TreeEnsembleRegressor", 1, 3), new TreeEnsembleOperators("TreeEnsembleClassifier", 1, 3)];

    private static readonly ElementTypeSet Floats16To64 = new(
        "float16, float32 and float64", static type => type is ElementType.Float16 or ElementType.Float32 or ElementType.Float64);

    /// <summary>What inference read, for lowering: an ensemble can have a million nodes.</summary>
    private static readonly ConditionalWeakTable<Node, TreeModel> Models = new();

    private TreeEnsembleOperators(string type, params int[] versions)
    {
        Type = type;
        Versions = versions;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    private bool IsClassifier => Type == "TreeEnsembleClassifier";

    private bool IsGeneral => Type == "TreeEnsemble";

    public override void Infer(Node node, InferenceContext context)
    {
        if (IsGeneral)
        {
            Floats16To64.Require(node, 0);
            if (node.Input(0).Shape.Rank != 2)
            {
                throw new ModelException(node, $"input 0 is {node.Input(0).Type}; expected are the axes [rows, features]");
            }
        }
        else
        {
            RequireRows(node);
        }

        TreeModel model = Read(node);
        RequireFeaturesAtLeast(node, context, model.Features);
        _ = Aggregation(node);
        _ = TransformName(node);
        _ = BaseValues(node, model.Targets);
        Dimension rows = Rows(node.Input(0).Shape);
        var scores = new Shape([rows, model.Targets]);
        if (!IsClassifier)
        {
            context.SetType(node.Output, new TensorType(IsGeneral ? node.Input(0).ElementType : ElementType.Float32, scores));
            return;
        }

        if (node.OptionalOutput(0) is { } chosen)
        {
            context.SetType(chosen, new TensorType(ClassLabels.Read(node, "classlabels_int64s").ElementType, new Shape([rows])));
        }

        if (node.OptionalOutput(1) is { } results)
        {
            context.SetType(results, new TensorType(ElementType.Float32, scores));
        }
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        if (node.Input(0).ElementType != ElementType.Float16)
        {
            return TryConvertInput(node, context, Read(node).IsDouble ? ElementType.Float64 : ElementType.Float32);
        }

        // The lists have the type of the input, and become float32 with it.
        foreach (AttributeValue attribute in node.Attributes.Values.Where(static attribute => attribute.Value is InlineConstant { Type.ElementType: ElementType.Float16 }).ToArray())
        {
            var tensor = (InlineConstant)attribute.Value;
            node.SetAttribute(attribute.Name, ConstantElements.FromFloats([.. ConstantElements.ReadDoubles(tensor).Select(static value => (float)value)], tensor.Type.Shape));
        }

        Node copy = context.AddCopy(node, new Formula(context).Widen(node.Input(0)));
        context.Replace(node.Output, new Formula(context).Cast(copy.Output, ElementType.Float16));
        return true;
    }

    public override void Lower(Node node, LoweringContext context)
    {
        TreeModel model = Read(node);
        var layout = new TreeLayout(model);
        ElementType type = model.IsDouble ? ElementType.Float64 : ElementType.Float32;
        View x = context.ReadContiguous(node.Input(0));
        byte[] bytes = layout.ToBytes();
        View nodes = context.AddWeight($"{node.Name}/nodes", new WeightBytes(bytes, ElementType.UInt8, [bytes.Length]));
        View weights = Weight(context, $"{node.Name}/weights", model.LeafWeights, type);
        View? begins = layout.IsPlain ? null : Weight(context, $"{node.Name}/begins", model.LeafBegins);
        View? targets = layout.IsPlain ? null : Weight(context, $"{node.Name}/targets", model.LeafTargets);
        double[] given = BaseValues(node, model.Targets);
        View? baseValues = given.Length == 0 ? null : Weight(context, $"{node.Name}/base", given, type);
        List<View> reads = [x, nodes, weights, .. new[] { begins, targets, baseValues }.OfType<View>()];
        string Pointer(KernelWriter writer, View? view) => view is null ? "null" : writer.Pointer(view);
        string scalar = model.IsDouble ? "double" : "float";
        string Forest(KernelWriter writer) =>
            $"new TreeForest<{scalar}>({writer.Pointer(nodes)}, {model.Roots.Count}, {layout.AverageDepth}, {KernelText.Boolean(layout.HasMissing)}, {model.Targets}, {Pointer(writer, begins)}, {Pointer(writer, targets)}, {writer.Pointer(weights)}, {Pointer(writer, baseValues)}, TreeAggregation.{Aggregation(node)})";
        string Input(KernelWriter writer) => $"{writer.Pointer(x)}, {writer.Size(x.Shape[0])}, {writer.Size(x.Shape[1])}";
        string summary = $"{model.Roots.Count} trees, {model.Splits.Count} comparisons, {model.Targets} {(IsClassifier ? "classes" : "targets")}";
        if (!IsClassifier)
        {
            View results = context.Write(node.Output);
            context.Add(new Kernel("trees", node, reads, [results], writer => writer.Line(
                $"TreeEnsembles.Regress(Workers, {Forest(writer)}, {Input(writer)}, {TransformName(node)}, {writer.Pointer(results)});"))
            {
                Summary = summary,
            });
            return;
        }

        ClassLabels labels = ClassLabels.Read(node, "classlabels_int64s");
        View table = labels.Table(node, context, isDecision: true);
        View chosen = node.OptionalOutput(0) is { } first ? context.Write(first) : context.Scratch(node, ElementType.Int64, new Shape([x.Shape[0]]));
        View scores = node.OptionalOutput(1) is { } second ? context.Write(second) : context.Scratch(node, ElementType.Float32, new Shape([x.Shape[0], model.Targets]));
        bool oneClass = model.Targets == 2 && TreeAttributes.Integers(node, "class_ids").Distinct().Count() == 1;
        bool positive = TreeAttributes.Numbers(node, "class_weights")?.All(static weight => weight >= 0) ?? true;
        context.Add(new Kernel("trees", node, [.. reads, table], [chosen, scores], writer => writer.Line(
            $"TreeEnsembles.Classify(Workers, {Forest(writer)}, {Input(writer)}, {given.Length}, {KernelText.Boolean(oneClass)}, {KernelText.Boolean(positive)}, {TransformName(node)}, (long*){writer.Pointer(table)}, (long*){writer.Pointer(chosen)}, {writer.Pointer(scores)});"))
        {
            Summary = summary,
        });
    }

    private static View Weight(LoweringContext context, string name, IReadOnlyList<int> values) =>
        context.AddWeight(name, new WeightBytes(ConstantElements.FromIntegers([.. values.Select(static value => (long)value)], new TensorType(ElementType.Int32, Shape.Of(values.Count))).Data, ElementType.Int32, [values.Count]));

    private static View Weight(LoweringContext context, string name, IReadOnlyList<double> values, ElementType type) =>
        context.AddWeight(name, new WeightBytes(
            type == ElementType.Float64 ? [.. values.SelectMany(BitConverter.GetBytes)] : [.. values.SelectMany(static value => BitConverter.GetBytes((float)value))], type, [values.Count]));

    /// <summary>The model's trees, read once a node.</summary>
    private TreeModel Read(Node node)
    {
        if (!Models.TryGetValue(node, out TreeModel? model))
        {
            Models.Add(node, model = ReadAnew(node));
        }

        return model;
    }

    private TreeModel ReadAnew(Node node)
    {
        if (IsClassifier)
        {
            return TreeEnsembleReader.Read(node, "class", ClassLabels.Read(node, "classlabels_int64s").Count);
        }

        long targets = node.IntegerAttribute("n_targets", 0);
        if (targets is < 1 or > MaximumScores)
        {
            throw new ModelException(node, $"attribute 'n_targets' is {targets}; expected are 1 to {MaximumScores}");
        }

        return IsGeneral ? TreeEnsemble5Reader.Read(node, (int)targets) : TreeEnsembleReader.Read(node, "target", (int)targets);
    }

    private double[] BaseValues(Node node, int targets)
    {
        double[] values = IsGeneral ? [] : TreeAttributes.Numbers(node, "base_values") ?? [];
        bool fits = values.Length == 0 || values.Length == targets || (IsClassifier && targets == 2 && values.Length == 1);
        return fits ? values : throw new ModelException(node, $"there are {values.Length} base values for {targets} targets or classes");
    }

    private string Aggregation(Node node) => IsClassifier ? "Sum" : IsGeneral
        ? node.IntegerAttribute("aggregate_function", 1) switch
        {
            0 => "Average",
            1 => "Sum",
            2 => "Minimum",
            3 => "Maximum",
            var other => throw new ModelException(node, $"attribute 'aggregate_function' is {other}"),
        }
        : node.StringAttribute("aggregate_function", "SUM") switch
        {
            "AVERAGE" => "Average",
            "SUM" => "Sum",
            "MIN" => "Minimum",
            "MAX" => "Maximum",
            var other => throw new ModelException(node, $"attribute 'aggregate_function' is '{other}'"),
        };

    private string TransformName(Node node) => !IsGeneral ? Transform(node) : node.IntegerAttribute("post_transform", 0) switch
    {
        0 => "ScoreTransform.None",
        1 => "ScoreTransform.Softmax",
        2 => "ScoreTransform.Logistic",
        3 => "ScoreTransform.SoftmaxZero",
        4 => "ScoreTransform.Probit",
        var other => throw new ModelException(node, $"attribute 'post_transform' is {other}"),
    };
}

using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// SVMRegressor, SVMClassifier: https://onnx.ai/onnx/operators/onnx_aionnxml_SVMClassifier.html (version 1), in float32 whatever the input. Without support vectors the coefficients are those of a
/// linear model. Results lie as ONNX Runtime has them: a classifier without probabilities gives a score for each pair of classes (for two classes that and its negative), one with them a
/// probability for each class; the regressor's transform is not applied.
/// </summary>
internal sealed class SupportVectorOperators : MachineLearningOperator
{
    public static readonly IReadOnlyList<Operator> All = [new SupportVectorOperators("SVMRegressor"), new SupportVectorOperators("SVMClassifier")];

    private SupportVectorOperators(string type) => Type = type;

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [1];

    private bool IsClassifier => Type == "SVMClassifier";

    public override void Infer(Node node, InferenceContext context)
    {
        RequireRows(node);
        _ = Transform(node);
        _ = Function(node);
        if (node.FloatsAttribute("kernel_params") is { Length: not (0 or 3) } parameters)
        {
            throw new ModelException(node, $"attribute 'kernel_params' has {parameters.Length} numbers; expected are gamma, coef0 and degree");
        }

        (long vectors, long features) = IsClassifier ? CheckClassifier(node) : CheckRegressor(node);
        if (features < 1)
        {
            throw new ModelException(node, "the vectors have no elements");
        }

        _ = vectors;
        RequireFeatures(node, context, features);
        Dimension rows = Rows(node.Input(0).Shape);
        if (!IsClassifier)
        {
            context.SetType(node.Output, new TensorType(ElementType.Float32, new Shape([rows, 1])));
            return;
        }

        ClassLabels labels = ClassLabels.Read(node, "classlabels_ints");
        if (node.OptionalOutput(0) is { } chosen)
        {
            context.SetType(chosen, new TensorType(labels.ElementType, new Shape([rows])));
        }

        if (node.OptionalOutput(1) is { } scores)
        {
            context.SetType(scores, new TensorType(ElementType.Float32, new Shape([rows, Scores(node, labels.Count)])));
        }
    }

    public override bool Expand(Node node, ExpansionContext context) => TryConvertInput(node, context, ElementType.Float32);

    public override void Lower(Node node, LoweringContext context)
    {
        (long count, long features) = IsClassifier ? CheckClassifier(node) : CheckRegressor(node);
        bool linear = count == 0;
        float[] coefficients = node.FloatsAttribute("coefficients")!;
        View x = context.ReadContiguous(node.Input(0));
        View vectors = Weight(context, node, "vectors", linear ? coefficients : node.FloatsAttribute("support_vectors")!);
        float[] parameters = node.FloatsAttribute("kernel_params") is { Length: 3 } given ? given : [0, 0, 0];
        string function = linear ? "Linear" : Function(node);
        string Kernel(KernelWriter writer) =>
            $"new SupportVectorKernel(SupportVectorFunction.{function}, {string.Join(", ", parameters.Select(number => KernelText.Float(number)))}, {writer.Pointer(vectors)}, {(linear ? coefficients.Length / features : count)}, {features})";

        if (IsClassifier)
        {
            LowerClassifier(node, context, x, vectors, Kernel, linear ? null : coefficients);
            return;
        }

        View? factors = linear ? null : Weight(context, node, "coefficients", coefficients);
        View results = context.Write(node.Output);
        string rho = KernelText.Float(node.FloatsAttribute("rho")![0]);
        string oneClass = KernelText.Boolean(node.IntegerAttribute("one_class", 0) != 0);
        context.Add(new Kernel("svm", node, factors is null ? [x, vectors] : [x, vectors, factors], [results], writer => writer.Line(
            $"SupportVectorMachines.Regress(Workers, {Kernel(writer)}, {(factors is null ? "null" : writer.Pointer(factors))}, {rho}, {oneClass}, {writer.Pointer(x)}, {writer.Size(x.Shape[0])}, {writer.Pointer(results)});")));
    }

    private static void LowerClassifier(Node node, LoweringContext context, View x, View vectors, Func<KernelWriter, string> kernel, float[]? coefficients)
    {
        ClassLabels labels = ClassLabels.Read(node, "classlabels_ints");
        View table = labels.Table(node, context, isDecision: false);
        View rho = Weight(context, node, "rho", node.FloatsAttribute("rho")!);
        View? factors = coefficients is null ? null : Weight(context, node, "coefficients", coefficients);
        View? begins = coefficients is null ? null : Begins(context, node);
        float[] slopes = node.FloatsAttribute("prob_a") ?? [];
        View? prob_a = slopes.Length == 0 ? null : Weight(context, node, "prob_a", slopes);
        View? prob_b = slopes.Length == 0 ? null : Weight(context, node, "prob_b", node.FloatsAttribute("prob_b")!);
        bool positive = node.FloatsAttribute("coefficients")!.All(static value => value >= 0);
        int scores = Scores(node, labels.Count);
        View chosen = node.OptionalOutput(0) is { } first ? context.Write(first) : context.Scratch(node, ElementType.Int64, new Shape([x.Shape[0]]));
        View results = node.OptionalOutput(1) is { } second ? context.Write(second) : context.Scratch(node, ElementType.Float32, new Shape([x.Shape[0], scores]));
        List<View> reads = [x, vectors, table, rho];
        reads.AddRange(new[] { factors, begins, prob_a, prob_b }.OfType<View>());
        string Pointer(KernelWriter writer, View? view) => view is null ? "null" : writer.Pointer(view);
        context.Add(new Kernel("svm", node, reads, [chosen, results], writer => writer.Line(
            $"SupportVectorMachines.Classify(Workers, {kernel(writer)}, new SupportVectorClasses({labels.Count}, {scores}, {Transform(node)}, {KernelText.Boolean(positive)}, (long*){writer.Pointer(table)}, {Pointer(writer, begins)}, {Pointer(writer, factors)}, {writer.Pointer(rho)}, {Pointer(writer, prob_a)}, {Pointer(writer, prob_b)}), {writer.Pointer(x)}, {writer.Size(x.Shape[0])}, (long*){writer.Pointer(chosen)}, {writer.Pointer(results)});")));
    }

    /// <summary>How many scores the result has for a row.</summary>
    private static int Scores(Node node, int classes) =>
        (node.IntegersAttribute("vectors_per_class") ?? []).Sum() == 0 || node.FloatsAttribute("prob_a") is { Length: > 0 } ? classes
        : classes == 2 ? 2 : classes * (classes - 1) / 2;

    private static View Begins(LoweringContext context, Node node)
    {
        var begins = new List<long> { 0 };
        foreach (long count in node.IntegersAttribute("vectors_per_class")!)
        {
            begins.Add(begins[begins.Count - 1] + count);
        }

        return context.AddWeight($"{node.Name}/begins", new WeightBytes(ConstantElements.FromIntegers(begins).Data, ElementType.Int64, [begins.Count]));
    }

    private static View Weight(LoweringContext context, Node node, string name, float[] values) =>
        context.AddWeight($"{node.Name}/{name}", new WeightBytes(ConstantElements.FromFloats(values, Shape.Of(values.Length)).Data, ElementType.Float32, [values.Length]));

    private static string Function(Node node) => node.StringAttribute("kernel_type", "LINEAR") switch
    {
        "LINEAR" => "Linear",
        "POLY" => "Polynomial",
        "RBF" => "Radial",
        "SIGMOID" => "Sigmoid",
        var other => throw new ModelException(node, $"attribute 'kernel_type' is '{other}'"),
    };

    /// <summary>The number of support vectors (0: a linear model) and of their elements.</summary>
    private static (long Vectors, long Features) CheckRegressor(Node node)
    {
        long vectors = node.IntegerAttribute("n_supports", 0);
        int coefficients = node.FloatsAttribute("coefficients")?.Length ?? 0, elements = node.FloatsAttribute("support_vectors")?.Length ?? 0;
        if (coefficients == 0 || vectors < 0 || (node.FloatsAttribute("rho")?.Length ?? 0) == 0)
        {
            throw new ModelException(node, $"{coefficients} coefficients, {vectors} support vectors and {node.FloatsAttribute("rho")?.Length ?? 0} values of 'rho' are no model");
        }

        if (vectors > 0 && (coefficients != vectors || elements % vectors != 0))
        {
            throw new ModelException(node, $"{coefficients} coefficients and {elements} elements of vectors are not those of {vectors} support vectors");
        }

        return (vectors, vectors == 0 ? coefficients : elements / vectors);
    }

    private static (long Vectors, long Features) CheckClassifier(Node node)
    {
        int classes = ClassLabels.Read(node, "classlabels_ints").Count;
        int coefficients = node.FloatsAttribute("coefficients")?.Length ?? 0, elements = node.FloatsAttribute("support_vectors")?.Length ?? 0;
        int rho = node.FloatsAttribute("rho")?.Length ?? 0, slopes = node.FloatsAttribute("prob_a")?.Length ?? 0, offsets = node.FloatsAttribute("prob_b")?.Length ?? 0;
        long[] perClass = node.IntegersAttribute("vectors_per_class") ?? [];
        if (perClass.Any(count => count < 0 || count > elements) || slopes != offsets || classes > 65535 || coefficients == 0)
        {
            throw new ModelException(node, $"{coefficients} coefficients, [{string.Join(", ", perClass.Take(8))}] vectors a class, {slopes} values of 'prob_a' and {offsets} of 'prob_b' are no model of {classes} classes");
        }

        long vectors = perClass.Sum();
        if (vectors == 0)
        {
            return coefficients % classes == 0 && rho > 0 ? (0, coefficients / classes)
                : throw new ModelException(node, $"{coefficients} coefficients and {rho} values of 'rho' are no linear model of {classes} classes");
        }

        long pairs = (long)classes * (classes - 1) / 2;
        return classes < 2 || perClass.Length != classes || elements % vectors != 0
            ? throw new ModelException(node, $"{elements} elements of vectors and {perClass.Length} counts in 'vectors_per_class' are not those of {vectors} support vectors of {classes} classes")
            : coefficients < (classes - 1) * vectors
                ? throw new ModelException(node, $"coefficients: there are {coefficients}, and {classes} classes with {vectors} support vectors need {(classes - 1) * vectors}")
            : rho < pairs
                ? throw new ModelException(node, $"rho: there are {rho} values, and {classes} classes make {pairs} pairs")
            : slopes != 0 && slopes < pairs
                ? throw new ModelException(node, $"prob_a: there are {slopes} values, and {classes} classes make {pairs} pairs")
            : (vectors, elements / vectors);
    }
}

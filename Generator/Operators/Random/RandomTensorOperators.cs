using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// RandomUniform, RandomNormal, RandomUniformLike, RandomNormalLike, Bernoulli: https://onnx.ai/onnx/operators/onnx__RandomUniform.html and so on. Floating-point results (Bernoulli: numbers
/// and booleans), drawn by a counter-based generator: the same for the same seed, others in every run without one.
/// </summary>
internal sealed class RandomTensorOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new RandomTensorOperators("RandomUniform", [1, 22]),
        new RandomTensorOperators("RandomNormal", [1, 22]),
        new RandomTensorOperators("RandomUniformLike", [1, 22]),
        new RandomTensorOperators("RandomNormalLike", [1, 22]),
        new RandomTensorOperators("Bernoulli", [15, 22]),
    ];

    private RandomTensorOperators(string type, int[] versions)
    {
        Type = type;
        Versions = versions;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    private bool IsLike => Type.EndsWith("Like", StringComparison.Ordinal);

    public override void Infer(Node node, InferenceContext context)
    {
        if (Type == "Bernoulli")
        {
            ElementTypeSet.Floating.Require(node, 0);
        }

        bool hasInput = IsLike || Type == "Bernoulli";
        var type = (ElementType)node.IntegerAttribute("dtype", (long)(hasInput ? node.Input(0).ElementType : ElementType.Float32));
        if (!(Type == "Bernoulli" ? ElementTypeSet.NumericOrBoolean : ElementTypeSet.Floating).Contains(type))
        {
            throw new ModelException(node, $"results of type {type.OnnxName()} cannot be drawn{(node.HasAttribute("dtype") ? "" : "; attribute 'dtype' is missing")}");
        }

        context.SetType(node.Output, new TensorType(type, hasInput ? node.Input(0).Shape : StatedShape(node)));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        ElementType type = node.Output.ElementType;
        if (Type == "Bernoulli")
        {
            var formula = new Formula(context);
            Value probabilities = formula.Widen(node.Input(0));
            Value drawn = RandomOperator.Draw(context, node, probabilities.Shape, probabilities.ElementType, "Uniform", 0, 1);
            context.Replace(node.Output, formula.Cast(context.Add("Less", drawn, probabilities), type));
            return true;
        }

        bool isNormal = Type.StartsWith("RandomNormal", StringComparison.Ordinal);
        (float first, float second) = isNormal
            ? (node.FloatAttribute("mean", 0), node.FloatAttribute("scale", 1))
            : (node.FloatAttribute("low", 0), node.FloatAttribute("high", 1));
        context.Replace(node.Output, RandomOperator.Draw(context, node, node.Output.Shape, type, isNormal ? "Normal" : "Uniform", first, second));
        return true;
    }

    private static Shape StatedShape(Node node)
    {
        long[] sizes = node.IntegersAttribute("shape") ?? throw new ModelException(node, "attribute 'shape' is missing");
        return sizes.All(size => size >= 0) ? Shape.Of(sizes) : throw new ModelException(node, $"attribute 'shape' is [{string.Join(", ", sizes)}]");
    }
}

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// What operators of ONNX's domain for classical models have in common: https://onnx.ai/onnx/operators/index.html#ai-onnx-ml. Inputs are [N, C], or [C], which is one row.
/// </summary>
internal abstract class MachineLearningOperator : Operator
{
    public const string DomainName = "ai.onnx.ml";

    /// <summary>More scores than this for a row are taken for a mistake: no model has them, and memory for them would be wanted.</summary>
    public const long MaximumScores = 1 << 20;

    private static readonly ElementTypeSet Numbers = new(
        "float32, float64, int64 and int32", static type => type is ElementType.Float32 or ElementType.Float64 or ElementType.Int64 or ElementType.Int32);

    public override string Domain => DomainName;

    /// <summary>Refuses inputs that are no numbers, or neither a matrix nor a row.</summary>
    protected static void RequireRows(Node node)
    {
        RequireNumbers(node);
        if (node.Input(0).Shape.Rank is not (1 or 2))
        {
            throw new ModelException(node, $"input 0 is {node.Input(0).Type}; expected are the axes [rows, features] or [features]");
        }
    }

    protected static void RequireNumbers(Node node) => Numbers.Require(node, 0);

    /// <summary>The number of rows of an input of rank 1 or 2.</summary>
    protected static Dimension Rows(Shape shape) => shape.Rank == 1 ? Dimension.One : shape[0];

    /// <summary>The number of features of an input of rank 1 or 2.</summary>
    protected static Dimension Features(Shape shape) => shape[shape.Rank - 1];

    /// <summary>Refuses other numbers of features, now or when a run has them.</summary>
    protected static void RequireFeatures(Node node, InferenceContext context, long expected)
    {
        Dimension features = Features(node.Input(0).Shape);
        if (features.Value is { } known && known != expected)
        {
            throw new ModelException(node, $"a row of the input has {known} features, the model is made for {expected}");
        }

        if (!features.IsStatic)
        {
            context.Require(features, expected, $"features of {node}");
        }
    }

    /// <summary>Refuses fewer features, now or when a run has them.</summary>
    protected static void RequireFeaturesAtLeast(Node node, InferenceContext context, long least)
    {
        Dimension features = Features(node.Input(0).Shape);
        if (features.Value is { } known && known < least)
        {
            throw new ModelException(node, $"feature {least - 1} is asked for, and a row of the input has {known} features");
        }

        if (!features.IsStatic)
        {
            context.Require(SymbolicMath.Minimum(features, least, context.Symbols), least, $"features of {node}, of those that are asked for");
        }
    }

    /// <summary>Puts the node on a matrix of the wanted type, where the input is another; false where it is right already.</summary>
    protected static bool TryConvertInput(Node node, ExpansionContext context, ElementType type)
    {
        Value x = node.Input(0);
        if (x.ElementType == type && x.Shape.Rank == 2)
        {
            return false;
        }

        Node copy = context.AddCopy(node, Matrix(x, context, type));
        for (int index = 0; index < node.Outputs.Count; index++)
        {
            if (node.Outputs[index] is { } output)
            {
                context.Replace(output, copy.Outputs[index]!);
            }
        }

        return true;
    }

    /// <summary>A row or matrix as a matrix of the wanted type.</summary>
    protected static Value Matrix(Value x, ExpansionContext context, ElementType type)
    {
        Value converted = new Formula(context).Cast(x, type);
        return converted.Shape.Rank == 1 ? context.Add("Unsqueeze", converted, context.Integers(0)) : converted;
    }

    /// <summary>A float32 constant.</summary>
    protected static Value Floats(ExpansionContext context, string name, float[] values, params long[] shape) =>
        context.Graph.AddConstant(name, ConstantElements.FromFloats(values, shape.Length == 0 ? Shape.Of(values.Length) : Shape.Of(shape)));

    /// <summary>One of the names of <c>post_transform</c>, as the number that kernels know it by.</summary>
    protected static string Transform(Node node) => node.StringAttribute("post_transform", "NONE") switch
    {
        "NONE" => "ScoreTransform.None",
        "SOFTMAX" => "ScoreTransform.Softmax",
        "LOGISTIC" => "ScoreTransform.Logistic",
        "SOFTMAX_ZERO" => "ScoreTransform.SoftmaxZero",
        "PROBIT" => "ScoreTransform.Probit",
        var other => throw new ModelException(node, $"attribute 'post_transform' is '{other}'"),
    };
}

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Operators of ai.onnx.ml (version 1) that prepare features, element by element or along a row, written with ONNX's own: ArrayFeatureExtractor, Binarizer, FeatureVectorizer,
/// Imputer, Normalizer, Scaler: https://onnx.ai/onnx/operators/index.html#ai-onnx-ml. Where the specification is open they are as ONNX Runtime has them: the norm MAX divides by the largest
/// element and not by the largest absolute one, a vector gives ArrayFeatureExtractor a matrix of one row, and FeatureVectorizer cuts or fills rows of other sizes than stated.
/// </summary>
internal sealed class FeatureOperators : MachineLearningOperator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new FeatureOperators("ArrayFeatureExtractor", InferExtractor, ExpandExtractor),
        new FeatureOperators("Binarizer", InferBinarizer, ExpandBinarizer),
        new FeatureOperators("FeatureVectorizer", InferVectorizer, ExpandVectorizer),
        new FeatureOperators("Imputer", InferImputer, ExpandImputer),
        new FeatureOperators("Normalizer", InferNormalizer, ExpandNormalizer),
        new FeatureOperators("Scaler", InferScaler, ExpandScaler),
    ];

    private readonly Action<Node, InferenceContext> _infer;
    private readonly Func<Node, ExpansionContext, Value> _expand;

    private FeatureOperators(string type, Action<Node, InferenceContext> infer, Func<Node, ExpansionContext, Value> expand)
    {
        Type = type;
        _infer = infer;
        _expand = expand;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context) => _infer(node, context);

    public override bool Expand(Node node, ExpansionContext context)
    {
        context.Replace(node.Output, _expand(node, context));
        return true;
    }

    private static void InferExtractor(Node node, InferenceContext context)
    {
        Value x = node.Input(0), indices = node.Input(1);
        if (x.Shape.Rank == 0)
        {
            throw new ModelException(node, "input 0 is one number, of which no elements can be taken");
        }

        if (indices.ElementType != ElementType.Int64)
        {
            throw new ModelException(node, $"the indices are {indices.Type}; expected are int64");
        }

        Dimension count = indices.Shape.ElementCount;
        if (count.Value == 0)
        {
            throw new ModelException(node, "there are no indices");
        }

        if (indices.Elements is { } known && known.FirstOrDefault(index => index.Value is { } value && (value < 0 || value >= x.Shape[x.Shape.Rank - 1].Value)) is { } outside)
        {
            throw new ModelException(node, $"index {outside} is not among the {x.Shape[x.Shape.Rank - 1]} elements of the last axis");
        }

        context.SetType(node.Output, new TensorType(x.ElementType, new Shape(x.Shape.Rank == 1 ? [1, count] : [.. x.Shape.Take(x.Shape.Rank - 1), count])));
    }

    private static Value ExpandExtractor(Node node, ExpansionContext context)
    {
        Value x = node.Input(0);
        Value matrix = x.Shape.Rank == 1 ? context.Add("Unsqueeze", x, context.Integers(0)) : x;
        Value indices = node.Input(1).Shape.Rank == 1 ? node.Input(1) : context.Add("Reshape", node.Input(1), context.Integers(-1));
        return context.Add("Gather", [("axis", -1L)], matrix, indices);
    }

    private static void InferBinarizer(Node node, InferenceContext context)
    {
        RequireNumbers(node);
        context.SetType(node.Output, node.Input(0).RequiredType);
    }

    private static Value ExpandBinarizer(Node node, ExpansionContext context)
    {
        Value x = node.Input(0);
        double threshold = node.FloatAttribute("threshold", 0);
        if (x.ElementType.IsInteger())
        {
            // Integers are above a number where they are above the largest integer that is not: exact for all of them.
            threshold = Math.Floor(threshold);
            bool int32 = x.ElementType == ElementType.Int32;
            if (double.IsNaN(threshold) || threshold >= (int32 ? int.MaxValue : 9.2233720368547758E+18))
            {
                return context.Add("Mul", x, context.Literal(0, x.ElementType));
            }

            threshold = Math.Max(threshold, int32 ? int.MinValue : long.MinValue);
        }

        return new Formula(context).Cast(context.Add("Greater", x, context.Literal(threshold, x.ElementType)), x.ElementType);
    }

    private static void InferVectorizer(Node node, InferenceContext context)
    {
        long[] sizes = VectorSizes(node);
        for (int index = 0; index < node.Inputs.Count; index++)
        {
            Value x = node.Input(index);
            if (x.Shape.Rank is 0 or > 2 || x.ElementType != node.Input(0).ElementType || (Rows(x.Shape) - Rows(node.Input(0).Shape)).Value is not (null or 0))
            {
                throw new ModelException(node, $"input {index} is {x.Type}; expected are rows as input 0 ({node.Input(0).Type}) has them");
            }

            if (Features(x.Shape).Value is null)
            {
                context.Require(Features(x.Shape), sizes[index], $"features of input {index} of {node}");
            }
        }

        RequireNumbers(node);
        context.SetType(node.Output, new TensorType(ElementType.Float32, new Shape([Rows(node.Input(0).Shape), sizes.Sum()])));
    }

    /// <summary>The sizes of the parts of a row: stated, or those of the inputs.</summary>
    private static long[] VectorSizes(Node node)
    {
        long[] sizes = node.IntegersAttribute("inputdimensions")
            ?? [.. node.Inputs.Select((input, index) => Features(node.Input(index).Shape).Value ?? throw new ModelException(node, "attribute 'inputdimensions' is missing"))];
        if (sizes.Length != node.Inputs.Count || sizes.Any(static size => size < 0 || size > MaximumScores))
        {
            throw new ModelException(node, $"attribute 'inputdimensions' [{string.Join(", ", sizes.Take(8))}] does not state the sizes of {node.Inputs.Count} inputs");
        }

        return sizes;
    }

    private static Value ExpandVectorizer(Node node, ExpansionContext context)
    {
        long[] sizes = VectorSizes(node);
        var parts = new List<Value>();
        for (int index = 0; index < sizes.Length; index++)
        {
            Value part = Matrix(node.Input(index), context, ElementType.Float32);
            long there = part.Shape[1].Value ?? sizes[index];
            if (there > sizes[index])
            {
                part = context.Add("Slice", part, context.Integers(0), context.Integers(sizes[index]), context.Integers(1));
            }
            else if (there < sizes[index])
            {
                part = context.Add("Pad", part, context.Integers(0, 0, 0, sizes[index] - there));
            }

            parts.Add(part);
        }

        return parts is [var only] ? only : context.Add("Concat", [("axis", 1L)], [.. parts]);
    }

    private static void InferImputer(Node node, InferenceContext context)
    {
        RequireNumbers(node);
        Shape shape = node.Input(0).Shape;
        bool floats = node.Input(0).ElementType.IsFloat();
        string wanted = floats ? "imputed_value_floats" : "imputed_value_int64s", other = floats ? "imputed_value_int64s" : "imputed_value_floats";
        int count = (floats ? node.FloatsAttribute(wanted)?.Length : node.IntegersAttribute(wanted)?.Length) ?? 0;
        int others = (floats ? node.IntegersAttribute(other)?.Length : node.FloatsAttribute(other)?.Length) ?? 0;
        if (count == 0 || others != 0)
        {
            throw new ModelException(node, $"elements of type {node.Input(0).ElementType.OnnxName()} are replaced by those of '{wanted}', of which there are {count}, and not by those of '{other}', of which there are {others}");
        }

        if (count != 1)
        {
            if (shape.Rank == 0)
            {
                throw new ModelException(node, "input 0 has no features");
            }

            RequireFeatures(node, context, count);
        }

        context.SetType(node.Output, node.Input(0).RequiredType);
    }

    private static Value ExpandImputer(Node node, ExpansionContext context)
    {
        Value x = node.Input(0);
        var formula = new Formula(context);
        if (!x.ElementType.IsFloat())
        {
            long[] integers = node.IntegersAttribute("imputed_value_int64s")!;
            Value whole = formula.Cast(context.Graph.AddConstant("imputed", ConstantElements.FromIntegers(integers)), x.ElementType);
            Value replaced = context.Graph.AddConstant("replaced", ConstantElements.FromIntegers([node.IntegerAttribute("replaced_value_int64", 0)], new TensorType(ElementType.Int64, Shape.Scalar)));
            return formula.Where(context.Add("Equal", formula.Cast(x, ElementType.Int64), replaced), whole, x);
        }

        Value values = formula.Cast(Floats(context, "imputed", node.FloatsAttribute("imputed_value_floats")!), x.ElementType);
        float from = node.FloatAttribute("replaced_value_float", 0);
        Value isReplaced = float.IsNaN(from) ? context.Add("IsNaN", x) : context.Add("Equal", x, context.Literal(from, x.ElementType));
        return formula.Where(isReplaced, values, x);
    }

    private static void InferNormalizer(Node node, InferenceContext context)
    {
        RequireRows(node);
        _ = Norm(node);
        context.SetType(node.Output, new TensorType(ElementType.Float32, node.Input(0).Shape));
    }

    private static string Norm(Node node) => node.StringAttribute("norm", "MAX") is "MAX" or "L1" or "L2" ? node.StringAttribute("norm", "MAX")
        : throw new ModelException(node, $"attribute 'norm' is '{node.StringAttribute("norm", "")}'");

    private static Value ExpandNormalizer(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value x = formula.Cast(node.Input(0), ElementType.Float32);
        int[] axis = [x.Shape.Rank - 1];
        Value divisor = Norm(node) switch
        {
            "MAX" => formula.Reduce("ReduceMax", x, axis),
            "L1" => formula.Sum(formula.Apply("Abs", x), axis),
            _ => formula.Apply("Sqrt", formula.Sum(formula.Multiply(x, x), axis)),
        };
        Value isZero = context.Add("Equal", divisor, formula.Number(0, divisor));
        return formula.Divide(x, formula.Where(isZero, formula.Number(1, divisor), divisor));
    }

    private static void InferScaler(Node node, InferenceContext context)
    {
        RequireNumbers(node);
        int scales = node.FloatsAttribute("scale")?.Length ?? 0, offsets = node.FloatsAttribute("offset")?.Length ?? 0;
        if (scales == 0 || scales != offsets)
        {
            throw new ModelException(node, $"attribute 'scale' has {scales} numbers and attribute 'offset' {offsets}; expected are as many of both, one or one a feature");
        }

        if (node.Input(0).Shape.Rank == 0)
        {
            throw new ModelException(node, "input 0 has no features");
        }

        if (scales != 1)
        {
            RequireFeatures(node, context, scales);
        }

        context.SetType(node.Output, new TensorType(ElementType.Float32, node.Input(0).Shape));
    }

    private static Value ExpandScaler(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        ElementType type = node.Input(0).ElementType == ElementType.Float64 ? ElementType.Float64 : ElementType.Float32;
        Value x = formula.Cast(node.Input(0), type);
        Value offset = formula.Cast(Floats(context, "offset", node.FloatsAttribute("offset")!), type);
        Value scale = formula.Cast(Floats(context, "scale", node.FloatsAttribute("scale")!), type);
        return formula.Cast(formula.Multiply(formula.Subtract(x, offset), scale), ElementType.Float32);
    }
}

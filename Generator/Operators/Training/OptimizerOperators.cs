using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Adagrad, Adam and Momentum of ai.onnx.preview.training: https://onnx.ai/onnx/operators/onnx_aionnxpreviewtraining_Adam.html and so on; float and double. One step of an optimiser over several tensors, written as
/// arithmetic: inputs are the learning rate, the number of updates, all tensors, all gradients and, for each kind of accumulated value, those of all tensors.
/// </summary>
internal sealed class OptimizerOperators : Operator
{
    public const string TrainingDomain = "ai.onnx.preview.training";

    public static readonly IReadOnlyList<Operator> All = [new OptimizerOperators("Adagrad", 1), new OptimizerOperators("Adam", 2), new OptimizerOperators("Momentum", 1)];

    private readonly int _accumulated;

    private OptimizerOperators(string type, int accumulated)
    {
        Type = type;
        _accumulated = accumulated;
    }

    public override string Domain => TrainingDomain;

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        int kinds = 2 + _accumulated, tensors = (node.Inputs.Count - 2) / kinds;
        if (tensors < 1 || node.Inputs.Count != 2 + (tensors * kinds) || node.Outputs.Count > tensors * (1 + _accumulated))
        {
            throw new ModelException(node, $"{node.Inputs.Count} inputs and {node.Outputs.Count} outputs: after rate and count come {kinds} inputs a tensor, and {1 + _accumulated} outputs");
        }

        for (int input = 0; input < node.Inputs.Count; input++)
        {
            Value value = node.Input(input);
            ElementType type = value.ElementType;
            if (input == 1 ? type != ElementType.Int64 : type is not (ElementType.Float32 or ElementType.Float64))
            {
                throw new ModelException(node, $"input {input} is {value.Type}; the number of updates must be int64, all others float or double");
            }

            Value first = node.Input(input < 2 ? input : 2 + ((input - 2) % tensors));
            if (input < 2 ? value.Shape.ElementCount.Value != 1 : type != first.ElementType || value.Shape.Rank != first.Shape.Rank || value.Shape.Zip(first.Shape, (size, other) => (size - other).Value ?? 0).Any(difference => difference != 0))
            {
                throw new ModelException(node, $"input {input} is {value.Type} and must be {(input < 2 ? "one number" : first.Type)}");
            }
        }

        Mode(node);
        for (int output = 0; output < node.Outputs.Count; output++)
        {
            if (node.Outputs[output] is { } value)
            {
                context.SetType(value, node.Input(2 + (output % tensors)).RequiredType);
            }
        }
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        int tensors = (node.Inputs.Count - 2) / (2 + _accumulated);
        for (int index = 0; index < tensors; index++)
        {
            Value[] inputs = [.. Enumerable.Range(0, 2 + _accumulated).Select(kind => node.Input(2 + (kind * tensors) + index))];
            Value x = inputs[0];
            Value gradient = formula.Add(Scaled(formula, x, node.FloatAttribute("norm_coefficient", 0)), inputs[1]);
            Value[] results = Type switch
            {
                "Adagrad" => Adagrad(node, context, x, gradient, inputs[2]),
                "Adam" => Adam(node, context, x, gradient, inputs[2], inputs[3]),
                _ => Momentum(node, context, x, gradient, inputs[2]),
            };
            for (int kind = 0; kind < results.Length; kind++)
            {
                context.Replace(node.OptionalOutput((kind * tensors) + index), results[kind]);
            }
        }

        return true;
    }

    private static Value[] Adagrad(Node node, ExpansionContext context, Value x, Value gradient, Value squares)
    {
        var formula = new Formula(context);
        Value count = Count(node, context);
        Value decay = formula.Add(formula.Multiply(count, context.Literal(node.FloatAttribute("decay_factor", 0), ElementType.Float64)), formula.Number(1, count));
        Value rate = formula.Cast(formula.Divide(Rate(node, context), decay), x.ElementType);
        Value newSquares = formula.Add(squares, formula.Multiply(gradient, gradient));
        Value scale = formula.Add(formula.Apply("Sqrt", newSquares), formula.Number(node.FloatAttribute("epsilon", 1e-6f), x));
        return [formula.Subtract(x, formula.Divide(formula.Multiply(rate, gradient), scale)), newSquares];
    }

    private static Value[] Adam(Node node, ExpansionContext context, Value x, Value gradient, Value momentum, Value squares)
    {
        var formula = new Formula(context);
        float alpha = node.FloatAttribute("alpha", 0.9f), beta = node.FloatAttribute("beta", 0.999f);
        Value newMomentum = formula.Add(Scaled(formula, momentum, alpha), Scaled(formula, gradient, 1 - (double)alpha));
        Value newSquares = formula.Add(Scaled(formula, squares, beta), Scaled(formula, formula.Multiply(gradient, gradient), 1 - (double)beta));
        Value scale = formula.Add(formula.Apply("Sqrt", newSquares), formula.Number(node.FloatAttribute("epsilon", 1e-6f), x));

        // The first updates are corrected for averages that began with zeros.
        Value count = Count(node, context), one = context.Literal(1, ElementType.Float64), rate = Rate(node, context);
        Value Missing(float factor) => formula.Subtract(one, context.Add("Pow", context.Literal(factor, ElementType.Float64), count));
        Value corrected = formula.Divide(formula.Multiply(rate, formula.Apply("Sqrt", Missing(beta))), Missing(alpha));
        Value adjusted = formula.Cast(formula.Where(context.Add("Greater", count, context.Literal(0, ElementType.Float64)), corrected, rate), x.ElementType);
        Value result = formula.Subtract(x, formula.Divide(formula.Multiply(adjusted, newMomentum), scale));
        return [Scaled(formula, result, 1 - (double)node.FloatAttribute("norm_coefficient_post", 0)), newMomentum, newSquares];
    }

    private static Value[] Momentum(Node node, ExpansionContext context, Value x, Value gradient, Value momentum)
    {
        var formula = new Formula(context);
        Value isLater = context.Add("Greater", Count(node, context), context.Literal(0, ElementType.Float64));
        Value beta = formula.Where(isLater, formula.Number(Required(node, "beta"), x), formula.Number(1, x));
        Value rate = formula.Cast(Rate(node, context), x.ElementType);
        Value newMomentum = formula.Add(Scaled(formula, momentum, Required(node, "alpha")), formula.Multiply(beta, gradient));
        Value direction = Mode(node) == "nesterov" ? formula.Add(gradient, Scaled(formula, newMomentum, Required(node, "alpha"))) : newMomentum;
        return [formula.Subtract(x, formula.Multiply(rate, direction)), newMomentum];
    }

    /// <summary>The learning rate in float64, as a scalar.</summary>
    private static Value Rate(Node node, ExpansionContext context) => new Formula(context).Cast(Scalar(node.Input(0), context), ElementType.Float64);

    /// <summary>The number of updates in float64, as a scalar.</summary>
    private static Value Count(Node node, ExpansionContext context) => new Formula(context).Cast(Scalar(node.Input(1), context), ElementType.Float64);

    private static Value Scalar(Value value, ExpansionContext context) => new Formula(context).Reshape(value, []);

    private static Value Scaled(Formula formula, Value x, double factor) => factor == 1 ? x : formula.Multiply(x, formula.Number(factor, x));

    private static float Required(Node node, string attribute) =>
        node.HasAttribute(attribute) ? node.FloatAttribute(attribute, 0) : throw new ModelException(node, $"attribute '{attribute}' is missing");

    private static string Mode(Node node)
    {
        if (node.Type != "Momentum")
        {
            return "";
        }

        Required(node, "alpha");
        Required(node, "beta");
        Required(node, "norm_coefficient");
        string mode = node.StringAttribute("mode", "");
        return mode is "standard" or "nesterov" ? mode : throw new ModelException(node, $"attribute 'mode' is '{mode}' and must be standard or nesterov");
    }
}

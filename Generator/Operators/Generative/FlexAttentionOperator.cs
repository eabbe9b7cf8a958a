using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// FlexAttention of ai.onnx.preview, version 1: https://onnx.ai/onnx/operators/onnx_aionnxpreview_FlexAttention.html. Query [batch, heads, queries, size], key [batch, key heads, keys, size] and value
/// [batch, key heads, keys, value size] of one floating-point type; <c>scale</c>, 1/√size by default; <c>softmax_precision</c>, float32 or wider by default; the graphs <c>score_mod</c> and
/// <c>prob_mod</c>, each from one tensor [batch, heads, queries, keys] of that precision to another, of what the model around them computes too.
/// <para>Becomes products, a softmax and the nodes of its graphs, in the operands' type up to the scores and in the softmax's from there on. Recognition then makes the canonical attention of
/// them as of any spelling: causal masks, windows, soft caps and biases that a modification spells take no memory of the scores' size, and what else is pointwise, before or behind the softmax,
/// becomes code in the kernel.</para>
/// </summary>
internal sealed class FlexAttentionOperator : Operator
{
    public const string PreviewDomain = "ai.onnx.preview";

    private const string ScoreModification = "score_mod";
    private const string ProbabilityModification = "prob_mod";

    public static readonly IReadOnlyList<Operator> All = [new FlexAttentionOperator()];

    public override string Domain => PreviewDomain;

    public override string Type => "FlexAttention";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        Shape query = Operand(node, 0), key = Operand(node, 1), value = Operand(node, 2);
        Require(node, query[0], key[0], "rows of the batch of queries and keys");
        Require(node, key[0], value[0], "rows of the batch of keys and values");
        Require(node, key[1], value[1], "heads of keys and values");
        Require(node, key[2], value[2], "keys and values");
        Require(node, query[3], key[3], "elements of queries and keys");
        _ = Repetitions(node, query[1], key[1]);
        var scores = new TensorType(Precision(node), new Shape([query[0], query[1], query[2], key[2]]));
        foreach (string name in new[] { ScoreModification, ProbabilityModification })
        {
            if (node.HasAttribute(name))
            {
                Begin(node, name, scores);
            }
        }

        if (context.InferBodies(node))
        {
            foreach (Graph body in node.Bodies)
            {
                CheckResult(node, body, scores);
            }
        }

        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, new Shape([query[0], query[1], query[2], value[3]])));
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        ElementType type = node.Input(0).ElementType;
        ElementType precision = Precision(node);
        Shape query = node.Input(0).Shape;
        Dimension repetitions = Repetitions(node, query[1], node.Input(1).Shape[1]);
        Value key = RepeatHeads(node.Input(1), query[1], repetitions, context, formula);
        Value value = RepeatHeads(formula.Cast(node.Input(2), precision), query[1], repetitions, context, formula);
        float scale = node.FloatAttribute("scale", 1);
        Value scores;
        if (node.HasAttribute("scale") && !(scale >= 0))
        {
            // Its root, which the operands share otherwise, does not exist.
            Value products = context.Add("MatMul", node.Input(0), formula.Transpose(key, 0, 1, 3, 2));
            scores = formula.Multiply(products, formula.Number(scale, products));
        }
        else
        {
            Value root = Root(node, formula, context);
            scores = context.Add("MatMul", formula.Multiply(node.Input(0), root), formula.Transpose(formula.Multiply(key, root), 0, 1, 3, 2));
        }

        scores = Modify(node, ScoreModification, formula.Cast(scores, precision), context);
        Value probabilities = Modify(node, ProbabilityModification, context.Add("Softmax", [("axis", 3L)], scores), context);
        Value result = context.Add("MatMul", probabilities, value);
        context.Replace(node.Output, formula.Cast(result, type));
        return true;
    }

    private static Shape Operand(Node node, int input)
    {
        ElementTypeSet.Floating.Require(node, input);
        ElementTypeSet.RequireEqual(node, 0, input);
        return node.Input(input).Shape is { Rank: 4 } shape ? shape : throw new ModelException(node, $"input {input} has the shape {node.Input(input).Shape} and must have four axes");
    }

    private static void Require(Node node, Dimension left, Dimension right, string what)
    {
        if ((left - right).Value is { } difference && difference != 0)
        {
            throw new ModelException(node, $"the {what} are {left} and {right} and must be as many");
        }
    }

    /// <summary>How many heads of queries share one of keys and values.</summary>
    private static Dimension Repetitions(Node node, Dimension queryHeads, Dimension keyHeads)
    {
        if (queryHeads == keyHeads)
        {
            return Dimension.One;
        }

        return queryHeads.Value is not { } queries || keyHeads.Value is not { } keys
            ? throw ModelException.Unsupported(node, $"{queryHeads} heads of queries and {keyHeads} of keys, of which neither number is known")
            : keys > 0 && queries % keys == 0
            ? queries / keys
            : throw new ModelException(node, $"{queries} heads of queries cannot share {keys} heads of keys evenly");
    }

    /// <summary>What the softmax and the modifications are computed in.</summary>
    private static ElementType Precision(Node node)
    {
        long asked = node.IntegerAttribute("softmax_precision", (long)(node.Input(0).ElementType == ElementType.Float64 ? ElementType.Float64 : ElementType.Float32));
        return (ElementType)asked is var type && type is ElementType.Float32 or ElementType.Float64 or ElementType.Float16 or ElementType.BFloat16
            ? type
            : throw new ModelException(node, $"attribute 'softmax_precision' is {asked}, which is no floating-point type");
    }

    /// <summary>Gives the input of a modification its type, after checking what the model declares.</summary>
    private static void Begin(Node node, string name, TensorType scores)
    {
        Graph body = node.GraphAttribute(name)!;
        if (body.Inputs.Count != 1 || body.Outputs.Count != 1)
        {
            throw new ModelException(node, $"the graph '{name}' has {body.Inputs.Count} inputs and {body.Outputs.Count} outputs; it must have one of each");
        }

        foreach (TensorType? declared in new[] { body.Inputs[0].DeclaredType, body.Outputs[0].DeclaredType })
        {
            if (declared is not null && (declared.ElementType != scores.ElementType || declared.Rank != scores.Rank))
            {
                throw new ModelException(node, $"the graph '{name}' declares {declared} for scores that are {scores}");
            }
        }

        body.Inputs[0].Type = scores;
    }

    private static void CheckResult(Node node, Graph body, TensorType scores)
    {
        if (body.Outputs[0].Type is not { } type)
        {
            return;
        }

        if (type.ElementType != scores.ElementType || type.Rank != scores.Rank || Enumerable.Range(0, scores.Rank).Any(axis => (type.Shape[axis] - scores.Shape[axis]).Value is not (null or 0)))
        {
            throw new ModelException(node, $"the graph '{body.Name}' makes {type} of {scores}; shape and type must stay");
        }
    }

    /// <summary>√scale in the operands' type: both operands are multiplied by it, so that products of 16 bits do not overflow.</summary>
    private static Value Root(Node node, Formula formula, ExpansionContext context)
    {
        ElementType type = node.Input(0).ElementType;
        Dimension size = node.Input(0).Shape[3];
        if (node.HasAttribute("scale") || size.IsStatic)
        {
            float scale = node.HasAttribute("scale") ? node.FloatAttribute("scale", 1) : (float)(1 / Math.Sqrt(size.Constant));
            return context.Literal((float)Math.Sqrt(scale), type);
        }

        Value root = formula.Apply("Sqrt", formula.Cast(context.Size(size), ElementType.Float32));
        return formula.Cast(formula.Apply("Sqrt", formula.Apply("Reciprocal", root)), type);
    }

    /// <summary>Keys or values with each head as often as queries share it.</summary>
    private static Value RepeatHeads(Value operand, Dimension heads, Dimension repetitions, ExpansionContext context, Formula formula)
    {
        if (repetitions == Dimension.One)
        {
            return operand;
        }

        Shape shape = operand.Shape;
        Value apart = context.Add("Unsqueeze", operand, context.Integers(2));
        Value repeated = context.Add("Expand", apart, context.Sizes(shape[0], shape[1], repetitions, shape[2], shape[3]));
        return context.Reshape(repeated, shape[0], heads, shape[2], shape[3]);
    }

    /// <summary>Puts the nodes of a modification behind what it modifies; returns what it makes of it.</summary>
    private static Value Modify(Node node, string name, Value input, ExpansionContext context)
    {
        if (node.GraphAttribute(name) is not { } body)
        {
            return input;
        }

        Graph graph = context.Graph;
        graph.Nodes.InsertRange(graph.Nodes.IndexOf(node), body.Nodes);
        body.Nodes.Clear();
        graph.ReplaceUses(body.Inputs[0], input);
        foreach (SizeRequirement requirement in body.Requirements)
        {
            graph.Require(requirement);
        }

        return body.Outputs[0];
    }
}

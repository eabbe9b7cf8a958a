using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// LongformerAttention of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.LongformerAttention. Input [batch, sequence, width], weights and bias of
/// query, key and value side by side, a mask that is added to the scores of each key [batch, sequence], weights and bias of global tokens, flags of global tokens. A token sees those up to
/// <c>window</c> before and behind it and all global ones; a global token sees all, with weights of its own. float32 and float16; computed in float32.
/// <para>Two attentions, the window and the global keys as code in the kernel of the first.</para>
/// </summary>
internal static class LongformerAttentionOperator
{
    public static readonly IReadOnlyList<Operator> All = [new ComposedOperator("LongformerAttention", Infer, Write)];

    private static TensorType[] Infer(Node node)
    {
        Value x = node.Input(0);
        long heads = node.IntegerAttribute("num_heads", 0), window = node.IntegerAttribute("window", 0);
        if (x.ElementType is not (ElementType.Float32 or ElementType.Float16) || x.Shape.Rank != 3 || x.Shape[2].Value is not { } width || heads < 1 || window < 1 || width % heads != 0)
        {
            throw new ModelException(node, $"an input {x.Type} does not fit {heads} heads and a window of {window}; needed are float32 or float16 [batch, sequence, width]");
        }

        if (x.Shape[1].Value is { } length && length % (2 * window) != 0)
        {
            throw new ModelException(node, $"a sequence of {length} tokens, which must be a multiple of two windows of {window}");
        }

        Shape[] expected = [new([width, 3 * width]), new([3 * width]), new([x.Shape[0], x.Shape[1]]), new([width, 3 * width]), new([3 * width]), new([x.Shape[0], x.Shape[1]])];
        for (int input = 1; input < 7; input++)
        {
            Shape actual = node.Input(input).Shape, needed = expected[input - 1];
            if (node.Input(input).ElementType != (input == 6 ? ElementType.Int32 : x.ElementType) || actual.Rank != needed.Rank
                || Enumerable.Range(0, needed.Rank).Any(axis => (actual[axis] - needed[axis]).Value is not (null or 0)))
            {
                throw new ModelException(node, $"input {input} is {node.Input(input).Type} and must be {(input == 6 ? "int32" : x.ElementType.OnnxName())} {needed}");
            }
        }

        return [x.RequiredType];
    }

    private static Value[] Write(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value x = formula.Widen(node.Input(0));
        Value OfKeys(Value value) => context.Add("Unsqueeze", formula.Cast(value, ElementType.Float32), context.Integers(1, 2));
        Value mask = OfKeys(node.Input(3)), flags = OfKeys(node.Input(6));
        Value local = Attention(node, x, 1, new AttentionModification(Window(node.IntegerAttribute("window", 1))), [mask, flags], null, context);
        Value global = Attention(node, x, 4, null, [], mask, context);
        Value isGlobal = context.Add("Unsqueeze", context.Add("Greater", node.Input(6), context.Literal(0, ElementType.Int32)), context.Integers(2));
        return [formula.Cast(formula.Where(isGlobal, global, local), node.Output.ElementType)];
    }

    private static Value Attention(Node node, Value x, int weights, AttentionModification? modification, IReadOnlyList<Value> tensors, Value? mask, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value projected = formula.Add(context.Add("MatMul", x, formula.Widen(node.Input(weights))), formula.Widen(node.Input(weights + 1)));
        context.AddWithOutputs("Split", [("axis", 2L), ("num_outputs", 3L)], [projected], 3, out Node parts);
        long heads = node.IntegerAttribute("num_heads", 0);
        return new AttentionBuilder(parts.Outputs[0]!, parts.Outputs[1]!, parts.Outputs[2]!)
        {
            Mask = mask,
            QueryHeads = heads,
            KeyHeads = heads,
            Modification = modification,
            ModificationTensors = tensors,
        }.Add(context).Output;
    }

    /// <summary>The score with its key's mask where the key is near or global.</summary>
    private static Expression Window(long window)
    {
        Expression Input(int index) => new InputExpression(index, ElementType.Float32);
        (Expression score, Expression query, Expression key) = (Input(0), Input(3), Input(4));
        (Expression mask, Expression flag) = (Input(AttentionModification.FirstTensor), Input(AttentionModification.FirstTensor + 1));
        Expression isNear = Expression.Apply(ElementOperation.LessOrEqual, Expression.Apply(ElementOperation.Absolute, key - query), Expression.Constant(window, ElementType.Float32));
        Expression isGlobal = Expression.Apply(ElementOperation.Greater, flag, Expression.Constant(0, ElementType.Float32));
        return Expression.Select(Expression.Apply(ElementOperation.Or, isNear, isGlobal), score + mask, Expression.Constant(double.NegativeInfinity, ElementType.Float32));
    }
}

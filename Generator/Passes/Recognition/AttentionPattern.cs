using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// Attention spelled with products of matrices and a softmax becomes the canonical node.
/// <para>Before: <c>s = MatMul(q, Transpose(k)); m = Add(Div(s, 8), mask); p = Softmax(m); y = MatMul(p, v)</c>, with whatever exporters put between.
/// After: <c>y = cameo.Attention(q, k, v, mask)</c>.</para>
/// Scales may stand at either operand or behind the product; masks may be added or put in the scores' place (<see cref="AttentionMask"/>); keys and values may repeat heads and
/// may be the concatenation of a past and new ones (<see cref="AttentionOperand"/>), which then is an output of the node.
/// </summary>
internal sealed class AttentionPattern : Pattern
{
    public override string Name => PatternNames.Attention;

    public override bool IsAnchor(Node node) => node is { Type: "Softmax", Domain: "" };

    public override void Rewrite(Node node, RecognitionContext context)
    {
        if (ScoreChain.Find(node.Input(0)) is not { } scores)
        {
            // A score is changed in a way of its own.
            if (ScoreModification.TryRewrite(node, context) is { Length: > 0 } obstacle && (node.Output.Consumers.Any(ScoreChain.IsProduct) || IsFlexible(node)))
            {
                context.Miss(PatternNames.Attention, node, obstacle);
            }

            return;
        }

        if (!IsComputedFromInputs(scores.Product.Input(1)))
        {
            return;
        }

        ProbabilityChain? probabilities = ProbabilityChain.Follow(node, context.Graph, out string reason);
        if (probabilities is null)
        {
            // A softmax over a product is an attention only if something is weighed with it, or the model says so.
            if (node.Output.Consumers.Any(ScoreChain.IsProduct) || IsFlexible(node))
            {
                context.Miss(PatternNames.Attention, node, reason);
            }

            return;
        }

        SizeAgreement.Settle(scores, probabilities, context);
        reason = AttentionMatch.TryRewrite(node, scores, probabilities, context);
        if (reason.Length > 0 && ScoreModification.TryRewrite(node, context).Length > 0)
        {
            context.Miss(PatternNames.Attention, node, reason);
        }
    }

    /// <summary>Whether a softmax is that of a FlexAttention, which is an attention however it is modified.</summary>
    private static bool IsFlexible(Node softmax) => softmax.Origins.Any(origin => origin.StartsWith($"{FlexAttentionOperator.PreviewDomain}.FlexAttention ", StringComparison.Ordinal));

    /// <summary>Products with weights are layers, whatever follows them.</summary>
    public static bool IsComputedFromInputs(Value value)
    {
        var seen = new HashSet<Value> { value };
        var pending = new Stack<Value>(seen);
        while (pending.Count > 0)
        {
            Value current = pending.Pop();
            if (current.IsKnown)
            {
                continue;
            }

            if (current.Producer is not { } producer)
            {
                return true;
            }

            foreach (Value? input in producer.Inputs)
            {
                if (input is not null && seen.Add(input))
                {
                    pending.Push(input);
                }
            }
        }

        return false;
    }
}

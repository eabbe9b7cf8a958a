using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// Activation functions made of arithmetic around one function that is none: erf, tanh, sigmoid, clip. What goes into that function and what is made of its result
/// are compared as polynomials, so that no order of operands and no place of a constant matters.
/// </summary>
internal abstract class ActivationPattern : Pattern
{
    private const int MaximumSteps = 24;

    /// <summary>What the node may be part of if its argument is this polynomial in the input x; the best first.</summary>
    protected abstract IEnumerable<ActivationForm> Interpret(Node node, Polynomial argument, double tolerance);

    /// <summary>Why the node is no such function, and which it resembles; null where it does not even resemble one.</summary>
    protected abstract (string Pattern, string Reason)? Explain(Node node, RecognitionContext context);

    public override void Rewrite(Node node, RecognitionContext context)
    {
        foreach (Value x in Arguments(node.Input(0)))
        {
            double tolerance = Matching.LiteralTolerance(Matching.Narrowest(x).ElementType);
            if (Polynomial.Of(node.Input(0), x) is not { } argument)
            {
                continue;
            }

            foreach (ActivationForm form in Interpret(node, argument, tolerance))
            {
                if (TryRewrite(node, x, form, tolerance, context))
                {
                    return;
                }
            }
        }

        if (Explain(node, context) is { } miss)
        {
            context.Miss(miss.Pattern, node, miss.Reason);
        }
    }

    /// <summary>Values that the argument may be computed from, the nearest first.</summary>
    protected static IEnumerable<Value> Arguments(Value argument) =>
        Walk(argument, value => Matching.Producer(value) is { } node && Matching.IsArithmetic(node) ? node.Inputs.OfType<Value>() : [])
            .Where(value => value.ElementType.IsFloat() && Matching.Number(value) is null);

    private static bool TryRewrite(Node node, Value x, ActivationForm form, double tolerance, RecognitionContext context)
    {
        foreach (Value result in Results(node.Output))
        {
            if (Polynomial.Of(result, x, node.Output) is { } polynomial)
            {
                if (polynomial.IsNear(form.Result, tolerance))
                {
                    Replace(result, x, null, form, context);
                    return true;
                }

                continue;
            }

            // A gated unit may multiply the gate with one of the factors before they meet: x · (sigmoid(x) · gate).
            foreach (Value gate in Gates(result))
            {
                if (Polynomial.Of(result, x, node.Output, gate)?.IsNear(form.Result.TimesThird(), tolerance) == true)
                {
                    Replace(result, x, gate, form, context);
                    return true;
                }
            }
        }

        return false;
    }

    private static void Replace(Value result, Value x, Value? gate, ActivationForm form, RecognitionContext context)
    {
        Rewriting rewriting = context.Rewrite(result, gate is null ? [x] : [x, gate]);
        Value input = rewriting.Input(x, result);
        Value activated = rewriting.Nodes.Add(form.Type, form.Attributes, input);
        context.Recognize(form.Pattern, activated);
        rewriting.Replace(result, gate is null ? activated : rewriting.Nodes.Add("Mul", activated, rewriting.Convert(gate, activated.ElementType)));
    }

    /// <summary>Values that are computed from the node's output by arithmetic, the nearest first.</summary>
    private static IEnumerable<Value> Results(Value output) =>
        Walk(output, value => Matching.Readers(value).Where(Matching.IsArithmetic).Select(reader => reader.Output));

    /// <summary>Factors of a product of products.</summary>
    private static IEnumerable<Value> Gates(Value result) =>
        Walk(result, value => Matching.Producer(value, "Mul") is { } product ? [product.Input(0), product.Input(1)] : []).Skip(1)
            .Where(value => value.ElementType.IsFloat() && Matching.Number(value) is null);

    private static IEnumerable<Value> Walk(Value start, Func<Value, IEnumerable<Value>> next)
    {
        var seen = new HashSet<Value> { start };
        var pending = new Queue<Value>([start]);
        for (int steps = 0; steps < MaximumSteps && pending.Count > 0; steps++)
        {
            Value value = pending.Dequeue();
            yield return value;
            foreach (Value other in next(value).Where(seen.Add))
            {
                pending.Enqueue(other);
            }
        }
    }
}

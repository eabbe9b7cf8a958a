using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// RMS normalization and layer normalization.
/// <para>Before: <c>s = Pow(x, 2); m = ReduceMean(s); r = Sqrt(Add(m, 1e-6)); n = Mul(x, Reciprocal(r)); y = Mul(w, n)</c>.
/// After: <c>y = RMSNormalization(x, w)</c>.</para>
/// <para>Before: <c>d = Sub(x, ReduceMean(x)); v = ReduceMean(Mul(d, d)); n = Div(d, Sqrt(Add(v, 1e-5))); y = Add(Mul(n, w), b)</c>.
/// After: <c>y = LayerNormalization(x, w, b)</c>.</para>
/// Where the spelling computes in a wider type than the input's and rounds before the weight, the canonical node does so by its own definition and gets the narrow input.
/// </summary>
internal abstract class NormalizationPattern : Pattern
{
    private readonly bool _centers;

    protected NormalizationPattern(bool centers) => _centers = centers;

    public override string Name => _centers ? PatternNames.LayerNormalization : PatternNames.RootMeanSquareNormalization;

    public override bool IsAnchor(Node node) => node is { Domain: "", Type: "ReduceMean" };

    public override void Rewrite(Node node, RecognitionContext context)
    {
        if (NormalizationSpelling.Find(node) is not { } spelling || spelling.IsCentered != _centers)
        {
            return;
        }

        if (spelling.Normalized is not { } normalized)
        {
            context.Miss(Name, node, spelling.Obstacle!);
            return;
        }

        Value narrow = Matching.Narrowest(spelling.Input);
        if (Matching.Producer(narrow, "Cast") is { } cast && !cast.Input(0).ElementType.IsFloat())
        {
            context.Miss(Name, node, $"the input was converted from {cast.Input(0).ElementType.OnnxName()}, which is no floating-point type");
            return;
        }

        Value result = normalized;
        Value? weight = spelling.Weight;
        Value? bias = null;
        if (weight is null)
        {
            (result, weight) = FollowFactor(result, spelling.Axis, context.Graph);
        }

        if (_centers)
        {
            (result, bias) = FollowTerm(result, spelling.Axis, context.Graph);
        }

        Replace(result, spelling, normalized, weight, bias, context);
    }

    /// <summary>Goes on to the product with the weight, through a conversion, if nothing else reads what lies between.</summary>
    private static (Value Result, Value? Weight) FollowFactor(Value normalized, int axis, Graph graph)
    {
        Value value = normalized;
        while (Matching.OnlyReader(value, graph) is { Domain: "", Type: "Cast" } cast && cast.Output.ElementType.IsFloat())
        {
            value = cast.Output;
        }

        return Matching.OnlyReader(value, graph) is { Domain: "", Type: "Mul" } product && Matching.Other(product, value) is { } other
            && product.Output.Shape.Equals(normalized.Shape) && Matching.IsWeight(other, normalized.Shape, axis)
            ? (product.Output, other)
            : (normalized, null);
    }

    private static (Value Result, Value? Bias) FollowTerm(Value scaled, int axis, Graph graph) =>
        Matching.OnlyReader(scaled, graph) is { Domain: "", Type: "Add" } sum && Matching.Other(sum, scaled) is { } other
            && sum.Output.Shape.Equals(scaled.Shape) && Matching.IsWeight(other, scaled.Shape, axis)
            ? (sum.Output, other)
            : (scaled, null);

    private void Replace(Value result, NormalizationSpelling spelling, Value normalized, Value? weight, Value? bias, RecognitionContext context)
    {
        Value narrow = Matching.Narrowest(spelling.Input);
        Value?[] operands = [narrow, weight, bias];
        Rewriting rewriting = context.Rewrite(result, [.. operands.OfType<Value>()]);

        // The type in which the weight is multiplied in.
        ElementType type = result.ElementType;
        Value x = narrow.ElementType == type ? narrow : rewriting.Input(rewriting.Convert(spelling.Input, normalized.ElementType), result);
        ElementType outer = x.ElementType == ElementType.Float32 && type == ElementType.Float64 ? ElementType.Float32 : type;
        Value scale = weight is null ? rewriting.Nodes.Literal(1, outer) : rewriting.Convert(weight, outer);
        (string, object)[] attributes = [("axis", (long)spelling.Axis), ("epsilon", (float)spelling.Epsilon)];
        Value canonical = !_centers ? rewriting.Nodes.Add("RMSNormalization", attributes, x, scale)
            : bias is null ? rewriting.Nodes.Add("LayerNormalization", attributes, x, scale)
            : rewriting.Nodes.Add("LayerNormalization", attributes, x, scale, rewriting.Convert(bias, outer));
        context.Recognize(Name, canonical);
        rewriting.Replace(result, canonical);
    }
}

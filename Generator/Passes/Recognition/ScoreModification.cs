using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// An attention whose scores are changed in a way that no attribute says becomes the canonical node with the change as code in its kernel, if it is pointwise.
/// <para>Before: <c>s = MatMul(q, Transpose(k)); p = Softmax(Sin(s) - slopes * Abs(queries - keys)); y = MatMul(p, v)</c>.
/// After: <c>y = cameo.Attention(q, k, v, …, slopes)</c> with a modification that reads a score, the indices of query and key, and a slope. No tensor of queries × keys is made.</para>
/// <see cref="ModificationReader"/> says which changes are.
/// </summary>
internal sealed class ScoreModification
{
    private readonly Node _product;
    private readonly Value _scores;

    private ScoreModification(Node product, Value scores)
    {
        _product = product;
        _scores = scores;
    }

    /// <summary>Puts the canonical node in the place of the nodes around a softmax; returns why not where that cannot be.</summary>
    public static string TryRewrite(Node softmax, RecognitionContext context)
    {
        Value scores = softmax.Input(0);
        if (scores.ElementType != ElementType.Float32 || scores.Shape.Rank != 4 || SoftmaxOperators.Axes(softmax) is not [3] || FindProduct(scores, 0) is not { } found
            || !AttentionPattern.IsComputedFromInputs(found._product.Input(1)))
        {
            return "the softmax is not that of float32 scores [batch, heads, queries, keys]";
        }

        if (ProbabilityChain.Follow(softmax, context.Graph, out string reason) is not { } probabilities)
        {
            return reason;
        }

        if (probabilities.Shared is not null || !probabilities.Product.Output.Shape.Take(3).SequenceEqual(scores.Shape.Take(3)))
        {
            return "the probabilities are read by others too, or in another shape";
        }

        return AttentionProducts.Find(found._product, probabilities.Product, out reason) is { } products ? found.Rewrite(softmax, products, probabilities, context) : reason;
    }

    /// <summary>The product of queries and keys on some path of pointwise nodes to the softmax, and its scores in float32.</summary>
    private static ScoreModification? FindProduct(Value value, int depth)
    {
        if (value.Producer is not { } node || depth > ModificationReader.MaximumDepth || value.IsKnown)
        {
            return null;
        }

        if (ScoreChain.IsProduct(node))
        {
            return IsProductOfScores(node) && value.ElementType == ElementType.Float32 ? new ScoreModification(node, value) : null;
        }

        if (node is { Domain: "", Type: "Cast" } && node.Input(0).Producer is { } narrow && ScoreChain.IsProduct(narrow))
        {
            return IsProductOfScores(narrow) && narrow.Output.ElementType is ElementType.Float16 or ElementType.BFloat16 && value.ElementType == ElementType.Float32
                ? new ScoreModification(narrow, value)
                : null;
        }

        return ModificationReader.IsTransparent(node)
            ? node.Inputs.OfType<Value>().Where(input => input.Shape.Equals(value.Shape)).Select(input => FindProduct(input, depth + 1)).FirstOrDefault(found => found is not null)
            : null;
    }

    private static bool IsProductOfScores(Node node) => node.Output.Shape.Rank == 4 && node.Domain.Length == 0;

    private string Rewrite(Node softmax, AttentionProducts products, ProbabilityChain probabilities, RecognitionContext context)
    {
        Shape shape = _scores.Shape;
        var layout = new ScoreLayout(context.Graph.Symbols, shape[0], shape[1], shape[2], shape[3]);
        var tensors = new List<Value>();
        var reader = new ModificationReader(_scores, layout, tensors);
        var cone = new HashSet<Node> { _product, _scores.Producer! };
        reader.Collect(softmax.Input(0), cone);
        if (cone.Any(node => context.Graph.IsOutput(node.Output) || node.Output.Consumers.Any(consumer => consumer != softmax && !cone.Contains(consumer))))
        {
            return "the scores are read by others too";
        }

        AttentionModification? modification = reader.Read(softmax.Input(0), out string reason);
        AttentionModification? probabilityModification = reason.Length == 0 ? probabilities.ReadModification(layout, tensors, out reason) : null;
        if (reason.Length > 0)
        {
            return reason;
        }

        Node result = probabilities.Product;
        ExpansionContext before = context.Before(
            result, cone.Concat(probabilities.Nodes).Concat(products.Query.Place.Nodes).Concat(products.Key.Place.Nodes).Concat(products.Value.Place.Nodes));
        var formula = new Formula(before);
        Value query = products.Query.Arrangement.Apply(products.Query.Place.Value, before);
        Value key = products.Key.Arrangement.Apply(products.Key.Place.Value, before);
        Value value = products.Value.Arrangement.Apply(products.Value.Place.Value, before);
        if (_product.Output.ElementType == ElementType.Float32 || query.ElementType != key.ElementType || key.ElementType != value.ElementType)
        {
            (query, key, value) = (formula.Cast(query, ElementType.Float32), formula.Cast(key, ElementType.Float32), formula.Cast(value, ElementType.Float32));
        }

        var builder = new AttentionBuilder(query, key, value)
        {
            Scale = (float)(products.Query.Place.Factor * products.Key.Place.Factor),
            FullyMasked = probabilities.IsGuarded ? "zero" : "nan",
            ScoresMode = 3,
            Modification = modification,
            ProbabilityModification = probabilityModification,
            ModificationTensors = [.. tensors.Select(tensor => formula.Cast(tensor, ElementType.Float32))],
        };
        Node attention = builder.Add(before);
        before.Replace(result.Output, formula.Cast(attention.Output, result.Output.ElementType));
        NodeOrder.Restore(context.Graph);
        context.Recognize(PatternNames.Attention, attention.Output);
        return "";
    }
}

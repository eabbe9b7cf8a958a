using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>The nodes from the softmax to the product of probabilities and values.</summary>
internal sealed class ProbabilityChain
{
    /// <summary>Modifications are a handful of nodes; what is larger is something else.</summary>
    private const int MaximumModification = 64;

    private readonly List<Node> _nodes = [];

    private ProbabilityChain(Node softmax) => _nodes.Add(softmax);

    /// <summary>The MatMul that weighs the values.</summary>
    public Node Product { get; private set; } = null!;

    /// <summary>Whether NaN becomes 0, as where a query may see no key.</summary>
    public bool IsGuarded { get; private set; }

    /// <summary>Probabilities that something else reads too.</summary>
    public Value? Shared { get; private set; }

    /// <summary>Probabilities before they are modified, and what becomes of them; null where they are not.</summary>
    public (Value Before, Value After)? Modification { get; private set; }

    /// <summary>The softmax, what follows it, and the product.</summary>
    public IEnumerable<Node> Nodes => _nodes.Append(Product);

    /// <summary>Follows the probabilities; <see langword="null"/> with a reason where they do not end in a product with values.</summary>
    public static ProbabilityChain? Follow(Node softmax, Graph graph, out string reason)
    {
        var chain = new ProbabilityChain(softmax);
        Value current = softmax.Output;
        reason = "the probabilities do not meet values";
        while (true)
        {
            Node? next = chain.TakeGuard(current) ?? current.Consumers.FirstOrDefault(consumer => IsPassed(consumer, current));
            if (next is not { Type: "Where" } && Matching.Readers(current).Any(reader => reader != next) && chain.TakeModification(current, graph, ref reason) is { } modified)
            {
                current = modified;
                continue;
            }

            bool isShared = graph.IsOutput(current) || (next is not { Type: "Where" } && current.Consumers.Any(consumer => consumer != next));
            if (isShared && chain.Shared is not null)
            {
                reason = "the probabilities are read at several places";
                return null;
            }

            chain.Shared = isShared ? current : chain.Shared;
            if (next is null)
            {
                return null;
            }

            if (next.Type == "Where" && chain.Shared is not null)
            {
                reason = "the probabilities are read before NaN becomes 0";
                return null;
            }

            if (ScoreChain.IsProduct(next))
            {
                chain.Product = next;
                return chain;
            }

            chain._nodes.Add(next);
            current = next.Output;
        }
    }

    /// <summary>What is done to the probabilities; <see langword="null"/> without a reason where that is nothing, and with one where a kernel cannot do it.</summary>
    /// <param name="layout">The attention's sizes.</param>
    /// <param name="tensors">Receives the tensors that are read for it.</param>
    /// <param name="reason">Receives the reason.</param>
    public AttentionModification? ReadModification(ScoreLayout layout, List<Value> tensors, out string reason)
    {
        reason = "";
        if (Modification is not { } modification)
        {
            return null;
        }

        if (modification.Before.ElementType != ElementType.Float32 || !modification.Before.Shape.Equals(layout.Shape))
        {
            reason = $"the probabilities that are modified are {modification.Before.Type} and not float32 [batch, heads, queries, keys]";
            return null;
        }

        return new ModificationReader(modification.Before, layout, tensors).Read(modification.After, out reason);
    }

    /// <summary>Takes all pointwise nodes behind the probabilities; the value that leaves them, if that is one and nothing else reads what is between.</summary>
    private Value? TakeModification(Value probabilities, Graph graph, ref string reason)
    {
        var nodes = new List<Node>();
        var values = new List<Value> { probabilities };
        for (int index = 0; index < values.Count && nodes.Count <= MaximumModification; index++)
        {
            foreach (Node reader in Matching.Readers(values[index]).Where(reader => IsPointwise(reader, probabilities.Shape) && !nodes.Contains(reader)))
            {
                nodes.Add(reader);
                values.Add(reader.Output);
            }
        }

        if (Modification is not null || Shared is not null || nodes.Count is 0 or > MaximumModification)
        {
            return null;
        }

        Value[] left = [.. values.Where(value => graph.IsOutput(value) || value.Consumers.Any(reader => !nodes.Contains(reader)))];
        if (left is not [var modified] || modified == probabilities || graph.IsOutput(modified))
        {
            Node? other = left.SelectMany(value => value.Consumers).FirstOrDefault(reader => !nodes.Contains(reader) && !ScoreChain.IsProduct(reader));
            reason = other is null ? "the probabilities are read at several places" : $"what {other} does to the probabilities is not pointwise";
            return null;
        }

        _nodes.AddRange(nodes);
        Modification = (probabilities, modified);
        return modified;
    }

    private static bool IsPointwise(Node node, Shape shape) =>
        node is { Domain: "", Type: "Cast" } ? !node.Output.ElementType.IsFloat() || !node.Input(0).ElementType.IsFloat()
        : ModificationReader.IsTransparent(node) && node.Outputs.Count == 1 && node.Output.Shape.Equals(shape);

    /// <summary>Whether a reader of the probabilities hands them on, or weighs values with them.</summary>
    private static bool IsPassed(Node node, Value value)
    {
        if (node.OptionalInput(0) != value || node.Inputs.Count(input => input == value) != 1)
        {
            return false;
        }

        return ScoreChain.IsProduct(node)
            ? node.IntegerAttribute("transA", 0) == 0 && node.FloatAttribute("alpha", 1) == 1
            : node.Domain.Length == 0 && (node.Type is "Identity" or "Dropout" or "Reshape" or "Squeeze" or "Unsqueeze" || (node.Type == "Cast" && node.Output.ElementType.IsFloat()));
    }

    /// <summary>The Where of <c>Where(IsNaN(p), 0, p)</c>, if that is all that is done with the value.</summary>
    private Node? TakeGuard(Value value)
    {
        Node? test = value.Consumers.FirstOrDefault(consumer => consumer is { Type: "IsNaN", Domain: "" });
        if (test is null || test.Output.Consumers is not [{ Type: "Where", Domain: "" } where] || where.Input(0) != test.Output || where.Input(2) != value
            || Matching.Number(where.Input(1)) != 0 || value.Consumers.Any(consumer => consumer != test && consumer != where))
        {
            return null;
        }

        IsGuarded = true;
        _nodes.Add(test);
        return where;
    }
}

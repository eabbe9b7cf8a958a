using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>The nodes from the softmax to the product of probabilities and values.</summary>
internal sealed class ProbabilityChain
{
    private readonly List<Node> _nodes = [];

    private ProbabilityChain(Node softmax) => _nodes.Add(softmax);

    /// <summary>The MatMul that weighs the values.</summary>
    public Node Product { get; private set; } = null!;

    /// <summary>Whether NaN becomes 0, as where a query may see no key.</summary>
    public bool IsGuarded { get; private set; }

    /// <summary>Probabilities that something else reads too.</summary>
    public Value? Shared { get; private set; }

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

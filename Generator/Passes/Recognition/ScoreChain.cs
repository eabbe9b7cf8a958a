using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>The nodes from the product of queries and keys to the softmax.</summary>
internal sealed class ScoreChain
{
    /// <summary>Chains are a handful of nodes; a search that goes deeper follows something else.</summary>
    private const int MaximumLength = 24;

    /// <summary>A floor below every score.</summary>
    private const double Floor = -1e30;

    private ScoreChain(Node product, IReadOnlyList<ScoreLink> links)
    {
        Product = product;
        Links = links;
    }

    /// <summary>The MatMul or FusedMatMul of queries and keys.</summary>
    public Node Product { get; }

    /// <summary>What follows it, in order.</summary>
    public IReadOnlyList<ScoreLink> Links { get; }

    /// <summary>All nodes of the chain.</summary>
    public IEnumerable<Node> Nodes => Links.Select(link => link.Node).Prepend(Product);

    /// <summary>Finds the chain that ends in a value, or <see langword="null"/>.</summary>
    public static ScoreChain? Find(Value scores) => Find(scores, 0) is { } found ? new ScoreChain(found.Product, found.Links) : null;

    /// <summary>Whether a node is a product of matrices.</summary>
    public static bool IsProduct(Node node) =>
        node is { Type: "MatMul", Domain: "" } || (node is { Type: "FusedMatMul", Domain: PointwiseFunction.MicrosoftDomain } && node.IntegerAttribute("transBatchA", 0) == 0 && node.IntegerAttribute("transBatchB", 0) == 0);

    private static (Node Product, List<ScoreLink> Links)? Find(Value value, int depth)
    {
        if (value.Producer is not { } node || value.IsConstant || depth > MaximumLength || node.OptionalOutput(0) != value)
        {
            return null;
        }

        if (IsProduct(node))
        {
            return (node, []);
        }

        foreach (ScoreLink link in Candidates(node))
        {
            if (Find(link.Input, depth + 1) is { } found)
            {
                found.Links.Add(link);
                return found;
            }
        }

        return null;
    }

    /// <summary>What a node may be to the scores: which of its inputs they are.</summary>
    private static IEnumerable<ScoreLink> Candidates(Node node)
    {
        if (node.Domain.Length > 0)
        {
            return [];
        }

        return node.Type switch
        {
            "Identity" or "Reshape" or "Squeeze" or "Unsqueeze" => [new ScoreLink(ScoreLinkKind.Move, node, node.Input(0))],
            "Cast" when node.Input(0).ElementType.IsFloat() && node.Output.ElementType.IsFloat() => [new ScoreLink(ScoreLinkKind.Move, node, node.Input(0))],
            "Tanh" => [new ScoreLink(ScoreLinkKind.Tanh, node, node.Input(0))],
            "Add" => Sides(node, ScoreLinkKind.Addition),
            "Mul" => Sides(node, ScoreLinkKind.Scaling).Where(link => IsOneNumber(link.Other!)),
            "Div" when IsOneNumber(node.Input(1)) => [new ScoreLink(ScoreLinkKind.Scaling, node, node.Input(0)) { Other = node.Input(1), IsDivision = true }],
            "Max" when node.Inputs.Count == 2 => Sides(node, ScoreLinkKind.Floor).Where(link => Matching.Number(link.Other) <= Floor),
            "Where" =>
            [
                new ScoreLink(ScoreLinkKind.Replacement, node, node.Input(2)) { Other = node.Input(0), Replacement = node.Input(1), ReplacesWhere = true },
                new ScoreLink(ScoreLinkKind.Replacement, node, node.Input(1)) { Other = node.Input(0), Replacement = node.Input(2), ReplacesWhere = false },
            ],
            _ => [],
        };
    }

    private static bool IsOneNumber(Value value) => value.Shape.ElementCount.Value == 1 || Matching.Number(value) is not null;

    private static IEnumerable<ScoreLink> Sides(Node node, ScoreLinkKind kind) =>
        Enumerable.Range(0, 2).Select(side => new ScoreLink(kind, node, node.Input(side)) { Other = node.Input(1 - side) });
}

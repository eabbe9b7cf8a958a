using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Gives the sizes that the models in a search declare names of their own: there "batch" is the number of sequences and "length" what a step reads, and not what the model around calls so.
/// </summary>
internal static class SearchNames
{
    public static void Separate(SearchSubgraphs models, string name)
    {
        Separate(models.Decoder, $"{name}/decoder");
        if (models.First is { } first)
        {
            Separate(first, $"{name}/first");
        }
    }

    private static void Separate(Graph graph, string prefix)
    {
        foreach (Value value in graph.Inputs.Concat(graph.Outputs).Concat(graph.Nodes.SelectMany(node => node.Outputs.OfType<Value>())).Distinct())
        {
            if (value.DeclaredType is { } type)
            {
                value.DeclaredType = new TensorType(type.ElementType, new Shape([.. type.Shape.Select(size => size.Substitute(symbol => Dimension.Symbol($"{prefix}/{symbol}")))]));
            }
        }

        foreach (Graph body in graph.Nodes.SelectMany(node => node.Bodies))
        {
            Separate(body, prefix);
        }
    }
}

using System.Globalization;
using Cameo.Fuzzing.Generation;
using Cameo.Fuzzing.Models;

namespace Cameo.Fuzzing.Shrinking;

/// <summary>
/// Graphs by keys that mean the same in every process: "17" is the graph of seed 17, "17/3" the fourth of those that are a step smaller, "17/3/0" the first a step smaller than that.
/// </summary>
internal sealed class Candidates(IReadOnlyCollection<string> only)
{
    private readonly Dictionary<string, FuzzModel[]> _smaller = new(StringComparer.Ordinal);
    private readonly Dictionary<int, FuzzModel> _graphs = [];

    public static int Seed(string key) => int.Parse(key.Split('/')[0], CultureInfo.InvariantCulture);

    public FuzzModel Find(string key)
    {
        int slash = key.LastIndexOf('/');
        if (slash >= 0)
        {
            return Smaller(key[..slash])[int.Parse(key[(slash + 1)..], CultureInfo.InvariantCulture)];
        }

        int seed = Seed(key);
        if (!_graphs.TryGetValue(seed, out FuzzModel? graph))
        {
            // One graph after the other is made smaller.
            _graphs.Clear();
            _smaller.Clear();
            _graphs.Add(seed, graph = GraphFactory.Create(seed, only));
        }

        return graph;
    }

    /// <summary>What is a step smaller than a graph, the smallest first.</summary>
    public FuzzModel[] Smaller(string key)
    {
        FuzzModel graph = Find(key);
        if (!_smaller.TryGetValue(key, out FuzzModel[]? smaller))
        {
            // In turn, two steps of the same size would go on for ever.
            smaller = [.. Reductions.Of(graph).Where(candidate => candidate.Size < graph.Size).OrderBy(static candidate => candidate.Size)];
            _smaller.Add(key, smaller);
        }

        return smaller;
    }
}

using Cameo.Fuzzing.Generation.Productions;
using Cameo.Fuzzing.Models;

namespace Cameo.Fuzzing.Generation;

/// <summary>Makes the random graph of a seed: always the same one.</summary>
internal static class GraphFactory
{
    private const int Attempts = 4;

    /// <summary>All that a graph may be made of.</summary>
    public static IReadOnlyList<Production> Productions { get; } =
    [
        .. ElementwiseProductions.All, .. MovementProductions.All, .. IndexingProductions.All, .. ReductionProductions.All, .. ContractionProductions.All,
        .. ConvolutionProductions.All, .. AttentionProductions.All, .. QuantizedProductions.All, .. ControlFlowProductions.All, .. SequenceProductions.All, .. TextProductions.All,
        .. NarrowProductions.All, .. SelectionProductions.All, .. SpatialProductions.All, .. SignalProductions.All, .. QuantizedContribProductions.All, .. TransformerProductions.All,
        .. NestingProductions.All,
    ];

    /// <summary>The model, with the inputs of its runs.</summary>
    /// <param name="seed">Which.</param>
    /// <param name="only">Names of productions, of which the graph has at least one; empty for any graph.</param>
    public static FuzzModel Create(int seed, IReadOnlyCollection<string> only)
    {
        var random = new Random(unchecked(seed * 7919));
        while (true)
        {
            int opset = PickOpset(random);
            using var graph = new RandomGraph(random, opset, isOpen: random.NextDouble() < 0.3);
            if (TryCreate(graph, only) is { } model)
            {
                return model;
            }
        }
    }

    private static FuzzModel? TryCreate(RandomGraph graph, IReadOnlyCollection<string> only)
    {
        // One operator, a pattern among a few others, or many.
        int length = graph.Integer(0, 9) switch
        {
            < 2 => 1,
            < 6 => graph.Integer(2, 5),
            < 9 => graph.Integer(4, 10),
            _ => graph.Integer(10, 25),
        };

        // Few kinds in a graph meet more often than all kinds.
        Production[] kinds = graph.Chance(0.5) ? [.. Enumerable.Range(0, graph.Integer(2, 5)).Select(_ => Pick(graph.Random, Productions))] : [.. Productions];
        Production[] wanted = [.. Productions.Where(production => only.Contains(production.Name))];
        for (int index = 0; index < length; index++)
        {
            Apply(graph, wanted.Length > 0 && (index == 0 || graph.Chance(0.3)) ? wanted : kinds);
        }

        try
        {
            return graph.Finish();
        }
        catch (RejectedException)
        {
            return null;
        }
    }

    private static void Apply(RandomGraph graph, IReadOnlyList<Production> kinds)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            try
            {
                Pick(graph.Random, kinds).Apply(graph);
                return;
            }
            catch (RejectedException exception)
            {
                // What was added before stays: it is part of a graph as any other.
                if (Environment.GetEnvironmentVariable("CAMEO_FUZZ_REJECTED") is { Length: > 0 })
                {
                    Console.Error.WriteLine(exception.Message);
                }
            }
        }
    }

    private static Production Pick(Random random, IReadOnlyList<Production> kinds)
    {
        double place = random.NextDouble() * kinds.Sum(static kind => kind.Weight);
        foreach (Production kind in kinds)
        {
            place -= kind.Weight;
            if (place < 0)
            {
                return kind;
            }
        }

        return kinds[^1];
    }

    private static int PickOpset(Random random)
    {
        int[] opsets = [7, 8, 9, 10, 11, 12, 13, 13, 14, 15, 16, 17, 17, 18, 18, 19, 20, 20, 21, 21, 22, 23, 23, 24, 24, 25];
        return opsets[random.Next(opsets.Length)];
    }
}

using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.States;

/// <summary>
/// Finds caches that attention appends to: past and present of the canonical node that are (or are halves of) an input and an output of the model.
/// All caches of a model advance together; where there are several lengths, those of the most attentions become states.
/// </summary>
internal sealed class AppendedCacheRecognition(StateContext context)
{
    /// <summary>Tokens a cache holds where neither the options nor the model say.</summary>
    private const int DefaultCapacity = 2048;

    private Graph Graph => context.Graph;

    public void Run()
    {
        foreach (Node node in Graph.Nodes.Where(AttentionNode.Is).ToArray())
        {
            ConcatenationAbsorption.Run(Graph, node);
        }

        List<IGrouping<(Dimension, Dimension, Dimension), AppendedCache>> groups =
        [
            .. Graph.Nodes.Where(AttentionNode.Is).Select(Find).OfType<AppendedCache>()
                .GroupBy(cache => (cache.Rows, cache.Past, cache.NewTokens)).OrderByDescending(group => group.Count()),
        ];
        foreach (IGrouping<(Dimension, Dimension Past, Dimension), AppendedCache> other in groups.Skip(1))
        {
            context.Miss($"Cache '{other.First().Key.Input.Name}' (and {(other.Count() * 2) - 1} more)",
                $"its length {other.Key.Past} is not that of the other caches, and one session keeps caches of one length");
        }

        foreach (Node node in Graph.Nodes.SelectMany(static node => node.Bodies).SelectMany(Inner).Where(AttentionNode.Is))
        {
            if (node.OptionalInput(AttentionNode.PastKey) is { } past && Graph.Inputs.Contains(past))
            {
                context.Miss($"Cache '{past.Name}'", "a branch or a loop's body appends to it, and what it becomes depends on what runs; OnnxInputs decides branches when the model is compiled");
            }
        }

        if (groups.Count > 0)
        {
            Keep([.. groups[0]]);
        }
    }

    private static IEnumerable<Node> Inner(Graph body) => body.Nodes.Concat(body.Nodes.SelectMany(static node => node.Bodies).SelectMany(Inner));

    private AppendedCache? Find(Node node)
    {
        if (node.OptionalInput(AttentionNode.PastKey) is not { } pastKey || node.OptionalInput(AttentionNode.PastValue) is not { } pastValue)
        {
            return null;
        }

        Value key = node.OptionalOutput(AttentionNode.PresentKey)!;
        Value value = node.OptionalOutput(AttentionNode.PresentValue)!;
        if (CombinedCacheTracing.TracePast(pastKey, Graph) is { Part: 0 } firstHalf && CombinedCacheTracing.TracePast(pastValue, Graph) is { Part: 1 } secondHalf
            && firstHalf.Input == secondHalf.Input)
        {
            int output = CombinedCacheTracing.TracePresent(key, value, Graph);
            string? reason = output < 0 ? "no output of the model joins the keys and values that follow it"
                : !IsReadOnlyBy(firstHalf.Input, node) ? "it is read by more than the attention"
                : WhyNotKept(pastKey) ?? WhyNotKept(pastValue);
            return Result(firstHalf.Input, reason, () => new AppendedCache(node, new(firstHalf.Input, output), new(firstHalf.Input, output)));
        }

        if (!Graph.Inputs.Contains(pastKey) || !Graph.Inputs.Contains(pastValue))
        {
            return null;
        }

        string? missing = pastKey.Consumers.Count != 1 || pastValue.Consumers.Count != 1 ? "it is read by more than the attention"
            : !Graph.IsOutput(key) || !Graph.IsOutput(value) ? "what attention makes of it is no output of the model"
            : key.Consumers.Count > 0 || value.Consumers.Count > 0 ? "what attention makes of it is read by other nodes"
            : WhyNotKept(pastKey) ?? WhyNotKept(pastValue);
        return Result(pastKey, missing, () => new AppendedCache(node, new(pastKey, Graph.Outputs.IndexOf(key)), new(pastValue, Graph.Outputs.IndexOf(value))));

        AppendedCache? Result(Value input, string? reason, Func<AppendedCache> make)
        {
            if (reason is not null)
            {
                context.Miss($"Cache '{input.Name}'", reason);
            }

            return reason is null ? make() : null;
        }
    }

    private static string? WhyNotKept(Value past) => past.ElementType is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16) ? $"its elements are of type {past.ElementType.OnnxName()}"
        : !past.Shape[1].IsStatic || !past.Shape[3].IsStatic ? $"heads and head size of {past.Shape} are not known"
        : null;

    /// <summary>Whether all that an input leads to, through moves, is one node.</summary>
    private static bool IsReadOnlyBy(Value input, Node reader) =>
        input.Consumers.All(consumer => consumer == reader || consumer.Outputs.All(output => output is null || IsReadOnlyBy(output, reader))) && input.Consumers.Count > 0;

    private void Keep(AppendedCache[] caches)
    {
        AppendedCache first = caches[0];
        if (first.Past.AsSymbol() is { } symbol && IsAlsoAnotherSize(symbol, caches))
        {
            if (!context.TrySeparate(new SizeSeparation(symbol, [.. Axes(caches)])))
            {
                context.Miss($"Cache '{first.Key.Input.Name}' (and {(caches.Length * 2) - 1} more)", $"its length {symbol} is a size of other inputs too");
            }

            return;
        }

        // A past of one length is a buffer of that capacity only where what it becomes has the same length.
        bool isFixedBuffer = caches.All(static cache => cache.Attention.IntegerAttribute(AttentionNode.KeepsLength, 0) != 0);
        string? reason = Lengths(caches, out RowLengths lengths)
            ?? (first.Past.AsSymbol() is null && !(isFixedBuffer && lengths.Kind is (RowLengthsKind.CountedMask or RowLengthsKind.Totals))
                ? $"its length {first.Past} does not change from run to run"
                : null);
        if (reason is not null)
        {
            context.Miss($"Cache '{first.Key.Input.Name}' (and {(caches.Length * 2) - 1} more)", reason);
            return;
        }

        foreach (AppendedCache cache in caches)
        {
            WideAttention.Run(Graph, cache.Attention);
            AddState(cache, cache.Key, AttentionNode.PastKey, AttentionNode.PresentKey, 0);
            AddState(cache, cache.Value, AttentionNode.PastValue, AttentionNode.PresentValue, 1);
            cache.Attention.SetInput(AttentionNode.KeyLengths, null);
            cache.Attention.SetInput(AttentionNode.TotalLength, null);
            cache.Attention.RemoveAttribute(AttentionNode.KeepsLength);
            if (lengths.Kind == RowLengthsKind.Mask)
            {
                cache.Attention.SetInput(AttentionNode.Mask, null);
            }
        }

        (int capacity, string option) = Capacity(first.Past);
        Graph.Sequence = new SequencePlan(first.Rows, first.Past.AsSymbol(), first.NewTokens, capacity, option, lengths);
    }

    /// <summary>Whether the length of caches has the name of another size of the inputs, which it cannot be: it grows from run to run.</summary>
    private bool IsAlsoAnotherSize(string symbol, AppendedCache[] caches)
    {
        HashSet<(string, int)> own = [.. Axes(caches)];
        return Graph.Inputs.Any(input => Enumerable.Range(0, input.Shape.Rank).Any(axis => input.Shape[axis].AsSymbol() == symbol && !own.Contains((input.Name, axis))));
    }

    /// <summary>The axes of the caches' inputs that are their length.</summary>
    private static IEnumerable<(string Input, int Axis)> Axes(AppendedCache[] caches) => caches
        .SelectMany(cache => new[] { cache.Key.Input, cache.Value.Input }).Distinct()
        .SelectMany(input => Enumerable.Range(0, input.Shape.Rank).Where(axis => input.Shape[axis] == caches[0].Past).Select(axis => (input.Name, axis)));

    /// <summary>What tells the rows' lengths, which all attentions must agree on; returns why it cannot be told.</summary>
    private string? Lengths(AppendedCache[] caches, out RowLengths lengths)
    {
        lengths = RowLengths.AllTokens;
        if (caches.Any(cache => cache.Attention.OptionalInput(AttentionNode.KeyLengths) is not null))
        {
            RowLengths?[] sources = [.. caches.Select(cache => cache.Attention.OptionalInput(AttentionNode.KeyLengths) is { } keys ? RowLengthTracing.Trace(keys, Graph) : null)];
            if (sources[0] is not { } source || sources.Any(other => other != source))
            {
                return "the lengths of its rows are computed in a way that is not known";
            }

            lengths = source;
            return null;
        }

        if (caches[0].Past.AsSymbol() is { } past && ColumnPositions.AreComputed(Graph, past))
        {
            return null;
        }

        Value?[] masks = [.. caches.Select(cache => PaddingMask.Source(cache.Attention.OptionalInput(AttentionNode.Mask), Graph, cache.Rows))];
        if (masks[0] is { } mask && masks.All(other => other == mask))
        {
            lengths = new RowLengths(RowLengthsKind.Mask, mask, Dimension.Zero);
        }

        return null;
    }

    private void AddState(AppendedCache cache, CacheEnds ends, int pastInput, int presentOutput, int part)
    {
        Value past = cache.Attention.Input(pastInput);
        Value present = cache.Attention.Outputs[presentOutput]!;
        if (past != ends.Input)
        {
            // The buffer is not the input as it is: nodes read a value of its own, and what made it of the input is dead.
            past = Graph.AddValue($"{ends.Input.Name}{(cache.IsCombined ? (part == 0 ? ".key" : ".value") : "")}", past.Type);
            cache.Attention.SetInput(pastInput, past);
        }

        if (part == 0 || !cache.IsCombined)
        {
            Graph.Outputs[ends.Output] = present;
        }

        Graph.States.Add(new StatePair(StateKind.KeyValueCache, ends.Input, present) { Past = past, Part = cache.IsCombined ? part : 0, IsCombined = cache.IsCombined });
    }

    private (int Capacity, string Option) Capacity(Dimension past)
    {
        if (past.AsSymbol() is not { } symbol)
        {
            return ((int)past.Constant, "the length of the caches in the model");
        }

        DimensionRange range = Graph.Symbols.Range(symbol);
        if (!range.IsBounded)
        {
            int capacity = (int)Math.Min(DefaultCapacity, TablePositions() ?? DefaultCapacity);
            range = new DimensionRange(0, capacity);
            Graph.Symbols.Declare(symbol, range);
            context.Inform(DiagnosticIds.DefaultCapacity, $"The key/value caches hold {capacity} tokens a row; set OnnxDimensions=\"{context.OptionSymbol(symbol)}<=…\" for another capacity.");
        }

        int bound = (int)Math.Min(range.Maximum, int.MaxValue);
        return (bound, $"OnnxDimensions \"{context.OptionSymbol(symbol)}<={bound}\"");
    }

    /// <summary>Positions that the model's tables of rotations have: it cannot go on behind them.</summary>
    private long? TablePositions() => Graph.Nodes.Where(node => node.Type == "RotaryEmbedding")
        .SelectMany(node => node.Inputs).OfType<Value>()
        .Where(input => input.IsConstant && input.ElementType.IsFloat() && input.Shape.Rank == 2)
        .Min(table => table.Shape[0].Value);
}

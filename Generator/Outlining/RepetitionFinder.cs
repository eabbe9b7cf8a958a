namespace Cameo.Generator.Outlining;

/// <summary>
/// Finds the repetitions of a sequence: first those that save most, then others beside them and within their bodies.
/// </summary>
/// <remarks>
/// A repetition's rarest item tells its period by the distance to its next occurrence, so only distances to near occurrences of the same item are tried, and each
/// stretch is compared once for a period. The time is near linear; a bound on comparisons guards against sequences made to defeat that.
/// </remarks>
internal static class RepetitionFinder
{
    /// <summary>Fewer saved items are not worth a loop for the reader.</summary>
    public const int MinimumSavings = 4;

    /// <summary>How many occurrences of an item are looked back to: an item of which more stand in one period is not its rarest.</summary>
    private const int Occurrences = 8;

    private const long ComparisonsPerItem = 1000;

    /// <summary>Numbers things so that equal ones have the same number.</summary>
    public static int[] Number(IReadOnlyList<string> items)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        return [.. items.Select(item =>
        {
            if (!numbers.TryGetValue(item, out int number))
            {
                number = numbers.Count;
                numbers.Add(item, number);
            }

            return number;
        })];
    }

    /// <summary>The sequence as items and loops.</summary>
    public static IReadOnlyList<ScheduleNode> Find(int[] items) => Build(items, 0, items.Length);

    private static List<ScheduleNode> Build(int[] items, int start, int end)
    {
        var nodes = new List<ScheduleNode>();
        int position = start;
        foreach (TandemRepeat repeat in Choose(FindAll(items, start, end), start, end).OrderBy(repeat => repeat.Start))
        {
            AddSteps(nodes, position, repeat.Start);
            List<ScheduleNode> body = Build(items, repeat.Start, repeat.Start + repeat.Period);

            // A repetition is cut off between nodes, not within an inner loop.
            int cut = body.TakeWhile(node => node.Start + node.Length <= repeat.Start + repeat.Remainder).Sum(node => node.Length);
            nodes.Add(new ScheduleLoop(repeat.Start, repeat.Count, repeat.Period, cut, body));
            position = repeat.Start + repeat.Count * repeat.Period + cut;
        }

        AddSteps(nodes, position, end);
        return nodes;
    }

    private static void AddSteps(List<ScheduleNode> nodes, int start, int end)
    {
        for (int position = start; position < end; position++)
        {
            nodes.Add(new ScheduleStep(position));
        }
    }

    /// <summary>All repeats that are as long as they can be.</summary>
    private static List<TandemRepeat> FindAll(int[] items, int start, int end)
    {
        var repeats = new List<TandemRepeat>();
        var occurrences = new Dictionary<int, List<int>>();
        var comparedUntil = new Dictionary<int, int>();
        long comparisons = (end - start) * ComparisonsPerItem;
        for (int position = start; position < end && comparisons > 0; position++)
        {
            if (!occurrences.TryGetValue(items[position], out List<int>? earlier))
            {
                occurrences[items[position]] = earlier = [];
            }

            for (int back = 1; back <= Math.Min(Occurrences, earlier.Count); back++)
            {
                int other = earlier[earlier.Count - back];
                int period = position - other;
                if (comparedUntil.TryGetValue(period, out int known) && other < known)
                {
                    continue;
                }

                int first = other;
                while (first > start && items[first - 1] == items[first - 1 + period])
                {
                    first--;
                }

                int last = other + 1;
                while (last + period < end && items[last] == items[last + period])
                {
                    last++;
                }

                comparisons -= last - first;
                comparedUntil[period] = last;
                if (last - first >= period)
                {
                    repeats.Add(new TandemRepeat(first, last - first + period, period));
                }
            }

            earlier.Add(position);
        }

        return repeats;
    }

    /// <summary>Repeats that don't overlap, those that save most first; what is left of others beside them is a repeat of its own.</summary>
    private static List<TandemRepeat> Choose(List<TandemRepeat> repeats, int start, int end)
    {
        var candidates = new SortedSet<TandemRepeat>(Comparer<TandemRepeat>.Create(static (left, right) =>
            left.Savings != right.Savings ? right.Savings.CompareTo(left.Savings)
            : left.Period != right.Period ? left.Period.CompareTo(right.Period)
            : left.Start != right.Start ? left.Start.CompareTo(right.Start)
            : left.Length.CompareTo(right.Length)));
        void Offer(TandemRepeat repeat)
        {
            // A loop over all of the sequence that is one item long would not end, but periods are at least 1 and counts at least 2.
            if (repeat.Length >= 2 * repeat.Period && repeat.Savings >= MinimumSavings)
            {
                candidates.Add(repeat);
            }
        }

        repeats.ForEach(Offer);
        var taken = new bool[end - start];
        var chosen = new List<TandemRepeat>();
        while (candidates.Count > 0)
        {
            TandemRepeat best = candidates.Min;
            candidates.Remove(best);
            int free = FreeLength(best, taken, start);
            if (free == best.Length)
            {
                chosen.Add(best);
                for (int position = best.Start; position < best.Start + best.Covered; position++)
                {
                    taken[position - start] = true;
                }

                continue;
            }

            // What lies before the first taken item, and what lies behind it.
            Offer(best with { Length = free });
            int next = best.Start + free;
            while (next < best.End && taken[next - start])
            {
                next++;
            }

            Offer(new TandemRepeat(next, best.End - next, best.Period));
        }

        return chosen;
    }

    private static int FreeLength(TandemRepeat repeat, bool[] taken, int start)
    {
        int free = 0;
        while (free < repeat.Length && !taken[repeat.Start + free - start])
        {
            free++;
        }

        return free;
    }
}

using Cameo.Generator.Lowering;
using Cameo.Generator.Outlining;

namespace Cameo.Generator.Planning;

/// <summary>
/// Gives repeated blocks the same places in the arena in every repetition, so that their code need not be told where. Time is folded: all repetitions of a loop
/// happen in the steps of one, and what a repetition keeps in a place is one item with what the others keep there.
/// </summary>
/// <remarks>
/// A value that the next repetition still reads while it writes its own takes two places in turn (up to <see cref="MaximumTurns"/>). Values that live longer, such as
/// those that are read after the loop, keep places of their own.
/// </remarks>
internal sealed class RepetitionFolding
{
    /// <summary>Places that the values of successive repetitions take in turn; more would be told by a table.</summary>
    private const int MaximumTurns = 2;

    private readonly LoweredModel _model;
    private readonly Func<MemoryBuffer, int?> _slotOf;
    private readonly Func<int, int> _birthOrder;
    private List<ArenaItem> _items;

    /// <summary>The kernel of each step.</summary>
    private List<int> _kernels;

    private RepetitionFolding(LoweredModel model, List<ArenaItem> items, Func<MemoryBuffer, int?> slotOf, Func<int, int> birthOrder)
    {
        _model = model;
        _items = items;
        _slotOf = slotOf;
        _birthOrder = birthOrder;
        _kernels = [.. Enumerable.Range(0, model.Kernels.Count)];
    }

    /// <summary>Folds the loops of a schedule.</summary>
    /// <param name="model">The kernels.</param>
    /// <param name="nodes">Their loops.</param>
    /// <param name="items">One item a slot, with the kernels that use it as steps.</param>
    /// <param name="slotOf">The slot of a buffer; null where it does not lie in the arena.</param>
    /// <param name="birthOrder">Number of a slot among those that the same kernel writes first.</param>
    public static IReadOnlyList<ArenaItem> Run(LoweredModel model, IReadOnlyList<ScheduleNode> nodes, List<ArenaItem> items, Func<MemoryBuffer, int?> slotOf, Func<int, int> birthOrder)
    {
        var folding = new RepetitionFolding(model, items, slotOf, birthOrder);
        folding.Walk(nodes, 0);
        return folding._items;
    }

    /// <returns>The step behind the nodes.</returns>
    private int Walk(IReadOnlyList<ScheduleNode> nodes, int step)
    {
        foreach (ScheduleNode node in nodes)
        {
            if (node is ScheduleLoop loop)
            {
                Fold(new FoldedTime(step, loop.Period, loop.Length));
                step = Walk(loop.Body, step);
            }
            else
            {
                step++;
            }
        }

        return step;
    }

    private void Fold(FoldedTime time)
    {
        var groups = new Dictionary<(int Phase, int Order), SortedDictionary<int, ArenaItem>>();
        foreach (ArenaItem item in _items)
        {
            if (time.Repetition(item.First) is { } repetition)
            {
                var key = (time.Phase(item.First), _birthOrder(item.Slots[0]));
                if (!groups.TryGetValue(key, out SortedDictionary<int, ArenaItem>? group))
                {
                    groups[key] = group = [];
                }

                if (!group.ContainsKey(repetition) && group.Values.All(other => other.Bytes == item.Bytes))
                {
                    group.Add(repetition, item);
                }
            }
        }

        Dictionary<ArenaItem, ArenaItem> entries = FindEntries(time);
        var folded = new List<ArenaItem>();
        var done = new HashSet<ArenaItem>();
        foreach (SortedDictionary<int, ArenaItem> group in groups.Values)
        {
            int turns = Enumerable.Range(1, MaximumTurns).FirstOrDefault(count => count < group.Count && Fits(group, count));
            for (int turn = 0; turn < turns; turn++)
            {
                List<ArenaItem> members = [.. group.Where(member => member.Key % turns == turn).Select(member => member.Value)];

                // What the first repetition reads in place of the one before it.
                if (turn == turns - 1 && group.TryGetValue(0, out ArenaItem? first) && entries.TryGetValue(first, out ArenaItem? entry) && entry.Bytes == first.Bytes
                    && entry.Last < members[0].First && !done.Contains(entry))
                {
                    members.Insert(0, entry);
                }

                done.UnionWith(members);
                folded.Add(time.Merge(members));
            }
        }

        folded.AddRange(_items.Where(item => !done.Contains(item)).Select(item => time.Merge([item])));
        _items = [.. folded.OrderBy(item => item.Slots[0])];
        _kernels = [.. _kernels.Where((_, step) => !time.IsLaterRepetition(step))];
    }

    /// <summary>Whether the members that take the same place in turn are never in use together.</summary>
    private static bool Fits(SortedDictionary<int, ArenaItem> group, int turns)
    {
        var last = new Dictionary<int, int>();
        foreach (KeyValuePair<int, ArenaItem> member in group)
        {
            int turn = member.Key % turns;
            if (last.TryGetValue(turn, out int end) && end >= member.Value.First)
            {
                return false;
            }

            last[turn] = member.Value.Last;
        }

        return true;
    }

    /// <summary>For what the second repetition reads of the first, what the first reads at that place: it comes from before the loop.</summary>
    private Dictionary<ArenaItem, ArenaItem> FindEntries(FoldedTime time)
    {
        var itemOf = new Dictionary<int, ArenaItem>();
        foreach (ArenaItem item in _items)
        {
            foreach (int slot in item.Slots)
            {
                itemOf[slot] = item;
            }
        }

        var entries = new Dictionary<ArenaItem, ArenaItem>();
        for (int step = time.Start; step < time.Start + time.Period; step++)
        {
            IReadOnlyList<View> first = _model.Kernels[_kernels[step]].Reads;
            IReadOnlyList<View> second = _model.Kernels[_kernels[step + time.Period]].Reads;
            for (int index = 0; index < Math.Min(first.Count, second.Count); index++)
            {
                if (_slotOf(first[index].Buffer) is { } before && _slotOf(second[index].Buffer) is { } carried
                    && itemOf[before].First < time.Start && time.Repetition(itemOf[carried].First) == 0 && !entries.ContainsKey(itemOf[carried]))
                {
                    entries.Add(itemOf[carried], itemOf[before]);
                }
            }
        }

        return entries;
    }
}

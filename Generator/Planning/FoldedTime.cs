namespace Cameo.Generator.Planning;

/// <summary>Steps of which a stretch repeats: the repetitions are laid on top of each other, and what comes behind moves forward.</summary>
/// <param name="start">First step of the loop.</param>
/// <param name="period">Steps of a repetition.</param>
/// <param name="length">Steps of all repetitions; the last may be cut off.</param>
internal readonly struct FoldedTime(int start, int period, int length)
{
    public int Start => start;

    public int Period => period;

    private int End => start + length;

    private int LastRepetition => (length - 1) / period;

    /// <summary>Last step of the folded loop.</summary>
    private int LastFolded => start + period - 1;

    /// <summary>The repetition that a step belongs to; null outside of the loop.</summary>
    public int? Repetition(int step) => step >= start && step < End ? (step - start) / period : null;

    /// <summary>A step's place in its repetition.</summary>
    public int Phase(int step) => (step - start) % period;

    public bool IsLaterRepetition(int step) => step >= start + period && step < End;

    /// <summary>One item for several that take the same place, in folded time. They must not be in use together.</summary>
    public ArenaItem Merge(IReadOnlyList<ArenaItem> members)
    {
        if (members.Count == 1 && Repetition(members[0].First) is null && Repetition(members[0].Last) is null)
        {
            return Shift(members[0]);
        }

        var segments = new List<(int First, int Last)>();
        foreach (ArenaItem member in members)
        {
            AddSegments(member, segments);
        }

        segments.Sort();
        int end = segments[0].Last;
        int idleFrom = 1;
        int idleTo = 0;
        foreach ((int first, int last) in segments)
        {
            // Only the longest of the idle times is told.
            if (first > end + 1 && first - end - 2 > idleTo - idleFrom)
            {
                idleFrom = end + 1;
                idleTo = first - 1;
            }

            end = Math.Max(end, last);
        }

        return new ArenaItem([.. members.SelectMany(member => member.Slots)], members[0].Bytes, segments[0].First, end) { IdleFrom = idleFrom, IdleTo = idleTo };
    }

    private int Fold(int step) => step < start ? step : step < End ? start + Phase(step) : step - (length - period);

    /// <summary>An item that begins and ends outside of the loop; it may be in use all through it.</summary>
    private ArenaItem Shift(ArenaItem item)
    {
        bool keepsIdle = item.Idles && Repetition(item.IdleFrom) is null && Repetition(item.IdleTo) is null;
        return new ArenaItem(item.Slots, item.Bytes, Fold(item.First), Fold(item.Last)) { IdleFrom = keepsIdle ? Fold(item.IdleFrom) : 1, IdleTo = keepsIdle ? Fold(item.IdleTo) : 0 };
    }

    private void AddSegments(ArenaItem item, List<(int First, int Last)> segments)
    {
        int? from = Repetition(item.First);
        int? to = Repetition(item.Last);
        if (from is null && to is null)
        {
            segments.Add((Fold(item.First), Fold(item.Last)));
        }
        else if (from is null)
        {
            // In use from before the loop: of the first repetition only as far as it goes, else through all of them.
            segments.Add((Fold(item.First), to == 0 ? Fold(item.Last) : LastFolded));
        }
        else if (from == to)
        {
            segments.Add((Fold(item.First), Fold(item.Last)));
        }
        else if (to is null)
        {
            // In use until behind the loop: of the last repetition only from its beginning, else through all of them.
            segments.Add((from == LastRepetition ? Fold(item.First) : start, Fold(item.Last)));
        }
        else if (to == from + 1)
        {
            segments.Add((Fold(item.First), LastFolded));
            segments.Add((start, Fold(item.Last)));
        }
        else
        {
            segments.Add((start, LastFolded));
        }
    }
}

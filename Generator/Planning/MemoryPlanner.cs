using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Memory;
using Cameo.Generator.Outlining;

namespace Cameo.Generator.Planning;

/// <summary>
/// Places buffers in the arena: finds the first and last use of each, lets results overwrite operands in place where the kernel allows it, gives repeated blocks the
/// same places in every repetition, and hands the rest to <see cref="ArenaPlacement"/>. Buffers of unbounded size are placed at run time by the same algorithm.
/// </summary>
internal static class MemoryPlanner
{
    /// <summary>Larger arenas are laid out at run time, for the sizes that really come.</summary>
    private const long MaximumStaticBytes = 1L << 36;

    /// <summary>By how much the arena may grow for the same places in every repetition; a table of places costs some bytes of code instead.</summary>
    private const double MaximumGrowth = 1.05;

    /// <summary>What nobody notices in the arena of any model: a page.</summary>
    private const long NegligibleBytes = 4096;

    public static MemoryPlan Run(LoweredModel model, IReadOnlyList<ScheduleNode> schedule, SymbolTable symbols)
    {
        Dictionary<MemoryBuffer, (int First, int Last)> pooledUses = FindUses(model, MemoryKind.Pooled);
        Dictionary<MemoryBuffer, (int First, int Last)> bufferUses = FindUses(model, MemoryKind.Arena);
        Dictionary<MemoryBuffer, MemoryBuffer> overwrites = FindOverwrites(model, bufferUses);

        // A chain of buffers that overwrite each other is one use of a place.
        var chains = new List<List<MemoryBuffer>>();
        var chainOf = new Dictionary<MemoryBuffer, int>();
        foreach (MemoryBuffer buffer in bufferUses.Keys.OrderBy(buffer => bufferUses[buffer].First))
        {
            if (overwrites.TryGetValue(buffer, out MemoryBuffer? previous))
            {
                chainOf[buffer] = chainOf[previous];
                chains[chainOf[buffer]].Add(buffer);
            }
            else
            {
                chainOf[buffer] = chains.Count;
                chains.Add([buffer]);
            }
        }

        ArenaUse[] uses = [.. chains.Select(chain => new ArenaUse(chain, chain.Min(buffer => bufferUses[buffer].First), chain.Max(buffer => bufferUses[buffer].Last)))];
        List<ArenaItem> single = [.. uses.Select((use, index) => new ArenaItem([index], use.Buffers[0].Bytes, use.FirstKernel, use.LastKernel))];
        bool isStatic = single.All(item => Maximum(item, symbols) <= MaximumStaticBytes);
        IReadOnlyList<ArenaItem> items = RepetitionFolding.Run(model, schedule, single, buffer => chainOf.TryGetValue(buffer, out int chain) ? chain : null, chain => BirthOrder(model, uses[chain]));
        long[] offsets = new long[items.Count];
        long total = 0;
        if (isStatic)
        {
            offsets = Place(items, symbols, out total);
            if (items.Count < single.Count)
            {
                long[] apart = Place(single, symbols, out long least);
                if (total > least * MaximumGrowth + NegligibleBytes)
                {
                    (items, offsets, total) = (single, apart, least);
                }
            }
        }

        var preparedOffsets = new Dictionary<MemoryBuffer, long>();
        long prepared = 0;
        foreach (MemoryBuffer buffer in model.Prepared)
        {
            preparedOffsets[buffer] = prepared;
            prepared += ArenaPlacement.Align(buffer.Bytes.Constant);
        }

        int[] slotOfChain = new int[chains.Count];
        for (int slot = 0; slot < items.Count; slot++)
        {
            foreach (int chain in items[slot].Slots)
            {
                slotOfChain[chain] = slot;
            }
        }

        return new MemoryPlan
        {
            Slots = [.. items.Select((item, index) => new ArenaSlot([.. item.Slots.Select(chain => uses[chain])], item, offsets[index]))],
            SlotOf = chainOf.ToDictionary(pair => pair.Key, pair => slotOfChain[pair.Value]),
            IsStatic = isStatic,
            ArenaBytes = total,
            BytesBeforePlanning = isStatic ? bufferUses.Keys.Sum(buffer => ArenaPlacement.Align(buffer.Bytes.Range(symbols.Range).Maximum)) : 0,
            PreparedOffsets = preparedOffsets,
            PreparedBytes = prepared,
            PoolSlotOf = PlacePooled(pooledUses),
        };
    }

    private static long Maximum(ArenaItem item, SymbolTable symbols) => item.Bytes.Range(symbols.Range).Maximum;

    private static long[] Place(IReadOnlyList<ArenaItem> items, SymbolTable symbols, out long total)
    {
        var offsets = new long[items.Count];
        total = ArenaPlacement.Place(
            items.Count,
            [.. items.Select(item => Maximum(item, symbols))],
            [.. items.Select(item => item.First)],
            [.. items.Select(item => item.Last)],
            [.. items.Select(item => item.IdleFrom)],
            [.. items.Select(item => item.IdleTo)],
            offsets,
            new int[ArenaPlacement.WorkLength(items.Count)]);
        return offsets;
    }

    /// <summary>Gives each buffer that grows a slot that no other uses at the same time.</summary>
    private static Dictionary<MemoryBuffer, int> PlacePooled(Dictionary<MemoryBuffer, (int First, int Last)> uses)
    {
        var slots = new Dictionary<MemoryBuffer, int>();
        var lastUses = new List<int>();
        foreach (MemoryBuffer buffer in uses.Keys.OrderBy(buffer => uses[buffer].First))
        {
            int slot = lastUses.FindIndex(last => last < uses[buffer].First);
            if (slot < 0)
            {
                slot = lastUses.Count;
                lastUses.Add(0);
            }

            lastUses[slot] = uses[buffer].Last;
            slots[buffer] = slot;
        }

        return slots;
    }

    /// <summary>Which of the results of the kernel that begins it a use belongs to.</summary>
    private static int BirthOrder(LoweredModel model, ArenaUse use)
    {
        IReadOnlyList<View> writes = use.FirstKernel < model.Kernels.Count ? model.Kernels[use.FirstKernel].Writes : [];
        for (int index = 0; index < writes.Count; index++)
        {
            if (writes[index].Buffer == use.Buffers[0])
            {
                return index;
            }
        }

        return writes.Count;
    }

    private static Dictionary<MemoryBuffer, (int First, int Last)> FindUses(LoweredModel model, MemoryKind kind)
    {
        var uses = new Dictionary<MemoryBuffer, (int First, int Last)>();
        void Use(MemoryBuffer buffer, int kernel)
        {
            if (buffer.Kind == kind)
            {
                uses[buffer] = uses.TryGetValue(buffer, out (int First, int Last) known) ? (Math.Min(known.First, kernel), Math.Max(known.Last, kernel)) : (kernel, kernel);
            }
        }

        for (int index = 0; index < model.Kernels.Count; index++)
        {
            foreach (View view in model.Kernels[index].Reads.Concat(model.Kernels[index].Writes))
            {
                Use(view.Buffer, index);
            }
        }

        foreach (View? output in model.Outputs)
        {
            if (output is not null)
            {
                Use(output.Buffer, model.Kernels.Count);
            }
        }

        KeepThroughBlocks(model, uses);
        return uses;
    }

    /// <summary>
    /// A kernel with blocks stands behind theirs and begins before them: what it reads and writes itself is in use all the time, and so is whatever a block uses that was made
    /// before, since the block may run again.
    /// </summary>
    private static void KeepThroughBlocks(LoweredModel model, Dictionary<MemoryBuffer, (int First, int Last)> uses)
    {
        var begins = new Dictionary<Kernel, int>();
        for (int index = 0; index < model.Kernels.Count; index++)
        {
            Kernel kernel = model.Kernels[index];
            int begin = kernel.Blocks.SelectMany(block => block).Select(inner => begins[inner]).DefaultIfEmpty(index).Min();
            begins[kernel] = begin;
            if (begin == index)
            {
                continue;
            }

            var own = new HashSet<MemoryBuffer>(kernel.Reads.Concat(kernel.Writes).Select(view => view.Buffer));
            foreach (MemoryBuffer buffer in uses.Keys.ToArray())
            {
                (int first, int last) = uses[buffer];
                if (own.Contains(buffer))
                {
                    uses[buffer] = (Math.Min(first, begin), Math.Max(last, index));
                }
                else if (first < begin && last >= begin && last < index)
                {
                    uses[buffer] = (first, index);
                }
            }
        }
    }

    private static Dictionary<MemoryBuffer, MemoryBuffer> FindOverwrites(LoweredModel model, Dictionary<MemoryBuffer, (int First, int Last)> uses)
    {
        var overwrites = new Dictionary<MemoryBuffer, MemoryBuffer>();
        var taken = new HashSet<MemoryBuffer>();
        for (int index = 0; index < model.Kernels.Count; index++)
        {
            Kernel kernel = model.Kernels[index];
            foreach (View candidate in kernel.MayOverwrite)
            {
                MemoryBuffer from = candidate.Buffer;
                MemoryBuffer to = kernel.Writes[0].Buffer;
                if (from.Kind == MemoryKind.Arena && to.Kind == MemoryKind.Arena && from != to && uses[from].Last == index && uses[to].First == index
                    && from.Bytes == to.Bytes && !overwrites.ContainsKey(to) && taken.Add(from))
                {
                    overwrites[to] = from;
                    break;
                }
            }
        }

        return overwrites;
    }
}

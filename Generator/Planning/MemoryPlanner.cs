using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Memory;

namespace Cameo.Generator.Planning;

/// <summary>
/// Places buffers in the arena: finds the first and last use of each, lets results overwrite operands in place where the kernel allows it, and hands the rest to
/// <see cref="ArenaPlacement"/>. Buffers of unbounded size are placed at run time by the same algorithm.
/// </summary>
internal static class MemoryPlanner
{
    /// <summary>Larger arenas are laid out at run time, for the sizes that really come.</summary>
    private const long MaximumStaticBytes = 1L << 36;

    public static MemoryPlan Run(LoweredModel model, SymbolTable symbols)
    {
        Dictionary<MemoryBuffer, (int First, int Last)> uses = FindUses(model);
        Dictionary<MemoryBuffer, MemoryBuffer> overwrites = FindOverwrites(model, uses);

        // A chain of buffers that overwrite each other is one slot.
        var slots = new List<List<MemoryBuffer>>();
        var slotOf = new Dictionary<MemoryBuffer, int>();
        foreach (MemoryBuffer buffer in uses.Keys.OrderBy(buffer => uses[buffer].First))
        {
            if (overwrites.TryGetValue(buffer, out MemoryBuffer? previous))
            {
                slotOf[buffer] = slotOf[previous];
                slots[slotOf[buffer]].Add(buffer);
            }
            else
            {
                slotOf[buffer] = slots.Count;
                slots.Add([buffer]);
            }
        }

        Dimension[] bytes = [.. slots.Select(buffers => buffers[0].Bytes)];
        int[] first = [.. slots.Select(buffers => buffers.Min(buffer => uses[buffer].First))];
        int[] last = [.. slots.Select(buffers => buffers.Max(buffer => uses[buffer].Last))];
        long[] maximum = [.. bytes.Select(size => size.Range(symbols.Range).Maximum)];
        bool isStatic = maximum.All(size => size <= MaximumStaticBytes);
        long[] offsets = new long[slots.Count];
        long total = 0;
        if (isStatic)
        {
            offsets = ArenaPlacement.Place(maximum, first, last, out total);
        }

        var preparedOffsets = new Dictionary<MemoryBuffer, long>();
        long prepared = 0;
        foreach (MemoryBuffer buffer in model.Prepared)
        {
            preparedOffsets[buffer] = prepared;
            prepared += ArenaPlacement.Align(buffer.Bytes.Constant);
        }

        return new MemoryPlan
        {
            Slots = [.. slots.Select((buffers, index) => new ArenaSlot(buffers, bytes[index], first[index], last[index], offsets[index]))],
            SlotOf = slotOf,
            IsStatic = isStatic,
            ArenaBytes = total,
            BytesBeforePlanning = isStatic ? uses.Keys.Sum(buffer => ArenaPlacement.Align(buffer.Bytes.Range(symbols.Range).Maximum)) : 0,
            PreparedOffsets = preparedOffsets,
            PreparedBytes = prepared,
        };
    }

    private static Dictionary<MemoryBuffer, (int First, int Last)> FindUses(LoweredModel model)
    {
        var uses = new Dictionary<MemoryBuffer, (int First, int Last)>();
        void Use(MemoryBuffer buffer, int kernel)
        {
            if (buffer.Kind == MemoryKind.Arena)
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

        return uses;
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

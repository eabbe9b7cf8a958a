using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Outlining;
using Cameo.Generator.Planning;
using Xunit;

namespace Cameo.Tests.Outlining;

/// <summary>Repeated blocks get the same places in every repetition, and never a place that something else needs.</summary>
public sealed class RepetitionFoldingTests
{
    private static readonly Dictionary<LoweredModel, (int Inner, int InnerKernels, int OuterKernels, int Outer)> Shapes = [];

    private static readonly Node Node = new("node", "", "Identity", 1);

    [Fact]
    public void BlocksHaveTheSamePlacesInEveryRepetition()
    {
        // x → (h = f(x); x' = g(h, x)) × 20, then an output.
        MemoryPlan plan = Plan(20, static (model, x, repetition) =>
        {
            MemoryBuffer hidden = Buffer($"hidden{repetition}", 4096);
            MemoryBuffer next = Buffer($"x{repetition + 1}", 1024);
            model.Kernels.Add(Kernel([x], [hidden]));
            model.Kernels.Add(Kernel([hidden, x], [next]));
            return next;
        }, out LoweredModel model);

        AssertDisjoint(plan, model);
        long[] hidden = [.. Places(plan, model, "hidden")];
        Assert.Equal(20, hidden.Length);
        Assert.Single(hidden.Distinct());

        // Written while the one before is read: two places in turn.
        long[] stream = [.. Places(plan, model, "x")];
        Assert.Equal(2, stream.Distinct().Count());
        Assert.All(Enumerable.Range(2, stream.Length - 2), index => Assert.Equal(stream[index - 2], stream[index]));

        // As little as it takes: a hidden value and two of the stream.
        Assert.Equal((4096 + 2048) * 4, plan.ArenaBytes);
    }

    [Fact]
    public void WhatIsKeptOfEachRepetitionHasItsOwnPlace()
    {
        List<MemoryBuffer> kept = [];
        MemoryPlan plan = Plan(8, (model, x, repetition) =>
        {
            MemoryBuffer next = Buffer($"x{repetition + 1}", 64);
            MemoryBuffer result = Buffer($"kept{repetition}", 64);
            model.Kernels.Add(Kernel([x], [next]));
            model.Kernels.Add(Kernel([next], [result]));
            kept.Add(result);
            return next;
        }, out LoweredModel model, _ => kept);

        AssertDisjoint(plan, model);
        Assert.Equal(8, Places(plan, model, "kept").Distinct().Count());
    }

    [Fact]
    public void NothingOverlapsInRandomPrograms()
    {
        var random = new Random(11);
        int folded = 0;
        for (int trial = 0; trial < 400; trial++)
        {
            LoweredModel model = RandomProgram(random);
            foreach (IReadOnlyList<ScheduleNode> nodes in Schedules(model))
            {
                MemoryPlan plan = MemoryPlanner.Run(model, nodes, new SymbolTable());
                AssertDisjoint(plan, model);
                folded += plan.Slots.Any(static slot => slot.Uses.Count > 1) ? 1 : 0;
            }
        }

        Assert.True(folded > 100, $"Only {folded} programs had anything to fold.");
    }

    /// <summary>Blocks in blocks of kernels with chance reads of what came before, some of it long ago.</summary>
    private static LoweredModel RandomProgram(Random random)
    {
        LoweredModel model = new();
        List<MemoryBuffer> values = [Buffer("input", 64)];
        model.Kernels.Add(Kernel([], [values[0]]));
        int inner = random.Next(1, 4);
        int innerKernels = random.Next(1, 4);
        int outerKernels = random.Next(0, 4);
        int[] distances = [.. Enumerable.Range(0, 2 * (innerKernels + outerKernels)).Select(_ => random.Next(1, random.Next(2, 7)))];
        int[] sizes = [.. Enumerable.Range(0, innerKernels + outerKernels).Select(_ => 64 * random.Next(1, 4))];
        int outer = random.Next(2, 6);
        for (int repetition = 0; repetition < outer; repetition++)
        {
            for (int step = 0; step < inner; step++)
            {
                AddKernels(0, innerKernels);
            }

            AddKernels(innerKernels, innerKernels + outerKernels);
        }

        int tail = random.Next(0, 3);
        for (int index = 0; index < tail; index++)
        {
            MemoryBuffer value = Buffer($"tail{index}", 64);
            model.Kernels.Add(Kernel([values[random.Next(values.Count)]], [value]));
            values.Add(value);
        }

        model.Outputs.Add(View(values[^1]));
        model.Outputs.Add(View(values[random.Next(values.Count)]));
        Shapes[model] = (inner, innerKernels, outerKernels, outer);
        return model;

        void AddKernels(int first, int end)
        {
            for (int kernel = first; kernel < end; kernel++)
            {
                MemoryBuffer value = Buffer($"v{values.Count}", sizes[kernel]);
                MemoryBuffer[] reads = [values[Math.Max(0, values.Count - distances[2 * kernel])], values[Math.Max(0, values.Count - distances[(2 * kernel) + 1])]];
                model.Kernels.Add(Kernel(reads, [value], inPlace: random.Next(4) == 0));
                values.Add(value);
            }
        }
    }

    /// <summary>The program's own loops, all of them and with the last repetition cut off.</summary>
    private static IEnumerable<IReadOnlyList<ScheduleNode>> Schedules(LoweredModel model)
    {
        (int inner, int innerKernels, int outerKernels, int outer) = Shapes[model];
        int period = (inner * innerKernels) + outerKernels;
        List<ScheduleNode> body = [];
        if (inner > 1)
        {
            body.Add(new ScheduleLoop(1, inner, innerKernels, 0, [.. Enumerable.Range(1, innerKernels).Select(static step => new ScheduleStep(step))]));
        }
        else
        {
            body.AddRange(Enumerable.Range(1, innerKernels).Select(static step => new ScheduleStep(step)));
        }

        body.AddRange(Enumerable.Range(1 + (inner * innerKernels), outerKernels).Select(static step => new ScheduleStep(step)));
        IEnumerable<ScheduleNode> Rest(int from) => Enumerable.Range(from, model.Kernels.Count - from).Select(static step => new ScheduleStep(step));
        yield return [new ScheduleStep(0), new ScheduleLoop(1, outer, period, 0, body), .. Rest(1 + (outer * period))];
        if (outer > 2 && outerKernels > 0)
        {
            yield return [new ScheduleStep(0), new ScheduleLoop(1, outer - 1, period, inner * innerKernels, body), .. Rest(1 + ((outer - 1) * period) + (inner * innerKernels))];
        }
    }

    private static MemoryPlan Plan(int count, Func<LoweredModel, MemoryBuffer, int, MemoryBuffer> block, out LoweredModel model, Func<MemoryBuffer, IEnumerable<MemoryBuffer>>? readLast = null)
    {
        model = new LoweredModel();
        MemoryBuffer x = Buffer("x0", 1024);
        model.Kernels.Add(Kernel([], [x]));
        for (int repetition = 0; repetition < count; repetition++)
        {
            x = block(model, x, repetition);
        }

        MemoryBuffer output = Buffer("output", 64);
        model.Kernels.Add(Kernel([x, .. readLast?.Invoke(x) ?? []], [output]));
        model.Outputs.Add(View(output));
        int period = (model.Kernels.Count - 2) / count;
        ScheduleNode[] nodes =
        [
            new ScheduleStep(0),
            new ScheduleLoop(1, count, period, 0, [.. Enumerable.Range(1, period).Select(static step => new ScheduleStep(step))]),
            new ScheduleStep(model.Kernels.Count - 1),
        ];
        return MemoryPlanner.Run(model, nodes, new SymbolTable());
    }

    /// <summary>No two buffers that are in use at the same kernel share a byte, unless one overwrites the other in place.</summary>
    private static void AssertDisjoint(MemoryPlan plan, LoweredModel model)
    {
        var uses = new Dictionary<MemoryBuffer, (int First, int Last)>();
        for (int index = 0; index <= model.Kernels.Count; index++)
        {
            foreach (MemoryBuffer buffer in index < model.Kernels.Count ? model.Kernels[index].Reads.Concat(model.Kernels[index].Writes).Select(static view => view.Buffer) : model.Outputs.Select(static view => view!.Buffer))
            {
                uses[buffer] = uses.TryGetValue(buffer, out var known) ? (known.First, index) : (index, index);
            }
        }

        MemoryBuffer[] buffers = [.. uses.Keys];
        for (int left = 0; left < buffers.Length; left++)
        {
            for (int right = left + 1; right < buffers.Length; right++)
            {
                (MemoryBuffer a, MemoryBuffer b) = (buffers[left], buffers[right]);
                bool together = uses[a].First <= uses[b].Last && uses[b].First <= uses[a].Last;
                bool inPlace = Replaces(a, b) || Replaces(b, a);
                long startA = plan.Slots[plan.SlotOf[a]].Offset;
                long startB = plan.Slots[plan.SlotOf[b]].Offset;
                bool apart = startA + a.Bytes.Constant <= startB || startB + b.Bytes.Constant <= startA;
                Assert.True(apart || !together || inPlace, $"{a} at {startA} and {b} at {startB}");
            }
        }

        bool Replaces(MemoryBuffer from, MemoryBuffer to) =>
            uses[from].Last == uses[to].First && model.Kernels[uses[to].First].MayOverwrite.Any(view => view.Buffer == from);
    }

    private static IEnumerable<long> Places(MemoryPlan plan, LoweredModel model, string name) =>
        model.Kernels.SelectMany(static kernel => kernel.Writes).Where(view => view.Buffer.Name.StartsWith(name, StringComparison.Ordinal)).Select(view => plan.Slots[plan.SlotOf[view.Buffer]].Offset);

    private static MemoryBuffer Buffer(string name, long elements) => new(name, MemoryKind.Arena, ElementType.Float32, elements);

    private static View View(MemoryBuffer buffer) => new(buffer, new Shape([buffer.Elements]));

    private static Kernel Kernel(IEnumerable<MemoryBuffer> reads, IEnumerable<MemoryBuffer> writes, bool inPlace = false)
    {
        View[] inputs = [.. reads.Select(View)];
        return new Kernel("test", Node, inputs, [.. writes.Select(View)], static _ => { }) { MayOverwrite = inPlace ? [.. inputs.Take(1)] : [] };
    }
}

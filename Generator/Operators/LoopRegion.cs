using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// What Loop and Scan have in common: a body that runs several times over memory of its own, values that one iteration hands to the next, and results that every iteration
/// writes its part of. The number of the iteration is a symbol that the loop sets, so that parts of tensors are views like any other.
/// </summary>
internal sealed class LoopRegion(Node node, Graph body, LoweringContext context)
{
    private readonly List<View> _reads = [];
    private readonly List<View> _writes = [];
    private readonly List<(View Memory, Value Result)> _carried = [];
    private readonly List<(View Part, Value Result)> _parts = [];
    private readonly List<View> _collected = [];
    private readonly List<(int Memory, Value Result)> _sequences = [];

    /// <summary>The number of the iteration: 0, 1, ….</summary>
    public static Dimension Iteration(Node node) => Dimension.Symbol(SymbolName(node));

    /// <summary>Declares the symbol of the iteration; its name is the node's and stays in all rounds of inference.</summary>
    public static Dimension DeclareIteration(Node node, Dimension trips, InferenceContext context)
    {
        const string attribute = "cameo.iteration";
        if (!node.HasAttribute(attribute))
        {
            string name = $"iteration of {node.Name}";
            for (int number = 2; context.Symbols.Contains(name); number++)
            {
                name = $"iteration {number} of {node.Name}";
            }

            node.SetAttribute(attribute, name);
        }

        long maximum = trips.Range(context.Symbols.Range).Maximum;
        context.Symbols.DeclareSetByKernel(SymbolName(node), new DimensionRange(0, maximum == long.MaxValue ? maximum : Math.Max(0, maximum - 1)));
        return Iteration(node);
    }

    /// <summary>Symbols that change from iteration to iteration.</summary>
    public static IEnumerable<string> InnerSymbols(Node node) =>
        node.Bodies.SelectMany(body => body.Nodes).SelectMany(inner => DataSizes.Names(inner).Concat(InnerSymbols(inner))).Append(SymbolName(node));

    /// <summary>A value that an iteration takes from the one before, and the first from outside; returns where it lies after the loop.</summary>
    public View Carry(Value initial, Value input, Value result)
    {
        View memory = context.Variable($"{input.Name} (carried)", initial.ElementType, initial.Shape);
        context.Copy(context.Read(initial), memory, node);
        context.SetView(input, memory);
        _carried.Add((memory, result));
        _reads.Add(memory);
        _writes.Add(memory);
        return memory;
    }

    /// <summary>A sequence or optional that an iteration takes from the one before, and the first from outside; after the loop it is the output.</summary>
    public void CarrySequence(Value initial, Value input, Value result, Value? output)
    {
        int memory = context.Sequences.Add(node, input);
        context.Sequences.Hand(node, initial, memory, context);
        _sequences.Add((memory, result));
        if (output is not null)
        {
            context.Sequences.Set(output, memory);
        }
    }

    /// <summary>A result of which every iteration writes one part along an axis.</summary>
    public View Collect(Value output, Value result, int axis, Dimension position)
    {
        View whole = context.Variable(output.Name, output.ElementType, output.Shape);
        _parts.Add((Part(whole, axis, position), result));
        _collected.Add(whole);
        _writes.Add(whole);
        return whole;
    }

    /// <summary>One part along an axis, without the axis.</summary>
    public static View Part(View whole, int axis, Dimension position)
    {
        View slice = whole.Slice(axis, position, Dimension.One);
        return new View(slice.Buffer, new Shape([.. slice.Shape.Where((_, index) => index != axis)]), [.. slice.Strides.Where((_, index) => index != axis)], slice.Offset);
    }

    /// <summary>Memory that the loop's head reads.</summary>
    public void Read(View view) => _reads.Add(view);

    /// <summary>Lowers the body and adds the loop.</summary>
    /// <param name="kind">"loop" is taken by fused loops: "repeat" or "scan".</param>
    /// <param name="summary">A line for a human.</param>
    /// <param name="trips">The number of iterations, where the loop itself tells it.</param>
    /// <param name="writeHead">Writes what stands before the loop and returns the condition under which it goes on; gets the C# of the iteration.</param>
    /// <param name="writeEnd">Writes what stands behind it.</param>
    public void Add(string kind, string summary, Dimension? trips, Func<KernelWriter, string, string> writeHead, Action<KernelWriter, string>? writeEnd = null)
    {
        List<Kernel> block = context.LowerBlock(body, Finish);
        context.Add(new Kernel(kind, node, [.. _reads], [.. _writes], writer =>
        {
            string iteration = writer.Size(Iteration(node));
            string condition = writeHead(writer, iteration);
            WriteTrips(writer, trips, "0");
            foreach (View whole in _collected.Where(whole => whole.Buffer.Kind == MemoryKind.Pooled))
            {
                writer.Ensure(whole, node);
            }

            using (writer.Block($"for ({iteration} = 0; {condition}; {iteration}++)"))
            {
                WriteTrips(writer, trips, $"{iteration} + 1");
                foreach (View whole in trips is null ? [] : _collected.Where(whole => whole.Shape[0] == trips))
                {
                    writer.Extend(whole, new Shape([Iteration(node), .. whole.Shape.Skip(1)]).ElementCount * whole.ElementType.Bytes(), node);
                }

                block.ForEach(kernel => writer.Line($"{writer.Call(kernel)};"));
            }

            WriteTrips(writer, trips, iteration);
            writeEnd?.Invoke(writer, iteration);
        })
        {
            Blocks = [block],
            Sizes = trips?.Symbols().ToArray() ?? [],
            UpdatesState = _sequences.Count > 0,
            Summary = summary,
        });
    }

    private static void WriteTrips(KernelWriter writer, Dimension? trips, string value)
    {
        if (trips is not null)
        {
            writer.SetSize(trips, value);
        }
    }

    private static string SymbolName(Node node) => node.StringAttribute("cameo.iteration", "");

    private void Finish()
    {
        foreach ((View part, Value result) in _parts)
        {
            context.Copy(context.Read(result), part, node);
        }

        context.Sequences.HandOn(node, _sequences, context);

        // A body may hand values on crosswise: what another carried value still reads is set aside first.
        HashSet<MemoryBuffer> memories = [.. _carried.Select(carried => carried.Memory.Buffer)];
        var sources = new List<View>();
        foreach ((View memory, Value result) in _carried)
        {
            View source = ReshapingOperator.Reshape(result, memory.Shape, context);
            bool isOwn = source.Buffer == memory.Buffer && source.ToString() == memory.ToString();
            if (memories.Contains(source.Buffer) && !isOwn)
            {
                View aside = context.Variable($"{result.Name} (set aside)", source.ElementType, source.Shape);
                context.Copy(source, aside, node);
                source = aside;
            }

            sources.Add(source);
        }

        for (int index = 0; index < sources.Count; index++)
        {
            context.Copy(sources[index], _carried[index].Memory, node);
        }
    }
}

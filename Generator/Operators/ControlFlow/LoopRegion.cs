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
    private readonly List<(View Memory, Value Result, string?[] Symbols)> _changing = [];
    private readonly List<(View Whole, Value Result, string?[] Symbols)> _measured = [];
    private readonly List<(string Symbol, Dimension Size)> _sizes = [];

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
    public View Carry(Value initial, Value input, Value result, Func<int, string?>? changing = null)
    {
        string?[] symbols = [.. Enumerable.Range(0, initial.Shape.Rank).Select(axis => changing?.Invoke(axis))];
        View memory;
        if (symbols.All(symbol => symbol is null))
        {
            memory = context.Variable($"{input.Name} (carried)", initial.ElementType, initial.Shape);
            context.Copy(context.Read(initial), memory, node);
            _carried.Add((memory, result));
        }
        else
        {
            View from = context.Read(initial);
            context.Add(new Kernel("sizes", node, [], [], writer => SetChanging(writer, symbols, [.. from.Shape.Select(writer.Size)])) { Sizes = [.. symbols.OfType<string>()], Nodes = [] });
            memory = context.Growing($"{input.Name} (carried)", initial.ElementType, input.Shape);
            context.Copy(from, new View(memory.Buffer, from.Shape), node);
            _changing.Add((memory, result, symbols));
        }

        context.SetView(input, memory);
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
    /// <param name="output">All parts.</param>
    /// <param name="result">A part.</param>
    /// <param name="axis">The axis.</param>
    /// <param name="position">Where the part of the present iteration goes.</param>
    /// <param name="measured">The symbols of sizes of a part, by axis, that its first iteration tells.</param>
    public View Collect(Value output, Value result, int axis, Dimension position, Func<int, string?>? measured = null)
    {
        View whole = context.Variable(output.Name, output.ElementType, output.Shape);
        View part = Part(whole, axis, position);
        _parts.Add((part, result));
        string?[] symbols = [.. part.Shape.Select((size, index) => measured?.Invoke(index) is { } symbol && size.AsSymbol() == symbol ? symbol : null)];
        if (symbols.Any(symbol => symbol is not null))
        {
            _measured.Add((whole, result, symbols));
        }
        else
        {
            _collected.Add(whole);
        }
        _writes.Add(whole);
        return whole;
    }

    /// <summary>One part along an axis, without the axis.</summary>
    public static View Part(View whole, int axis, Dimension position)
    {
        View slice = whole.Slice(axis, position, Dimension.One);
        return new View(slice.Buffer, new Shape([.. slice.Shape.Where((_, index) => index != axis)]), [.. slice.Strides.Where((_, index) => index != axis)], slice.Offset);
    }

    /// <summary>Sizes of a result that are known when the loop has ended.</summary>
    public void SetSizes(Shape result, Shape memory, Func<int, string?> symbols)
    {
        for (int axis = 0; axis < result.Rank; axis++)
        {
            if (symbols(axis) is { } symbol && result[axis].AsSymbol() == symbol)
            {
                _sizes.Add((symbol, memory[axis]));
            }
        }
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

            foreach ((View whole, _, string?[] symbols) in _measured)
            {
                SetChanging(writer, symbols, [.. symbols.Select(_ => "0")]);
                writer.Ensure(whole, node);
            }

            using (writer.Block($"for ({iteration} = 0; {condition}; {iteration}++)"))
            {
                WriteTrips(writer, trips, $"{iteration} + 1");
                foreach (View whole in trips is null ? [] : _collected.Where(whole => whole.Shape[0] == trips && whole.Buffer.Kind == MemoryKind.Pooled))
                {
                    writer.Extend(whole, new Shape([Iteration(node), .. whole.Shape.Skip(1)]).ElementCount * whole.ElementType.Bytes(), node);
                }

                block.ForEach(kernel => writer.Line($"{writer.Call(kernel)};"));
            }

            WriteTrips(writer, trips, iteration);
            _sizes.ForEach(size => writer.SetSize(Dimension.Symbol(size.Symbol), writer.Size(size.Size)));
            writeEnd?.Invoke(writer, iteration);
        })
        {
            Blocks = [block],
            Sizes = [.. trips?.Symbols() ?? [], .. _measured.SelectMany(measured => measured.Symbols.OfType<string>()), .. _sizes.Select(size => size.Symbol)],
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

    private static void SetChanging(KernelWriter writer, string?[] symbols, string[] sizes)
    {
        for (int axis = 0; axis < symbols.Length; axis++)
        {
            if (symbols[axis] is { } symbol)
            {
                writer.SetSize(Dimension.Symbol(symbol), sizes[axis]);
            }
        }
    }

    private void Finish()
    {
        foreach ((View whole, Value result, string?[] symbols) in _measured)
        {
            Measure(whole, context.Read(result).Shape, symbols);
        }

        foreach ((View part, Value result) in _parts)
        {
            context.Copy(context.Read(result), part, node);
        }

        context.Sequences.HandOn(node, _sequences, context);

        // A body may hand values on crosswise: what another carried value still reads is set aside first.
        HashSet<MemoryBuffer> memories = [.. _carried.Select(carried => carried.Memory.Buffer)];
        View[] exchanged = [.. _changing.Select(changing => Exchanged(changing.Result))];
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

        Exchange(exchanged);
    }

    /// <summary>The first part tells sizes of all, and the others must have the same; then there is room for it.</summary>
    private void Measure(View whole, Shape part, string?[] symbols)
    {
        context.Add(new Kernel("sizes", node, [], [], writer =>
        {
            string iteration = writer.Size(Iteration(node));
            string[] sizes = [.. part.Select(writer.Size)];
            using (writer.Block($"if ({iteration} == 0)"))
            {
                SetChanging(writer, symbols, sizes);
            }

            for (int axis = 0; axis < symbols.Length; axis++)
            {
                if (symbols[axis] is { } symbol)
                {
                    string first = writer.Size(Dimension.Symbol(symbol));
                    using (writer.Block($"if ({first} != {sizes[axis]})"))
                    {
                        writer.Line($"ThrowDimensionOutOfBounds({CSharpText.Literal($"{symbol}, which is the same in all iterations")}, {sizes[axis]}, {first}, {first}, \"\");");
                    }
                }
            }

            writer.Extend(whole, new Shape([Iteration(node), .. whole.Shape.Skip(1)]).ElementCount * whole.ElementType.Bytes(), node);
        })
        {
            UpdatesState = true,
            Nodes = [],
        });
    }

    /// <summary>Where a result lies whose memory can become that of the carried value: its own where only it is in there, else a copy.</summary>
    private View Exchanged(Value result)
    {
        View source = context.Read(result);
        bool isOwn = source.IsContiguous && source.Offset == Dimension.Zero && context.IsGrowingInBlock(source)
            && _changing.Count(other => context.Read(other.Result).Buffer == source.Buffer) == 1;
        if (isOwn)
        {
            return source;
        }

        View copy = context.Growing($"{result.Name} (next)", source.ElementType, source.Shape);
        context.Copy(source, copy, node);
        return copy;
    }

    /// <summary>Hands on what has changed its sizes: memory changes places, nothing is copied. Sizes are computed with those of this iteration, then replaced all at once.</summary>
    private void Exchange(View[] results)
    {
        if (results.Length == 0)
        {
            return;
        }

        context.Add(new Kernel("exchange", node, results, [.. _changing.Select(changing => changing.Memory)], writer =>
        {
            int number = 0;
            List<(string Symbol, string Size)> sizes = [];
            for (int index = 0; index < results.Length; index++)
            {
                for (int axis = 0; axis < results[index].Rank; axis++)
                {
                    if (_changing[index].Symbols[axis] is { } symbol)
                    {
                        writer.Line($"long size{number} = {writer.Size(results[index].Shape[axis])};");
                        sizes.Add((symbol, $"size{number++}"));
                    }
                }

                writer.Exchange(results[index], _changing[index].Memory);
            }

            sizes.ForEach(size => writer.SetSize(Dimension.Symbol(size.Symbol), size.Size));
        })
        {
            UpdatesState = true,
            Nodes = [],
            Summary = "hands on what has changed its sizes",
        });
    }
}

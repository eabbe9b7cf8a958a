using Cameo.Generator.Diagnostics;
using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;
using Cameo.Generator.Passes;

namespace Cameo.Generator.Lowering;

/// <summary>
/// Lowers a graph: values become views of memory, fused groups and other nodes become kernels. Moves become views where strides allow; what feeds a concatenation
/// writes straight into its result; kernels over constants go to the load phase.
/// </summary>
internal sealed class GraphLowering : LoweringContext
{
    private readonly List<DiagnosticInfo> _diagnostics;
    private readonly CancellationToken _cancellationToken;
    private Dictionary<Value, View> _views = [];
    private Dictionary<(MemoryBuffer, string), View> _copies = [];
    /// <summary>Kernels that one method of a branch or body calls.</summary>
    private const int KernelsPerBlock = 60;

    private readonly Dictionary<string, View> _weights = new(StringComparer.Ordinal);
    private readonly Dictionary<Value, (Node Concat, int Axis, Dimension Start)> _placements = [];
    private readonly HashSet<MemoryBuffer> _shared = [];
    private readonly HashSet<Value> _bodyOutputs = [];
    private HashSet<MemoryBuffer> _blockBuffers = [];
    private readonly Dictionary<Node, FusionGroup> _groups = [];
    private readonly LoweredModel _model = new();
    private readonly List<SizeRequirement> _openRequirements = [];
    private readonly HashSet<string> _knownSizes = new(StringComparer.Ordinal);

    private GraphLowering(Graph graph, List<DiagnosticInfo> diagnostics, CancellationToken cancellationToken)
    {
        Graph = graph;
        Sequences = new SequenceVariables(graph, _model.Sequences);
        _diagnostics = diagnostics;
        _cancellationToken = cancellationToken;
    }

    public override Graph Graph { get; }

    public override SequenceVariables Sequences { get; }

    public static LoweredModel Run(Graph graph, List<DiagnosticInfo> diagnostics, CancellationToken cancellationToken)
    {
        var lowering = new GraphLowering(graph, diagnostics, cancellationToken);
        lowering.BindInputs();
        lowering._openRequirements.AddRange(graph.Requirements.Where(requirement => requirement.Size.Symbols().Any(graph.Symbols.IsData)));
        lowering.LowerNodes(graph);
        if (diagnostics.All(diagnostic => diagnostic.Severity != DiagnosticLevel.Error))
        {
            lowering.BindOutputs();
            DropUnread(lowering._model);
            CacheWriting.Run(lowering._model);
            ProductJoining.Run(lowering._model, lowering);
            LastPosition.Run(graph, lowering._model);
        }

        return lowering._model;
    }

    private void LowerNodes(Graph graph)
    {
        foreach (KeyValuePair<Node, FusionGroup> group in LoopFusion.Run(graph, value => graph.IsOutput(value) || graph.States.Any(state => state.Output == value)))
        {
            _groups[group.Key] = group.Value;
        }

        PlaceConcatenations(graph);
        foreach (Node node in graph.Nodes)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            try
            {
                Lower(node);
            }
            catch (ModelException exception)
            {
                _diagnostics.Add(ShapePropagation.Diagnose(exception.Node ?? node, exception));

                // What reads the node's results would fail for no reason of its own.
                if (_diagnostics.Count(diagnostic => diagnostic.Severity == DiagnosticLevel.Error) > 20)
                {
                    break;
                }

                DefineFailed(node);
            }
        }
    }

    public override View Read(Value value)
    {
        if (_views.TryGetValue(value, out View? view))
        {
            return view;
        }

        view = value.Constant is not null ? AddWeight(value.Name, TryGetWeight(value)!).Reshape(value.Shape)!
            : value.Elements is not null ? WriteElements(value)
            : throw new ModelException(value.Producer, $"'{value.Name}' has no memory of its own, so it cannot be read here", unsupported: true);
        _views[value] = view;
        return view;
    }

    public override View ReadContiguous(Value value) => MakeContiguous(Read(value), Maker(value));

    public override View MakeContiguous(View view, Node node)
    {
        if (view.IsContiguous)
        {
            return view;
        }

        var key = (view.Buffer, view.ToString());
        if (!_copies.TryGetValue(key, out View? copy))
        {
            copy = Scratch(node, view.ElementType, view.Shape);
            Copy(view, copy, node);
            _copies[key] = copy;
        }

        return copy;
    }

    public override View Write(Value value, bool allowStrides = false)
    {
        if (_views.TryGetValue(value, out View? known))
        {
            return known;
        }

        if (_placements.TryGetValue(value, out var placement))
        {
            View whole = Write(placement.Concat.Output, allowStrides: true);
            View part = whole.Slice(placement.Axis, placement.Start, value.Shape[placement.Axis]);
            if (allowStrides || part.IsContiguous)
            {
                _shared.Add(whole.Buffer);
                _views[value] = part;
                return part;
            }
        }

        View view = Memory(value.Name, value.ElementType, value.Shape);
        _views[value] = view;
        return view;
    }

    public override View Scratch(Node node, ElementType type, Shape shape) =>
        Memory($"{node.Name} (scratch)", type, shape);

    public override View Variable(string name, ElementType type, Shape shape)
    {
        View view = Memory(name, type, shape);
        _shared.Add(view.Buffer);
        return view;
    }

    public override View Growing(string name, ElementType type, Shape shape)
    {
        View view = new(new MemoryBuffer(name, MemoryKind.Pooled, type, shape.ElementCount), shape);
        _shared.Add(view.Buffer);
        _blockBuffers.Add(view.Buffer);
        return view;
    }

    public override bool IsOutput(Value value) => Graph.IsOutput(value) || _bodyOutputs.Contains(value);

    public override bool IsGrowingInBlock(View view) => view.Buffer.Kind == MemoryKind.Pooled && _blockBuffers.Contains(view.Buffer);

    public override List<Kernel> LowerBlock(Graph body, Action finish)
    {
        // What a block makes is there only when the block runs: copies and written shapes too.
        Dictionary<Value, View> views = _views;
        Dictionary<(MemoryBuffer, string), View> copies = _copies;
        HashSet<MemoryBuffer> blockBuffers = _blockBuffers;
        _views = new(views);
        _copies = new(copies);
        _blockBuffers = [];
        _bodyOutputs.UnionWith(body.Outputs);
        int start = _model.Kernels.Count;
        AddRequirements(body);
        using IDisposable block = Sequences.Enter(body);
        LowerNodes(body);
        if (_diagnostics.All(diagnostic => diagnostic.Severity != DiagnosticLevel.Error))
        {
            finish();
        }

        _views = views;
        _copies = copies;
        _blockBuffers = blockBuffers;
        List<Kernel> kernels = Block(start);

        // A method calls so many kernels; longer blocks are called part by part.
        while (kernels.Count > KernelsPerBlock)
        {
            List<Kernel> parts = [];
            for (int first = 0; first < kernels.Count; first += KernelsPerBlock)
            {
                List<Kernel> part = kernels.GetRange(first, Math.Min(KernelsPerBlock, kernels.Count - first));
                var caller = new Kernel("part", part[0].Node, [], [], writer => part.ForEach(inner => writer.Line($"{writer.Call(inner)};"))) { Blocks = [part], Nodes = [] };
                part.ForEach(inner => inner.Owner = caller);
                _model.Kernels.Insert(_model.Kernels.IndexOf(part[part.Count - 1]) + 1, caller);
                parts.Add(caller);
            }

            kernels = parts;
        }

        return kernels;
    }

    public override void SetView(Value value, View view) => _views[value] = view;

    public override View AddWeight(string name, WeightExpression expression)
    {
        string key = expression.ToString();
        if (!_weights.TryGetValue(key, out View? view))
        {
            view = new View(_model.AddWeight(name, expression), Shape.Of([.. expression.Shape]));
            _weights[key] = view;
        }

        return view;
    }

    public override WeightExpression? TryGetWeight(Value value) => value.Constant switch
    {
        WeightConstant weight => weight.Expression,
        InlineConstant inline => new WeightBytes(inline.Data, inline.Type.ElementType, inline.Type.Shape.ToStatic()),
        _ => null,
    };

    public override void Add(Kernel kernel)
    {
        // Constants read at a place that only a run knows, such as a loop's iteration, are read in the run; so is what takes numbers of the run as arguments.
        bool isConstant = kernel.Reads.Count > 0 && kernel.Blocks.Count == 0 && !kernel.UpdatesState && !kernel.NeedsSession && kernel.Sizes.Count == 0
            && Members(kernel).All(node => node.Inputs.All(IsFixed))
            && kernel.Reads.All(view => view.Buffer.Kind is MemoryKind.Weights or MemoryKind.Prepared && view.Shape.IsStatic && view.Offset.IsStatic && view.Strides.All(stride => stride.IsStatic))
            && kernel.Writes.All(view => view.Buffer.Kind == MemoryKind.Arena && view.Buffer.Elements.IsStatic && IsWhole(view) && !_shared.Contains(view.Buffer));
        if (!isConstant)
        {
            foreach (Kernel inner in kernel.Blocks.SelectMany(block => block))
            {
                inner.Owner = kernel;
            }

            _model.Kernels.Add(kernel);
            AddSizeChecks(kernel);
            return;
        }

        _model.LoadKernels.Add(kernel);
        foreach (View view in kernel.Writes)
        {
            view.Buffer.Kind = MemoryKind.Prepared;
            _model.Prepared.Add(view.Buffer);
        }
    }

    public override void Copy(View from, View to, Node node)
    {
        if (from.Buffer == to.Buffer && from.ToString() == to.ToString())
        {
            return;
        }

        (List<Dimension> sizes, List<Dimension>[] strides) = LoopNest.Merge([.. from.Shape], [from.Strides, to.Strides]);
        int last = sizes.Count - 1;
        LoopStream Stream(View view, List<Dimension> merged) => last < 0
            ? new LoopStream(view, [], [Dimension.Zero])
            : new LoopStream(view, merged.GetRange(0, last), [merged[last]]);
        var nest = new LoopNest
        {
            RowSizes = last < 0 ? [] : sizes.GetRange(0, last),
            InnerSizes = last < 0 ? [Dimension.One] : [sizes[last]],
            Inputs = [Stream(from, strides[0])],
            Output = Stream(to, strides[1]),
            Result = new InputExpression(0, from.ElementType),
            Reduces = false,
            StoresRows = false,
        };
        Add(new Kernel("copy", node, [from], [to], writer => LoopWriter.Write(nest, writer)) { Summary = $"copies {from.Buffer.Name} into place" });
    }

    public override StatePair? State(Value value) => Graph.States.FirstOrDefault(state => state.Past == value || state.Output == value);

    public override FusedEpilogue Epilogue(Node node)
    {
        FusedEpilogue epilogue = new LoopBuilder(_groups[node], this).BuildEpilogue();
        EpilogueKind kind = OperatorRegistry.Find(node)!.EpilogueKind(node);
        View[] inputs = [.. epilogue.Inputs.Select(view => kind == EpilogueKind.Matrix
            ? EpilogueWriter.IsMatrixAddressable(view) ? view : MakeContiguous(view, node)
            : EpilogueWriter.IsChannelAddressable(view, epilogue.Output.Shape) ? view : MakeContiguous(view, node))];
        return epilogue with { Inputs = inputs };
    }

    private IEnumerable<Node> Members(Kernel kernel) => _groups.TryGetValue(kernel.Node, out FusionGroup? group) ? group.Members.Append(kernel.Node) : [kernel.Node];

    /// <summary>Whether it is not a number that a run's sizes, or a loop's iteration, give.</summary>
    private static bool IsFixed(Value? value) => value is null || ((value.Elements is not { } elements || elements.All(element => element.IsStatic)) && LoopBuilder.Size(value) is not { Size.IsStatic: false });

    /// <summary>Whether a view is all of its buffer: a buffer that other kernels write parts of (a concatenation's result) must not move to the load phase.</summary>
    private static bool IsWhole(View view) => view.IsContiguous && view.Offset == Dimension.Zero && view.Shape.ElementCount == view.Buffer.Elements;

    private List<Kernel> Block(int start) => [.. _model.Kernels.Skip(start).Where(kernel => kernel.Owner is null)];

    /// <summary>Memory for a value: in the arena where its size is known when a run begins, else a place that grows when it is.</summary>
    private View Memory(string name, ElementType type, Shape shape)
    {
        var buffer = new MemoryBuffer(name, Graph.Symbols.IsKnownAtStart(shape.ElementCount) ? MemoryKind.Arena : MemoryKind.Pooled, type, shape.ElementCount);
        _blockBuffers.Add(buffer);
        return new View(buffer, shape);
    }

    /// <summary>What a body takes for granted of sizes is checked where the body runs; what depends on data, where those are known.</summary>
    private void AddRequirements(Graph body)
    {
        foreach (SizeRequirement requirement in body.Requirements)
        {
            if (IsSet(requirement.Size))
            {
                AddCheck(requirement, body.Nodes.FirstOrDefault() ?? new Node(body.Name, "", "Identity", OperatorRegistry.NewestOpset));
            }
            else
            {
                _openRequirements.Add(requirement);
            }
        }
    }

    /// <summary>Checks what was taken for granted of sizes that the kernel makes known.</summary>
    private void AddSizeChecks(Kernel kernel)
    {
        if (kernel.Sizes.Count == 0)
        {
            return;
        }

        _knownSizes.UnionWith(kernel.Sizes);
        SizeRequirement[] known = [.. _openRequirements.Where(requirement => IsSet(requirement.Size))];
        foreach (SizeRequirement requirement in known)
        {
            _openRequirements.Remove(requirement);
            AddCheck(requirement, kernel.Node);
        }
    }

    /// <summary>Whether all kernels that set symbols of an expression stand before the present place.</summary>
    private bool IsSet(Dimension size) => size.Symbols().All(symbol => !Graph.Symbols.IsData(symbol) || _knownSizes.Contains(symbol));

    private void AddCheck(SizeRequirement requirement, Node node) => Add(new Kernel("check", node, [], [], writer =>
    {
        string size = writer.Size(requirement.Size);
        using (writer.Block($"if ({size} != {requirement.Value})"))
        {
            writer.Line($"ThrowDimensionOutOfBounds({CSharpText.Literal($"{requirement.Size} ({requirement.What})")}, {size}, {requirement.Value}, {requirement.Value}, \"\");");
        }
    })
    {
        UpdatesState = true,
        Nodes = [],
    });

    private void BindInputs()
    {
        for (int index = 0; index < Graph.Inputs.Count; index++)
        {
            Value input = Graph.Inputs[index];
            int state = Graph.States.FindIndex(state => state.Input == input);
            if (state < 0 || !Graph.States[state].IsAppended)
            {
                var buffer = new MemoryBuffer(input.Name, state < 0 ? MemoryKind.Input : MemoryKind.State, input.ElementType, input.Shape.ElementCount) { Index = state < 0 ? index : state };
                _views[input] = new View(buffer, input.Shape);
            }

            // What tokens are appended to has no dense memory: only attention knows how it lies.
        }

        for (int index = 0; index < Graph.States.Count; index++)
        {
            if (Graph.States[index] is { Kind: StateKind.Carried, Output: { } output })
            {
                _views[output] = StateView(index, output);
            }
        }
    }

    /// <summary>Where a run leaves the next content of a carried tensor.</summary>
    private static View StateView(int index, Value output) =>
        new(new MemoryBuffer(output.Name, MemoryKind.NextState, output.ElementType, output.Shape.ElementCount) { Index = index }, output.Shape);

    /// <summary>Values that only a concatenation reads are written into their place in its result.</summary>
    private void PlaceConcatenations(Graph graph)
    {
        foreach (Node node in graph.Nodes.Where(node => node is { Type: "Concat", Domain: "" }))
        {
            // The place of a part is known before the part is made only where all sizes are.
            if (Graph.States.Any(state => state.IsAppended && state.Output == node.Output) || !node.Output.Shape.All(Graph.Symbols.IsKnownAtStart))
            {
                continue;
            }

            int axis = ShapeMath.Axis(node, node.IntegerAttribute("axis", 1), node.Output.Shape.Rank);
            Dimension start = Dimension.Zero;
            foreach (Value? input in node.Inputs)
            {
                if (IsPlaceable(input!, node, axis, graph))
                {
                    _placements[input!] = (node, axis, start);
                }

                start += input!.Shape[axis];
            }
        }
    }

    /// <summary>
    /// Whether a value can be written into its place in a concatenation. Where that place is dense, others can read it there as well as anywhere, and what it holds may be a
    /// concatenation itself: a chain that appends to what came before is written once.
    /// </summary>
    private bool IsPlaceable(Value input, Node concatenation, int axis, Graph graph)
    {
        bool isDense = Enumerable.Range(0, axis).All(outer => input.Shape[outer].Value == 1);
        if (input.Producer is not { } producer || input.IsKnown || graph.IsOutput(input) || _placements.ContainsKey(input)
            || (!isDense && input.Consumers.Count > 1) || concatenation.Inputs.Count(other => other == input) > 1)
        {
            return false;
        }

        return _groups.TryGetValue(producer, out FusionGroup? group)
            ? group.Root == producer
            : isDense && producer is { Type: "Concat", Domain: "" } && Graph.States.All(state => state.Output != input);
    }

    private void Lower(Node node)
    {
        if (!_groups.TryGetValue(node, out FusionGroup? group))
        {
            OperatorRegistry.Find(node)!.Lower(node, this);
        }
        else if (group.Root == node && group.Contraction is { } contraction)
        {
            OperatorRegistry.Find(contraction)!.Lower(contraction, this);
        }
        else if (group.Root == node)
        {
            LowerLoop(group);
        }
    }

    private void LowerLoop(FusionGroup group)
    {
        var builder = new LoopBuilder(group, this);
        Node root = group.Root;
        View output = Write(root.Output, allowStrides: true);
        LoopNest nest = builder.Build(output);
        Add(new Kernel(nest.Reduces ? "row loop" : "loop", root, [.. nest.Inputs.Select(input => input.View)], [output], writer => LoopWriter.Write(nest, writer))
        {
            Nodes = builder.Origins(),
            MayOverwrite = [.. nest.Inputs.Where(input => MayOverwrite(input, nest)).Select(input => input.View)],
            Summary = string.Join(", ", group.Members.Select(member => member.Type)),
        });
    }

    /// <summary>Whether the loop reads each element of the input no later than it writes the output's element at the same place.</summary>
    private static bool MayOverwrite(LoopStream input, LoopNest nest) =>
        !nest.StoresRows && input.View.ElementType == nest.Output.View.ElementType && input.View.Offset == Dimension.Zero && nest.Output.View.Offset == Dimension.Zero
        && input.View.IsContiguous && nest.Output.View.IsContiguous && input.View.Buffer.Elements == nest.Output.View.Buffer.Elements
        && input.RowStrides.SequenceEqual(nest.Output.RowStrides) && input.InnerStrides.SequenceEqual(nest.Output.InnerStrides)
        // An input that is read at other places too, through another stream, must stay.
        && nest.Inputs.Count(other => other.View.Buffer == input.View.Buffer) == 1;

    /// <summary>A kernel that writes elements which follow from the symbols: shapes that are results themselves, or that a kernel reads as data.</summary>
    private View WriteElements(Value value)
    {
        Node node = Maker(value);
        View view = Scratch(node, value.ElementType, value.Shape);
        IReadOnlyList<Dimension> elements = value.Elements!;
        string type = value.ElementType.CSharpName()!;
        Add(new Kernel("shape", node, [], [view], writer =>
        {
            writer.Line($"{type}* elements = {writer.Pointer(view)};");
            for (int index = 0; index < elements.Count; index++)
            {
                string element = writer.Size(elements[index]);
                writer.Line($"elements[{index}] = {(value.ElementType == ElementType.Boolean ? $"{element} != 0" : $"({type})({element})")};");
            }
        }));
        return view;
    }

    /// <summary>The node that a kernel for the value is told to belong to.</summary>
    private static Node Maker(Value value) => value.Producer ?? (value.Consumers.Count > 0 ? value.Consumers[0] : new Node(value.Name, "", "Identity", OperatorRegistry.NewestOpset));

    private void BindOutputs()
    {
        _model.ContainerOutputs.AddRange(Graph.ContainerOutputs.Select(Sequences.Number));
        foreach (Value output in Graph.Outputs)
        {
            if (State(output) is { } state)
            {
                _model.Outputs.Add(null);
                if (state.Kind == StateKind.Carried)
                {
                    BindCarried(state, output);
                }

                continue;
            }

            View view = Read(output);
            if (view.Buffer.Kind is not (MemoryKind.Arena or MemoryKind.Pooled) || !view.IsContiguous)
            {
                Node node = Maker(output);
                View copy = Scratch(node, output.ElementType, output.Shape);
                Copy(view, copy, node);
                view = copy;
            }

            _model.Outputs.Add(view);
        }
    }

    /// <summary>What is a view of something else, or known, is copied to where the next run reads it.</summary>
    private void BindCarried(StatePair state, Value output)
    {
        View view = Read(output);
        if (view.Buffer.Kind != MemoryKind.NextState)
        {
            Copy(view, StateView(Graph.States.IndexOf(state), output), Maker(output));
        }
    }

    /// <summary>Removes kernels whose results nothing reads, such as sizes that loops turned out to know themselves.</summary>
    private static void DropUnread(LoweredModel model)
    {
        var read = new HashSet<MemoryBuffer>(model.Outputs.Where(output => output is not null).Select(output => output!.Buffer));
        foreach (List<Kernel> kernels in new[] { model.Kernels, model.LoadKernels })
        {
            for (int index = kernels.Count - 1; index >= 0; index--)
            {
                if (kernels[index].UpdatesState || kernels[index].Sizes.Count > 0 || kernels[index].Kind == "part" || kernels[index].Writes.Any(view => view.Buffer.Kind == MemoryKind.NextState || read.Contains(view.Buffer)))
                {
                    read.UnionWith(kernels[index].Reads.Select(view => view.Buffer));
                }
                else
                {
                    kernels[index].Owner?.RemoveFromBlocks(kernels[index]);
                    kernels.RemoveAt(index);
                }
            }
        }

        // What a kernel writes beside results that are read needs a place as well.
        model.Prepared.RemoveAll(buffer => !read.Contains(buffer) && !model.LoadKernels.Any(kernel => kernel.Writes.Any(view => view.Buffer == buffer)));
    }

    private void DefineFailed(Node node)
    {
        foreach (Value? output in node.Outputs)
        {
            if (output?.Container is not null)
            {
                Sequences.Define(node, output);
            }
            else if (output?.Type is not null && !_views.ContainsKey(output))
            {
                _views[output] = Memory(output.Name, output.ElementType, output.Shape);
            }
        }
    }
}

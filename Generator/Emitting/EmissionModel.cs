using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Outlining;
using Cameo.Generator.Planning;

namespace Cameo.Generator.Emitting;

/// <summary>All that emission needs, with the C# names that were chosen.</summary>
internal sealed class EmissionModel
{
    private readonly SymbolFields _symbols;
    private readonly Dictionary<CallSite, string> _methods;
    private readonly Dictionary<CallSite, string> _loadMethods;

    public EmissionModel(Model model, LoweredModel lowered, KernelSchedule schedule, KernelSchedule loadSchedule, SymbolFields symbols, MemoryPlan plan, string className, string @namespace,
        string weightsMode, string identity)
    {
        Model = model;
        Lowered = lowered;
        Schedule = schedule;
        LoadSchedule = loadSchedule;
        Plan = plan;
        ClassName = className;
        Namespace = @namespace;
        WeightsMode = weightsMode;
        Identity = identity;
        _symbols = symbols;
        States = new StateFields(model.Graph.States);
        Address = new AddressText(this);

        var parameters = new Identifiers();
        InputNames = [.. Graph.Inputs.Select(input => parameters.Unique(Identifiers.Camel(input.Name)))];
        MapInputNames = [.. Graph.Maps.Select(map => parameters.Unique(Identifiers.Camel(map.Name)))];
        ContainerInputNames = [.. Graph.ContainerInputs.Select(input => parameters.Unique(Identifiers.Camel(input.Name)))];
        var properties = new Identifiers("Equals", "GetHashCode", "GetType", "ToString", className);
        OutputNames = [.. Graph.Outputs.Select((_, index) => properties.Unique(Identifiers.Pascal(Graph.OutputName(index))))];
        ContainerOutputNames = [.. Graph.ContainerOutputNames.Select(output => properties.Unique(Identifiers.Pascal(output)))];
        var taken = new Identifiers([className, .. SessionMembers, .. schedule.Qualifiers(), .. loadSchedule.Qualifiers()]);
        _methods = KernelNaming.Name(schedule, taken, "");
        _loadMethods = KernelNaming.Name(loadSchedule, taken, "Prepare");
    }

    /// <summary>Members of sessions and models, those of their base classes among them: a kernel's method of that name would hide them.</summary>
    public static IReadOnlyList<string> SessionMembers { get; } =
    [
        "AddCarriedState", "AddCombinedState", "AddFixedCache", "AddKeyValueState", "AllocateStates", "Arena", "ArenaSize", "Begin", "BeginAt", "BeginCounted", "BeginTotals", "BindInput", "BindOptional", "BindSequence", "BindTexts", "Capacity",
        "CheckSize", "CheckSizes", "CopyStatesFrom", "CreatePool", "CreateSequence", "CreateSession", "CreateSessionCore", "DescribeDetails", "Description", "Details", "Dispose", "EnsureArena", "Enter", "Equals", "Execute", "Exit", "Finalize",
        "Forward", "Fork", "Generate", "GetHashCode", "GetOutputView", "GetSequenceInput", "GetSequenceOutput", "GetType", "Length", "Lengths", "LoadState", "LoadStateCore", "MemberwiseClone", "Model", "Options", "PlanArena", "Pool",
        "Position", "Prepare", "Prepared", "ReadSequence", "ReadState", "ReadStateCore", "ReadTexts", "ReferenceEquals", "RequireDense", "Reset", "ResetStates", "Rewind", "RewindStates", "Run", "ScratchSize", "Sequence", "SequenceBytes", "SequencePool", "Session",
        "SizeBuffers", "States", "TextConstants", "Texts", "Threads", "ThrowContradiction", "ThrowDimensionMismatch", "ThrowDimensionOutOfBounds", "ThrowWrongLength", "ThrowWrongRank", "ToString", "Weights", "Workers",
    ];

    /// <summary>Classes that the code of every model names, apart from those of its kernels.</summary>
    public static IReadOnlyList<string> UsedClasses { get; } =
    [
        "Arena", "CompiledModel", "CompiledSession", "Convert", "Environment", "IEpilogue", "IVector", "Math", "MathF", "MethodImpl", "ModelDescription", "ModelOptions", "NarrowLanes", "ReadOnlySpan",
        "ScalarFloat", "Session", "SessionOptions", "Span", "Tensor", "TensorDescription", "TensorView", "Unsafe", "VectorMath", "Workers",
    ];

    public Model Model { get; }

    public Graph Graph => Model.Graph;

    public LoweredModel Lowered { get; }

    /// <summary>The kernels of a run.</summary>
    public KernelSchedule Schedule { get; }

    /// <summary>The kernels of the load phase.</summary>
    public KernelSchedule LoadSchedule { get; }

    public MemoryPlan Plan { get; }

    public StateFields States { get; }

    public AddressText Address { get; }

    public string ClassName { get; }

    public string Namespace { get; }

    /// <summary>"file" or "embed".</summary>
    public string WeightsMode { get; }

    /// <summary>64 hexadecimal digits that the weight file must carry.</summary>
    public string Identity { get; }

    /// <summary>Parameter of each graph input.</summary>
    public IReadOnlyList<string> InputNames { get; }

    /// <summary>Parameter of each graph input that is a sequence or optional.</summary>
    public IReadOnlyList<string> ContainerInputNames { get; }

    /// <summary>Parameter of each graph input that is a map.</summary>
    public IReadOnlyList<string> MapInputNames { get; }

    /// <summary>Property of each graph output that is a sequence or optional.</summary>
    public IReadOnlyList<string> ContainerOutputNames { get; }

    /// <summary>Property of each graph output.</summary>
    public IReadOnlyList<string> OutputNames { get; }

    /// <summary>Indices of the graph inputs that a run takes: all but states.</summary>
    public IReadOnlyList<int> RunInputs => [.. Enumerable.Range(0, Graph.Inputs.Count).Where(index => Graph.States.All(state => state.Input != Graph.Inputs[index]))];

    /// <summary>Indices of the graph outputs that a run gives: all but states.</summary>
    public IReadOnlyList<int> RunOutputs => [.. Enumerable.Range(0, Graph.Outputs.Count).Where(index => Graph.States.All(state => state.Output != Graph.Outputs[index]))];

    /// <summary>Whether a product can leave out all positions but the last.</summary>
    public bool SkipsPositions => Lowered.Kernels.Any(static kernel => kernel.Product is { CanSkipRows: true });

    /// <summary>Bytes of all states at full capacity with one row.</summary>
    public long StateBytesPerRow => Graph.States.Sum(StateBytes);

    /// <summary>Index among the graph's inputs of each state that is a whole tensor, by its index among the states.</summary>
    public IEnumerable<(int State, int Input)> TensorStates => Enumerable.Range(0, Graph.States.Count)
        .Where(index => !Graph.States[index].IsAppended)
        .Select(index => (index, Graph.Inputs.IndexOf(Graph.States[index].Input)));

    /// <summary>Open sizes that no input of a run has, and the state that settles each: index among the states, and axis.</summary>
    public IReadOnlyList<(string Symbol, int State, int Axis)> StateSymbols
    {
        get
        {
            var bound = new HashSet<string>(RunInputs.SelectMany(index => Graph.Inputs[index].Shape).Select(size => size.AsSymbol()).OfType<string>(), StringComparer.Ordinal);
            if (Graph.Sequence?.PositionSymbol is { } position)
            {
                bound.Add(position);
            }

            List<(string, int, int)> symbols = [];
            foreach ((int state, int input) in TensorStates)
            {
                Shape shape = Graph.Inputs[input].Shape;
                for (int axis = 0; axis < shape.Rank; axis++)
                {
                    if (shape[axis].AsSymbol() is { } symbol && bound.Add(symbol))
                    {
                        symbols.Add((symbol, state, axis));
                    }
                }
            }

            return symbols;
        }
    }

    /// <summary>Bytes of a state at full capacity with one row.</summary>
    public long StateBytes(StatePair state)
    {
        if (state.IsAppended)
        {
            return state.Past.Shape[1].Constant * state.Past.Shape[3].Constant * (Graph.Sequence?.Capacity ?? 0) * 4;
        }

        Dimension elements = state.Input.Shape.ElementCount.Substitute(symbol => Graph.Symbols.Range(symbol) is { IsBounded: true } range ? range.Maximum : 1);
        return elements.Constant * state.Input.ElementType.Bytes() * (state.Kind == StateKind.Carried ? 2 : 1);
    }

    /// <summary>Method of a kernel, or of the kernels of a repeated block's place.</summary>
    public string Method(CallSite site) => _methods.TryGetValue(site, out string? name) ? name : _loadMethods[site];

    /// <summary>A size as C# over the session's fields; parenthesised where it is a sum or product.</summary>
    public string Size(Dimension dimension) => _symbols.Size(dimension);

    /// <summary>The session's field that holds a symbol's size.</summary>
    public string SymbolField(string symbol) => _symbols.Field(symbol);
}

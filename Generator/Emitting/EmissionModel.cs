using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Planning;

namespace Cameo.Generator.Emitting;

/// <summary>All that emission needs, with the C# names that were chosen.</summary>
internal sealed class EmissionModel
{
    private readonly Dictionary<string, string> _symbolFields = new(StringComparer.Ordinal);

    public EmissionModel(Model model, LoweredModel lowered, MemoryPlan plan, string className, string @namespace, string weightsMode, string identity)
    {
        Model = model;
        Lowered = lowered;
        Plan = plan;
        ClassName = className;
        Namespace = @namespace;
        WeightsMode = weightsMode;
        Identity = identity;

        var fields = new Identifiers();
        foreach (string symbol in Graph.Symbols.Free)
        {
            _symbolFields[symbol] = "_" + fields.Unique(Identifiers.Camel(symbol)).TrimStart('@');
        }

        var parameters = new Identifiers();
        InputNames = [.. Graph.Inputs.Select(input => parameters.Unique(Identifiers.Camel(input.Name)))];
        var properties = new Identifiers("Equals", "GetHashCode", "GetType", "ToString", className);
        OutputNames = [.. Graph.Outputs.Select((_, index) => properties.Unique(Identifiers.Pascal(Graph.OutputName(index))))];
        var methods = new Identifiers("Run", "Execute", "Session", className, "Dispose", "Enter", "Exit", "Prepare", "Arena", "Weights", "Prepared", "Workers", "Sequence");
        KernelNames = [.. lowered.Kernels.Select(kernel => methods.Unique(KernelName(kernel)))];
        LoadKernelNames = [.. lowered.LoadKernels.Select(kernel => methods.Unique("Prepare" + KernelName(kernel)))];
    }

    public Model Model { get; }

    public Graph Graph => Model.Graph;

    public LoweredModel Lowered { get; }

    public MemoryPlan Plan { get; }

    public string ClassName { get; }

    public string Namespace { get; }

    /// <summary>"file" or "embed".</summary>
    public string WeightsMode { get; }

    /// <summary>64 hexadecimal digits that the weight file must carry.</summary>
    public string Identity { get; }

    /// <summary>Parameter of each graph input.</summary>
    public IReadOnlyList<string> InputNames { get; }

    /// <summary>Property of each graph output.</summary>
    public IReadOnlyList<string> OutputNames { get; }

    /// <summary>Method of each kernel.</summary>
    public IReadOnlyList<string> KernelNames { get; }

    /// <summary>Method of each kernel of the load phase.</summary>
    public IReadOnlyList<string> LoadKernelNames { get; }

    /// <summary>Indices of the graph inputs that a run takes: all but states.</summary>
    public IReadOnlyList<int> RunInputs => [.. Enumerable.Range(0, Graph.Inputs.Count).Where(index => Graph.States.All(state => state.Input != Graph.Inputs[index]))];

    /// <summary>Indices of the graph outputs that a run gives: all but states.</summary>
    public IReadOnlyList<int> RunOutputs => [.. Enumerable.Range(0, Graph.Outputs.Count).Where(index => Graph.States.All(state => state.Output != Graph.Outputs[index]))];

    /// <summary>Bytes of all states at full capacity with one row.</summary>
    public long StateBytesPerRow => Graph.Sequence is not { } sequence ? 0
        : Graph.States.Sum(state => state.Input.Shape[1].Constant * state.Input.Shape[3].Constant * sequence.Capacity * 4);

    /// <summary>A size as C# over the session's fields; parenthesised where it is a sum or product.</summary>
    public string Size(Dimension dimension)
    {
        string text = dimension.ToCSharp(SymbolField);
        return dimension.IsStatic || dimension.AsSymbol() is not null ? text : $"({text})";
    }

    /// <summary>The session's field that holds a symbol's size.</summary>
    public string SymbolField(string symbol) => _symbolFields.TryGetValue(symbol, out string? field)
        ? field
        : throw new InvalidOperationException($"Symbol '{symbol}' has no field.");

    private static string KernelName(Kernel kernel)
    {
        // The last of the model's nodes that the kernel stands for; its name often says the operator already.
        string[] origin = kernel.Node.Origins[kernel.Node.Origins.Count - 1].Split([' '], 2);
        string type = Identifiers.Pascal(origin[0].Substring(origin[0].LastIndexOf('.') + 1));
        string name = Identifiers.Pascal(origin.Length > 1 ? origin[1] : kernel.Node.Name);
        name = name.IndexOf(type, StringComparison.OrdinalIgnoreCase) >= 0 ? name : name + type;
        return kernel.Kind == "copy" ? name + "Copy" : name;
    }
}

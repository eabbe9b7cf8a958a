using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Lowering;

/// <summary>
/// Where sequences and optionals are: each value has an object of the session. Kernels hand references to tensors from object to object; where nothing else reads a sequence, a kernel takes its
/// list and changes it in place, so that a loop that appends to a sequence does not copy the list in every iteration.
/// </summary>
internal sealed class SequenceVariables
{
    private readonly Dictionary<Value, int> _numbers = [];
    private readonly List<SequenceVariable> _all;
    private readonly HashSet<int> _aliased = [];
    private Graph _block;
    private HashSet<int> _owned = [];

    public SequenceVariables(Graph graph, List<SequenceVariable> all)
    {
        _block = graph;
        _all = all;
        foreach (Value input in graph.ContainerInputs)
        {
            Check(null, input);
            _numbers[input] = Add(input, isInput: true);
        }
    }

    /// <summary>The object that holds a value.</summary>
    public int Number(Value value) => _numbers.TryGetValue(value, out int number)
        ? number
        : throw new InvalidOperationException($"The sequence '{value.Name}' was not made.");

    /// <summary>A new object for a value.</summary>
    public int Add(Node node, Value value)
    {
        Check(node, value);
        _numbers[value] = Add(value, isInput: false);
        return _numbers[value];
    }

    /// <summary>A new object for a tensor that lies in a sequence.</summary>
    public int AddItem(Value tensor) => Add(tensor.Name, tensor.ElementType, isInput: false);

    /// <summary>An object for a result that could not be made, so that its readers do not fail too.</summary>
    public void Define(Node node, Value value)
    {
        if (!_numbers.ContainsKey(value))
        {
            _numbers[value] = Add(value, isInput: false);
        }
    }

    /// <summary>States that a value is in an object that exists already.</summary>
    public void Set(Value value, int number) => _numbers[value] = number;

    /// <summary>States that a value is another one under another name: neither is changed in place.</summary>
    public void SetAlias(Value value, Value original)
    {
        _aliased.Add(Number(original));
        _numbers[value] = Number(original);
    }

    /// <summary>Whether the node that reads a value is the only one to do so, and may take its list: a value of this block, and not of what goes on around a loop's body.</summary>
    public bool Consumes(Value value) =>
        value.Consumers.Count == 1 && _owned.Contains(Number(value)) && !_aliased.Contains(Number(value)) && !_block.IsOutput(value);

    /// <summary>Adds a kernel that brings a value that the node reads into an object.</summary>
    public void Hand(Node node, Value value, int target, LoweringContext context) => AddHanding(node, Number(value), target, Consumes(value), context);

    /// <summary>Adds a kernel that brings a result of a branch, at its end, into an object.</summary>
    public void HandOut(Node node, Value result, int target, LoweringContext context)
    {
        int source = Number(result);
        bool takes = _owned.Contains(source) && !_aliased.Contains(source) && _block.Outputs.Count(output => _numbers.TryGetValue(output, out int number) && number == source) == 1;
        AddHanding(node, source, target, takes, context);
    }

    /// <summary>Adds kernels that bring the results of a loop's body where the next iteration reads them. A body may hand values on crosswise.</summary>
    public void HandOn(Node node, IReadOnlyList<(int Memory, Value Result)> carried, LoweringContext context)
    {
        HashSet<int> memories = [.. carried.Select(pair => pair.Memory)];
        var sources = new List<(int Source, bool Takes)>();
        foreach ((int memory, Value result) in carried)
        {
            int source = Number(result);
            bool isOwn = source == memory;
            if (memories.Contains(source) && !isOwn)
            {
                int aside = Add(result, isInput: false);
                AddHanding(node, source, aside, takes: false, context);
                sources.Add((aside, true));
            }
            else
            {
                sources.Add((source, _owned.Contains(source) && !_aliased.Contains(source) && carried.Count(pair => Number(pair.Result) == source) == 1));
            }
        }

        for (int index = 0; index < sources.Count; index++)
        {
            if (sources[index].Source != carried[index].Memory)
            {
                AddHanding(node, sources[index].Source, carried[index].Memory, sources[index].Takes, context);
            }
        }
    }

    /// <summary>Begins the block of a branch or body; what is made in it is its own.</summary>
    public IDisposable Enter(Graph body)
    {
        var outer = new Scope(this, _block, _owned);
        _block = body;
        _owned = [.. body.Inputs.Where(_numbers.ContainsKey).Select(Number)];
        return outer;
    }

    private int Add(Value value, bool isInput) => Add(value.Name, value.Container!.ElementType, isInput);

    private int Add(string name, ElementType type, bool isInput)
    {
        _all.Add(new SequenceVariable(name, type, isInput));
        _owned.Add(_all.Count - 1);
        return _all.Count - 1;
    }

    private static void Check(Node? node, Value value)
    {
        if (value.Container!.ElementType == ElementType.Undefined)
        {
            throw new ModelException(node, $"nothing says the type of the tensors in '{value.Name}'", unsupported: true);
        }
    }

    private static void AddHanding(Node node, int source, int target, bool takes, LoweringContext context) =>
        context.Add(new Kernel("sequence", node, [], [], writer => writer.Line($"{SequenceText.Field(target)}.{(takes ? "Take" : "Assign")}({SequenceText.Field(source)});"))
        {
            UpdatesState = true,
            Nodes = [],
            Summary = "hands a sequence on",
        });

    private sealed class Scope(SequenceVariables variables, Graph block, HashSet<int> owned) : IDisposable
    {
        public void Dispose()
        {
            variables._block = block;
            variables._owned = owned;
        }
    }
}

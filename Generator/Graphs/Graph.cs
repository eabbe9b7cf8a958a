using Cameo.Generator.Passes.Recognition;

namespace Cameo.Generator.Graphs;

/// <summary>A model's graph, or the body of a control-flow operator. Nodes are kept in an order in which every value is made before it is read.</summary>
internal sealed class Graph(string name)
{
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    public string Name { get; } = name;

    /// <summary>Whether it is the body of a node and not the model's graph.</summary>
    public bool IsBody { get; init; }

    public List<Value> Inputs { get; } = [];

    public List<Value> Outputs { get; } = [];

    /// <summary>The model's inputs that are sequences or optionals. In a body they are among <see cref="Inputs"/>.</summary>
    public List<Value> ContainerInputs { get; } = [];

    /// <summary>Inputs that are maps; keys and values of each are among <see cref="Inputs"/>.</summary>
    public List<MapInput> Maps { get; } = [];

    /// <summary>The model's outputs that are sequences or optionals. In a body they are among <see cref="Outputs"/>.</summary>
    public List<Value> ContainerOutputs { get; } = [];

    /// <summary>What the model calls the outputs in <see cref="ContainerOutputs"/>.</summary>
    public List<string> ContainerOutputNames { get; } = [];

    /// <summary>Names of the model's inputs of both kinds, in its order.</summary>
    public List<string> InputOrder { get; } = [];

    /// <summary>What the model calls its outputs, in the order of <see cref="Outputs"/>: passes may put other values in their place, the names are the model's.</summary>
    public List<string> OutputNames { get; } = [];

    public List<Node> Nodes { get; } = [];

    /// <summary>Carried data: pairs of input and output that a session keeps; see the design's "State".</summary>
    public List<StatePair> States { get; } = [];

    /// <summary>How the key/value caches among the states advance; null where there are none.</summary>
    public SequencePlan? Sequence { get; set; }

    /// <summary>Spellings that recognition wrote as canonical nodes.</summary>
    public List<RecognizedPattern> Recognitions { get; } = [];

    /// <summary>Spellings that resemble a pattern and were left alone.</summary>
    public List<RecognitionMiss> Misses { get; } = [];

    public SymbolTable Symbols { get; set; } = new();

    /// <summary>The texts of the model's string tensors.</summary>
    public TextTable Texts { get; set; } = new();

    /// <summary>What was taken for granted of sizes: checked when a run (or, in a body, its branch) begins.</summary>
    public List<SizeRequirement> Requirements { get; } = [];

    /// <summary>Adds a requirement that is not there yet.</summary>
    public void Require(SizeRequirement requirement)
    {
        if (!Requirements.Any(known => known.Value == requirement.Value && known.Size == requirement.Size))
        {
            Requirements.Add(requirement);
        }
    }

    /// <summary>A new value; its name is made unique with a suffix where it is taken.</summary>
    public Value AddValue(string name, TensorType? type = null) => new(Unique(name)) { Type = type };

    public Value AddConstant(string name, ConstantTensor constant) => new(Unique(name))
    {
        Type = constant.Type,
        Constant = constant,
        Elements = ConstantElements.TryRead(constant),
    };

    /// <summary>Makes a node with one output and inserts it at <paramref name="index"/> (at the end by default).</summary>
    public Node AddNode(string name, string type, IEnumerable<Value?> inputs, int version, int index = -1, string domain = "")
    {
        var node = new Node(name, domain, type, version);
        foreach (Value? input in inputs)
        {
            node.AddInput(input);
        }

        Nodes.Insert(index < 0 ? Nodes.Count : index, node);
        return node;
    }

    /// <summary>Makes every reader of <paramref name="old"/>, the graph's outputs and states included, read <paramref name="replacement"/>.</summary>
    public void ReplaceUses(Value old, Value replacement)
    {
        foreach (Node consumer in old.Consumers.ToArray())
        {
            for (int index = 0; index < consumer.Inputs.Count; index++)
            {
                if (consumer.Inputs[index] == old)
                {
                    consumer.SetInput(index, replacement);
                }
            }
        }

        for (int index = 0; index < Outputs.Count; index++)
        {
            if (Outputs[index] == old)
            {
                Outputs[index] = replacement;
            }
        }

        for (int index = 0; index < ContainerOutputs.Count; index++)
        {
            if (ContainerOutputs[index] == old)
            {
                ContainerOutputs[index] = replacement;
            }
        }

        for (int index = 0; index < States.Count; index++)
        {
            if (States[index].Output == old)
            {
                States[index] = States[index] with { Output = replacement };
            }
        }
    }

    /// <summary>The model's name of an output; the value's own where the graph was not read from a model.</summary>
    public string OutputName(int index) => index >= 0 && index < OutputNames.Count ? OutputNames[index] : Outputs[index].Name;

    public bool IsOutput(Value value) => Outputs.Contains(value) || ContainerOutputs.Contains(value);

    /// <summary>The graph as text, a node a line: for dumps, tests and bug reports.</summary>
    public override string ToString() => GraphPrinter.Print(this);

    private string Unique(string name)
    {
        string candidate = name;
        for (int suffix = 1; !_names.Add(candidate); suffix++)
        {
            candidate = $"{name}#{suffix}";
        }

        return candidate;
    }
}

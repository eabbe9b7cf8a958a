namespace Cameo.Generator.Graphs;

/// <summary>An operator applied to values. Omitted optional inputs and outputs are <see langword="null"/>.</summary>
internal sealed class Node
{
    private readonly List<Value?> _inputs = [];
    private readonly List<Value?> _outputs = [];
    private readonly Dictionary<string, AttributeValue> _attributes = new(StringComparer.Ordinal);

    public Node(string name, string domain, string type, int version)
    {
        Name = name;
        Domain = domain;
        Type = type;
        Version = version;
        Origins = [$"{OperatorName} {name}"];
    }

    /// <summary>The node's name in the model, or a name made from its outputs.</summary>
    public string Name { get; }

    /// <summary>The operator's domain; empty for ONNX's own.</summary>
    public string Domain { get; }

    /// <summary>The operator's name.</summary>
    public string Type { get; }

    /// <summary>The opset version of <see cref="Domain"/> the model imports.</summary>
    public int Version { get; }

    /// <summary>The model's nodes that this one stands for, as "Operator name".</summary>
    public IReadOnlyList<string> Origins { get; set; }

    /// <summary>1-based line of the node in the graph text; 0 when made by a pass.</summary>
    public int Line { get; set; }

    public IReadOnlyList<Value?> Inputs => _inputs;

    public IReadOnlyList<Value?> Outputs => _outputs;

    public IReadOnlyDictionary<string, AttributeValue> Attributes => _attributes;

    /// <summary>The only output of an operator that has one.</summary>
    public Value Output => OptionalOutput(0) ?? throw new ModelException(this, "the output is missing");

    /// <summary>"Conv" or "com.microsoft.Gelu".</summary>
    public string OperatorName => Domain.Length == 0 ? Type : $"{Domain}.{Type}";

    /// <summary>An input that may be omitted.</summary>
    public Value? OptionalInput(int index) => index < _inputs.Count ? _inputs[index] : null;

    /// <summary>An input the operator requires; throws a <see cref="ModelException"/> where the model lacks it.</summary>
    public Value Input(int index) => OptionalInput(index) ?? throw new ModelException(this, $"input {index} is missing");

    /// <summary>An output that may be omitted.</summary>
    public Value? OptionalOutput(int index) => index < _outputs.Count ? _outputs[index] : null;

    public void AddInput(Value? value)
    {
        _inputs.Add(value);
        value?.AddConsumer(this);
    }

    public void SetInput(int index, Value? value)
    {
        _inputs[index]?.RemoveConsumer(this);
        _inputs[index] = value;
        value?.AddConsumer(this);
    }

    public void AddOutput(Value? value)
    {
        _outputs.Add(value);
        if (value is not null)
        {
            value.Producer = this;
        }
    }

    public void SetAttribute(string name, object value) => _attributes[name] = new AttributeValue(name, value);

    public void RemoveAttribute(string name) => _attributes.Remove(name);

    public bool HasAttribute(string name) => _attributes.ContainsKey(name);

    public long IntegerAttribute(string name, long fallback) => Attribute<long>(name, out long value) ? value : fallback;

    public float FloatAttribute(string name, float fallback) => Attribute<float>(name, out float value) ? value : fallback;

    public string StringAttribute(string name, string fallback) => Attribute<string>(name, out string? value) ? value! : fallback;

    public long[]? IntegersAttribute(string name) => Attribute<long[]>(name, out long[]? value) ? value : null;

    public float[]? FloatsAttribute(string name) => Attribute<float[]>(name, out float[]? value) ? value : null;

    public string[]? StringsAttribute(string name) => Attribute<string[]>(name, out string[]? value) ? value : null;

    public ConstantTensor? TensorAttribute(string name) => Attribute<ConstantTensor>(name, out ConstantTensor? value) ? value : null;

    public Graph? GraphAttribute(string name) => Attribute<Graph>(name, out Graph? value) ? value : null;

    /// <summary>The graphs among the attributes: branches of a conditional, the body of a loop.</summary>
    public IEnumerable<Graph> Bodies => _attributes.Count == 0 ? [] : _attributes.Values.Select(attribute => attribute.Value).OfType<Graph>();

    /// <summary>The values that the node and the nodes of its bodies read; values of the bodies themselves are among them.</summary>
    public IEnumerable<Value> AllInputs() => _inputs.OfType<Value>().Concat(Bodies.SelectMany(body => body.Nodes.SelectMany(inner => inner.AllInputs())));

    /// <summary>Takes the node, with the nodes of its bodies, out of the graph's edges; the graph's list is the caller's to mend.</summary>
    public void Detach()
    {
        foreach (Node inner in Bodies.SelectMany(body => body.Nodes))
        {
            inner.Detach();
        }

        for (int index = 0; index < _inputs.Count; index++)
        {
            SetInput(index, null);
        }
    }

    public override string ToString() => $"{OperatorName} '{Name}'";

    private bool Attribute<T>(string name, out T? value)
    {
        value = default;
        if (!_attributes.TryGetValue(name, out AttributeValue? attribute))
        {
            return false;
        }

        if (attribute.Value is not T typed)
        {
            // An empty list has no kind of its own in protobuf.
            if (attribute.Value is Array { Length: 0 } && typeof(T).IsArray)
            {
                value = (T)(object)Array.CreateInstance(typeof(T).GetElementType()!, 0);
                return true;
            }

            throw new ModelException(this, $"attribute '{name}' is not of the expected kind {typeof(T).Name}");
        }

        value = typed;
        return true;
    }
}

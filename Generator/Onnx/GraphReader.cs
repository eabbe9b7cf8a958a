using Cameo.Generator.Graphs;
using Cameo.Generator.Onnx.Proto;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Onnx;

/// <summary>
/// Turns a <see cref="ModelProto"/> into a <see cref="Model"/>: names become values, attributes become .NET values, calls of the model's own functions are replaced by
/// their bodies (unless Cameo has an operator of that name), and shapes that the model leaves open get symbols.
/// </summary>
internal sealed class GraphReader
{
    /// <summary>Function calls deeper than this can only be a cycle.</summary>
    private const int MaximumCallDepth = 64;

    /// <summary>Functions that call functions multiply: a bound on what a small file can unfold to.</summary>
    private const int MaximumNodes = 2_000_000;

    private readonly Dictionary<string, FunctionProto> _functions = new(StringComparer.Ordinal);
    private readonly SymbolTable _symbols = new();
    private readonly Dictionary<Value, MapInput> _maps = [];
    private Dictionary<string, int> _ranks = [];
    private readonly TextTable _texts = new();
    private int _nodes;

    /// <summary>Reads a model; throws <see cref="ModelException"/> where it breaks ONNX's rules.</summary>
    public static Model Read(ModelProto proto) => new GraphReader().ReadModel(proto);

    private Model ReadModel(ModelProto proto)
    {
        if (proto.Graph is null)
        {
            throw new ModelException(null, "the model has no graph");
        }

        _ranks = InputRanks.Read(proto);
        Dictionary<string, int> opsets = ReadOpsets(proto.OpsetImport);
        foreach (FunctionProto function in proto.Functions)
        {
            _functions[FunctionKey(function.Domain, function.Name, function.Overload)] = function;
        }

        Graph graph = ReadGraph(proto.Graph, opsets, null, isMain: true);
        if (_ranks.Count > 0)
        {
            throw new ModelException(null, $"OnnxDimensions states the rank of '{_ranks.Keys.First()}', which is no input without one");
        }

        DimensionText.Define(_symbols);
        string producer = $"{proto.ProducerName} {proto.ProducerVersion}".Trim();
        var metadata = proto.MetadataProps.Where(entry => !entry.Key.StartsWith("cameo.", StringComparison.Ordinal))
            .GroupBy(entry => entry.Key).ToDictionary(group => group.Key, group => group.Last().Value, StringComparer.Ordinal);
        return new Model(graph, opsets, producer, metadata);
    }

    private static Dictionary<string, int> ReadOpsets(IEnumerable<OperatorSetIdProto> imports)
    {
        var opsets = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (OperatorSetIdProto import in imports)
        {
            opsets[Domain(import.Domain)] = (int)Math.Min(import.Version, int.MaxValue);
        }

        return opsets;
    }

    private static string Domain(string domain) => domain is "ai.onnx" ? "" : domain ?? "";

    private static string FunctionKey(string domain, string name, string overload) => $"{Domain(domain)}::{name}::{overload}";

    private Graph ReadGraph(GraphProto proto, IReadOnlyDictionary<string, int> opsets, Scope? outer, bool isMain, CallFrame? frame = null)
    {
        var graph = new Graph(proto.Name) { Symbols = _symbols, Texts = _texts, IsBody = !isMain };
        var scope = new Scope(outer);
        var initializers = new HashSet<string>(proto.Initializer.Select(tensor => tensor.Name), StringComparer.Ordinal);
        foreach (ValueInfoProto input in proto.Input)
        {
            // Before IR version 4 initializers are inputs too: their values are fixed here.
            if (!initializers.Contains(input.Name))
            {
                if (TypeReader.ReadContainer(input.Type, $"value '{input.Name}'") is { } container)
                {
                    AddContainerInput(graph, input.Name, container, scope, isMain);
                    continue;
                }

                if (input.Type?.MapType is { } map)
                {
                    AddMapInput(graph, input.Name, map, scope, isMain);
                    continue;
                }

                TensorType? type = ReadType(input, declareSymbols: isMain);
                if (isMain && (type is null || type.ElementType == ElementType.Undefined))
                {
                    throw new ModelException(null, $"input '{input.Name}' has no declared type");
                }

                Value value = graph.AddValue(input.Name, type);
                value.DeclaredType = value.Type;
                graph.Inputs.Add(value);
                graph.InputOrder.Add(input.Name);
                scope.Define(input.Name, value);
            }
        }

        foreach (TensorProto tensor in proto.Initializer)
        {
            scope.Define(tensor.Name, graph.AddConstant(tensor.Name, TensorReader.Read(tensor, tensor.Name, _texts)));
        }

        foreach (SparseTensorProto sparse in proto.SparseInitializer)
        {
            string name = sparse.Values?.Name is { Length: > 0 } given ? given : throw new ModelException(null, "a sparse initializer has no name");
            scope.Define(name, SparseReader.Read(sparse, name, graph, _texts));
        }

        var declared = new Dictionary<string, ValueInfoProto>(StringComparer.Ordinal);
        foreach (ValueInfoProto info in proto.ValueInfo.Concat(proto.Output))
        {
            declared[info.Name] = info;
        }

        foreach (NodeProto node in NodeSorting.Sort(proto.Node))
        {
            ReadNode(node, graph, scope, opsets, declared, frame);
        }

        foreach (ValueInfoProto output in proto.Output)
        {
            graph.OutputNames.Add(output.Name);
            Value value = scope.Find(output.Name) ?? throw new ModelException(null, $"graph output '{output.Name}' is made by no node");
            if (_maps.TryGetValue(value, out MapInput? map))
            {
                throw new ModelException(null, $"output '{output.Name}' is the map '{map.Name}', and maps are supported as inputs only", unsupported: true);
            }

            graph.Outputs.Add(isMain ? value : AddBodyOutput(graph, value, opsets));
        }

        return graph;
    }

    /// <summary>The model's own inputs of tensors stand apart from others; a body's must stay in the order in which its node gives them.</summary>
    private static void AddContainerInput(Graph graph, string name, ContainerType type, Scope scope, bool isMain)
    {
        Value value = graph.AddValue(name);
        value.Container = type;
        value.DeclaredContainer = type;
        (isMain ? graph.ContainerInputs : graph.Inputs).Add(value);
        graph.InputOrder.Add(name);
        scope.Define(name, value);
    }

    /// <summary>A map becomes two inputs; in the scope it is the keys, and what reads it reads both.</summary>
    private void AddMapInput(Graph graph, string name, TypeProto.Types.Map type, Scope scope, bool isMain)
    {
        var key = (ElementType)type.KeyType;
        var value = (ElementType)(type.ValueType?.TensorType?.ElemType ?? 0);
        if (!isMain || key is not (ElementType.String or ElementType.Int64) || value is not (ElementType.String or ElementType.Int64 or ElementType.Float32 or ElementType.Float64))
        {
            throw new ModelException(null, $"input '{name}' is a map of {key.OnnxName()} to {(value == ElementType.Undefined ? "something that is no tensor" : value.OnnxName())}; supported are maps of string or int64 to string, int64, float or double, as inputs of the model",
                unsupported: true);
        }

        string symbol = $"entries of {name}";
        _symbols.Declare(symbol);
        Value Add(string part, ElementType element)
        {
            Value input = graph.AddValue($"{name}.{part}", new TensorType(element, new Shape([Dimension.Symbol(symbol)])));
            input.DeclaredType = input.Type;
            graph.Inputs.Add(input);
            return input;
        }

        var map = new MapInput(name, Add("keys", key), Add("values", value));
        graph.Maps.Add(map);
        graph.InputOrder.Add(name);
        scope.Define(name, map.Keys);
        _maps.Add(map.Keys, map);
    }

    /// <summary>Every output of a body is made by a node of it, and by one of its own: passes can replace values without looking into the bodies that hand them out.</summary>
    private static Value AddBodyOutput(Graph body, Value value, IReadOnlyDictionary<string, int> opsets)
    {
        if (value.Producer is { } producer && body.Nodes.Contains(producer) && !body.Outputs.Contains(value))
        {
            return value;
        }

        Node identity = body.AddNode($"{value.Name}/output", "Identity", [value], opsets.TryGetValue("", out int version) ? version : OperatorRegistry.NewestOpset);
        identity.AddOutput(body.AddValue(value.Name));
        return identity.Output;
    }

    private void ReadNode(NodeProto proto, Graph graph, Scope scope, IReadOnlyDictionary<string, int> opsets, IReadOnlyDictionary<string, ValueInfoProto> declared, CallFrame? frame)
    {
        if (++_nodes > MaximumNodes)
        {
            throw new ModelException(null, $"the model's functions unfold to more than {MaximumNodes} nodes");
        }

        string domain = Domain(proto.Domain);
        string name = (frame?.Prefix ?? "") + (proto.Name.Length > 0 ? proto.Name : proto.Output.FirstOrDefault(output => output.Length > 0) ?? proto.OpType);
        if (!opsets.TryGetValue(domain, out int version))
        {
            version = 1;
        }

        proto = BatchedScan.Is(proto, version) ? BatchedScan.Rewrite(proto, name) : proto;
        version = proto.Overload == BatchedScan.Mark ? OperatorRegistry.NewestOpset : version;
        var node = new Node(name, domain, proto.OpType, version);
        if (domain == OperatorRegistry.InternalDomain)
        {
            throw ModelException.Unsupported(node, $"the domain '{domain}' is the compiler's own and cannot be used by models");
        }

        if (domain.Length == 0 && proto.OpType == "Constant" && proto.Output.Count == 1 && proto.Attribute is [{ Name: "sparse_value", SparseTensor: { } sparse }])
        {
            scope.Define(proto.Output[0], SparseReader.Read(sparse, name, graph, _texts));
            return;
        }

        if (_functions.TryGetValue(FunctionKey(proto.Domain, proto.OpType, proto.Overload), out FunctionProto? function) && OperatorRegistry.Find(node) is null)
        {
            InlineFunction(function, proto, name, graph, scope, frame);
            return;
        }

        foreach (string input in proto.Input)
        {
            node.AddInput(input.Length == 0 ? null : scope.Find(input) ?? throw new ModelException(node, $"input '{input}' is made by no earlier node"));
        }

        ReadMap(node);
        foreach (AttributeProto attribute in proto.Attribute)
        {
            ReadAttribute(attribute, node, scope, opsets, frame);
        }

        foreach (string output in proto.Output)
        {
            node.AddOutput(output.Length == 0 ? null : DefineOutput(output, graph, scope, declared, frame));
        }

        graph.Nodes.Add(node);
    }

    /// <summary>Operators that read a map have keys and values as two inputs.</summary>
    private void ReadMap(Node node)
    {
        for (int index = 0; index < node.Inputs.Count; index++)
        {
            if (node.Inputs[index] is { } input && _maps.TryGetValue(input, out MapInput? map))
            {
                if (!MapReadOperators.Reads(node) || node.Inputs.Count != 1)
                {
                    throw ModelException.Unsupported(node, $"input {index} ('{map.Name}') is a map, which only CastMap and DictVectorizer read");
                }

                node.AddInput(map.Values);
                return;
            }
        }
    }

    private Value DefineOutput(string output, Graph graph, Scope scope, IReadOnlyDictionary<string, ValueInfoProto> declared, CallFrame? frame)
    {
        Value value = graph.AddValue((frame?.Prefix ?? "") + output);
        if (frame is null && declared.TryGetValue(output, out ValueInfoProto? info))
        {
            value.DeclaredType = info.Type?.TensorType is { Shape: not null } ? ReadType(info, declareSymbols: false) : null;
            value.DeclaredContainer = TypeReader.TryReadContainer(info.Type);
        }

        if (!scope.Define(output, value))
        {
            throw new ModelException(null, $"value '{output}' is made twice");
        }

        return value;
    }

    private void InlineFunction(FunctionProto function, NodeProto call, string name, Graph graph, Scope caller, CallFrame? frame)
    {
        int depth = (frame?.Depth ?? 0) + 1;
        if (depth > MaximumCallDepth)
        {
            throw new ModelException(null, $"function '{function.Name}' calls itself, directly or through others");
        }

        var attributes = new Dictionary<string, AttributeProto>(StringComparer.Ordinal);
        foreach (AttributeProto attribute in function.AttributeProto)
        {
            attributes[attribute.Name] = attribute;
        }

        foreach (AttributeProto attribute in call.Attribute)
        {
            attributes[attribute.Name] = Resolve(attribute, frame) ?? attribute;
        }

        var scope = new Scope(null);
        for (int index = 0; index < function.Input.Count; index++)
        {
            if (index < call.Input.Count && call.Input[index].Length > 0)
            {
                scope.Define(function.Input[index], caller.Find(call.Input[index])
                    ?? throw new ModelException(null, $"input '{call.Input[index]}' of '{name}' is made by no earlier node"));
            }
        }

        var inner = new CallFrame($"{name}/", attributes, depth);
        IReadOnlyDictionary<string, int> opsets = ReadOpsets(function.OpsetImport);
        foreach (NodeProto node in NodeSorting.Sort(function.Node))
        {
            ReadNode(OmitMissingInputs(node, scope, function), graph, scope, opsets, new Dictionary<string, ValueInfoProto>(), inner);
        }

        for (int index = 0; index < call.Output.Count && index < function.Output.Count; index++)
        {
            if (call.Output[index].Length > 0)
            {
                caller.Define(call.Output[index], scope.Find(function.Output[index])
                    ?? throw new ModelException(null, $"output '{function.Output[index]}' of function '{function.Name}' is made by no node"));
            }
        }
    }

    /// <summary>An optional input that the caller omits is omitted wherever the function passes it on.</summary>
    private static NodeProto OmitMissingInputs(NodeProto node, Scope scope, FunctionProto function)
    {
        if (!node.Input.Any(input => input.Length > 0 && scope.Find(input) is null && function.Input.Contains(input)))
        {
            return node;
        }

        NodeProto copy = node.Clone();
        for (int index = 0; index < copy.Input.Count; index++)
        {
            if (scope.Find(copy.Input[index]) is null && function.Input.Contains(copy.Input[index]))
            {
                copy.Input[index] = "";
            }
        }

        return copy;
    }

    /// <summary>Follows a reference to an attribute of the enclosing function; null where the caller left it out.</summary>
    private static AttributeProto? Resolve(AttributeProto attribute, CallFrame? frame)
    {
        if (string.IsNullOrEmpty(attribute.RefAttrName))
        {
            return attribute;
        }

        if (frame is null || !frame.Attributes.TryGetValue(attribute.RefAttrName, out AttributeProto? resolved))
        {
            return null;
        }

        AttributeProto renamed = resolved.Clone();
        renamed.Name = attribute.Name;
        return renamed;
    }

    private void ReadAttribute(AttributeProto proto, Node node, Scope scope, IReadOnlyDictionary<string, int> opsets, CallFrame? frame)
    {
        if (Resolve(proto, frame) is not { } attribute)
        {
            return;
        }

        ModelException Empty() => new(node, $"attribute '{attribute.Name}' is a {attribute.Type} without content");
        object? value = attribute.Type switch
        {
            AttributeProto.Types.AttributeType.Float => attribute.F,
            AttributeProto.Types.AttributeType.Int => attribute.I,
            AttributeProto.Types.AttributeType.String => attribute.S.ToStringUtf8(),
            AttributeProto.Types.AttributeType.Floats => attribute.Floats.ToArray(),
            AttributeProto.Types.AttributeType.Ints => attribute.Ints.ToArray(),
            AttributeProto.Types.AttributeType.Strings => attribute.Strings.Select(text => text.ToStringUtf8()).ToArray(),
            AttributeProto.Types.AttributeType.Tensor => TensorReader.Read(attribute.T ?? throw Empty(), $"{node.Name}/{attribute.Name}", _texts),
            AttributeProto.Types.AttributeType.Graph => ReadGraph(attribute.G ?? throw Empty(), opsets, scope, isMain: false, frame),
            AttributeProto.Types.AttributeType.TypeProto => TypeReader.ReadOptional(attribute.Tp ?? throw Empty(), $"attribute '{attribute.Name}' of {node}"),
            AttributeProto.Types.AttributeType.Undefined => GuessKind(attribute),
            _ => null,
        };
        if (value is null)
        {
            throw ModelException.Unsupported(node, $"attribute '{attribute.Name}' of kind {attribute.Type}");
        }

        node.SetAttribute(attribute.Name, value);
    }

    /// <summary>IR versions before 2 did not state an attribute's kind.</summary>
    private object? GuessKind(AttributeProto attribute) =>
        attribute.HasF ? attribute.F
        : attribute.HasI ? attribute.I
        : attribute.HasS ? attribute.S.ToStringUtf8()
        : attribute.Ints.Count > 0 ? attribute.Ints.ToArray()
        : attribute.Floats.Count > 0 ? attribute.Floats.ToArray()
        : attribute.Strings.Count > 0 ? attribute.Strings.Select(text => text.ToStringUtf8()).ToArray()
        : attribute.T is not null ? TensorReader.Read(attribute.T, attribute.Name, _texts)
        : null;

    private TensorType? ReadType(ValueInfoProto info, bool declareSymbols)
    {
        if (info.Type?.TensorType is not { } tensor)
        {
            return info.Type is null || info.Type.ValueCase == TypeProto.ValueOneofCase.None
                ? null
                : throw new ModelException(null, $"value '{info.Name}' is a {info.Type.ValueCase}, which is not supported", unsupported: true);
        }

        if (tensor.Shape is null)
        {
            if (!declareSymbols)
            {
                return null;
            }

            if (!_ranks.TryGetValue(info.Name, out int rank))
            {
                throw new ModelException(null, $"input '{info.Name}' has no declared rank; OnnxDimensions can state it, as '{info.Name}{InputRanks.Suffix}=2'", unsupported: true);
            }

            _ranks.Remove(info.Name);
            tensor = tensor.Clone();
            tensor.Shape = new TensorShapeProto();
            tensor.Shape.Dim.Add(Enumerable.Range(0, rank).Select(_ => new TensorShapeProto.Types.Dimension()));
        }

        var dimensions = new Dimension[tensor.Shape.Dim.Count];
        for (int axis = 0; axis < dimensions.Length; axis++)
        {
            TensorShapeProto.Types.Dimension dimension = tensor.Shape.Dim[axis];
            if (dimension.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue && dimension.DimValue >= 0)
            {
                dimensions[axis] = dimension.DimValue;
            }
            else
            {
                // An unnamed size is a symbol of its own, named by the value and the axis.
                string symbol = dimension.DimParam.Length > 0 ? dimension.DimParam : $"{info.Name}.{axis}";
                if (declareSymbols)
                {
                    _symbols.Declare(symbol);
                }

                dimensions[axis] = Dimension.Symbol(symbol);
            }
        }

        return Enum.IsDefined(typeof(ElementType), tensor.ElemType)
            ? new TensorType((ElementType)tensor.ElemType, new Shape(dimensions))
            : throw new ModelException(null, $"value '{info.Name}' has the element type {tensor.ElemType}, which ONNX does not define");
    }

    /// <summary>Names that are visible at a place of the model; bodies of control flow see those around them.</summary>
    private sealed class Scope(Scope? outer)
    {
        private readonly Dictionary<string, Value> _values = new(StringComparer.Ordinal);

        public bool Define(string name, Value value)
        {
            bool isNew = !_values.ContainsKey(name);
            _values[name] = value;
            return isNew;
        }

        public Value? Find(string name) => _values.TryGetValue(name, out Value? value) ? value : outer?.Find(name);
    }

    /// <summary>A function call being unfolded.</summary>
    private sealed record CallFrame(string Prefix, IReadOnlyDictionary<string, AttributeProto> Attributes, int Depth);
}

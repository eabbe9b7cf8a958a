using Cameo.Benchmarks.Peers;
using Cameo.Fuzzing.Models;
using Cameo.Fuzzing.Oracle;
using Cameo.Generator.Onnx.Proto;
using Cameo.Sessions;

namespace Cameo.Fuzzing.Generation;

/// <summary>
/// A graph that grows node by node. Every node is evaluated as it is added: so its result's shape and elements are known to whatever is added next, and what ONNX Runtime does
/// not take is no part of the graph.
/// </summary>
internal sealed class RandomGraph(Random random, int opset, bool isOpen) : IDisposable
{
    private const long LargestTensor = 100_000;

    // Beyond this, sums and products of a few more nodes leave float32.
    private const double LargestMagnitude = 1e5;

    // Sizes around the widths of vectors and tiles, small ones most often.
    private static readonly long[] Sizes = [1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8, 8, 9, 12, 15, 16, 17, 20, 24, 31, 32, 33, 48, 63, 64, 65, 96, 127, 128, 129, 200, 257];

    private readonly List<FuzzValue> _pool = [];
    private readonly Dictionary<string, long> _open = new(StringComparer.Ordinal);
    private Reference? _reference;
    private int _names;

    public Random Random { get; } = random;

    public FuzzModel Model { get; } = new(opset);

    public int Opset => Model.Opset;

    /// <summary>Whether sizes of inputs may be open.</summary>
    public bool IsOpen => isOpen;

    public IReadOnlyDictionary<string, long> OpenSizes => _open;

    public IReadOnlyList<FuzzValue> Pool => _pool;

    private Reference Reference => _reference ??= new Reference(Model);

    private Dictionary<string, OnnxRuntimeTensor> FirstRun { get; } = new(StringComparer.Ordinal);

    public void Dispose() => _reference?.Dispose();

    public bool Chance(double probability) => Random.NextDouble() < probability;

    /// <summary>A number between two, both included.</summary>
    public int Integer(int low, int high) => Random.Next(low, high + 1);

    public double Number(double low, double high) => low + (Random.NextDouble() * (high - low));

    public T OneOf<T>(params ReadOnlySpan<T> choices) => choices[Random.Next(choices.Length)];

    public string NewName(string prefix = "v") => FormattableString.Invariant($"{prefix}{_names++}");

    public long Size() => Chance(0.02) ? 0 : Sizes[Random.Next(Sizes.Length)];

    public long SmallSize() => Chance(0.01) ? 0 : OneOf<long>(1, 2, 2, 3, 3, 4, 5, 6, 7, 8);

    /// <summary>A shape of some rank that is not too large.</summary>
    public long[] Shape(int minimumRank = 0, int maximumRank = 5)
    {
        int rank = Integer(minimumRank, maximumRank);
        rank = rank > 4 && rank > minimumRank && Chance(0.6) ? rank - 1 : rank;
        long[] shape = [.. Enumerable.Range(0, rank).Select(_ => rank <= 2 || Chance(0.25) ? Size() : SmallSize())];
        while (Elements.Count(shape) > LargestTensor / 20)
        {
            int axis = Random.Next(rank);
            shape[axis] = Math.Max(1, shape[axis] / 2);
        }

        return shape;
    }

    /// <summary>A new input; of an open graph, some of its sizes are open.</summary>
    /// <param name="type">Its elements' type.</param>
    /// <param name="shape">Its shape in the first run.</param>
    /// <param name="low">The least element.</param>
    /// <param name="high">The greatest element.</param>
    /// <param name="openAxes">How many axes may be open; the rest decides on ranks or on how a kernel is written, and is known in any model that people have.</param>
    public FuzzValue Input(ElementType type, long[] shape, double low = -2, double high = 2, int openAxes = int.MaxValue)
    {
        string name = NewName("x");
        object[] sizes = [.. shape.Select((size, axis) => isOpen && axis < openAxes && Chance(0.5) ? Symbol(size) : (object)size)];
        Model.Inputs.Add(new FuzzInput(name, type, sizes, low, high));
        OnnxRuntimeTensor tensor = Data(type, shape, low, high);
        FirstRun.Add(name, tensor);
        return Keep(new FuzzValue(name, tensor, isConstant: false));
    }

    /// <summary>A constant: an initializer or a node.</summary>
    public FuzzValue Constant(ElementType type, long[] shape, double low = -1, double high = 1) => Constant(Data(type, shape, low, high));

    public FuzzValue Constant(OnnxRuntimeTensor tensor)
    {
        string name = NewName("c");
        if (Chance(0.15))
        {
            FuzzStep step = FuzzStep.Of(FuzzNode.Create("", "Constant", [], [name], ("value", Elements.ToProto("", tensor))));
            FirstRun[name] = tensor;
            Model.Steps.Add(step);
        }
        else
        {
            Model.Initializers.Add(name, Elements.ToProto(name, tensor));
        }

        return new FuzzValue(name, tensor, isConstant: true);
    }

    public FuzzValue Constant(ElementType type, long[] shape, double[] numbers) => Constant(Elements.Create(type, shape, numbers));

    /// <summary>A constant list of int64.</summary>
    public FuzzValue Integers(params long[] values) => Constant(Elements.Create(ElementType.Int64, [values.Length], [.. values.Select(static value => (double)value)]));

    public FuzzValue Scalar(ElementType type, double value) => Constant(Elements.Create(type, Chance(0.7) ? [] : [1], [value]));

    /// <summary>An operand of a type and shape: an existing value, a constant or a new input.</summary>
    public FuzzValue Operand(ElementType type, long[] shape, double low = -2, double high = 2)
    {
        if (Chance(0.5) && Find(value => value.Type == type && value.Shape.SequenceEqual(shape) && value.Low >= low && value.High <= high) is { } existing)
        {
            return existing;
        }

        return Chance(0.6) ? Constant(type, shape, low, high) : Input(type, shape, low, high);
    }

    /// <summary>An existing value, rather a new one; null if none fits.</summary>
    public FuzzValue? Find(Predicate<FuzzValue> fits)
    {
        for (int attempt = 0; attempt < 3; attempt++)
        {
            for (int index = _pool.Count - 1; index >= 0; index--)
            {
                // Unread values first, so that graphs are deep rather than broad.
                if (!_pool[index].IsFinal && Chance(_pool[index].IsRead ? 0.15 : 0.5) && fits(_pool[index]))
                {
                    return _pool[index];
                }
            }
        }

        return null;
    }

    /// <summary>An existing value, or a new float input.</summary>
    public FuzzValue Float(int minimumRank = 0, int maximumRank = 5) =>
        Find(value => value.IsFloat && value.IsFinite && value.Rank >= minimumRank && value.Rank <= maximumRank) ?? Input(FloatType(), Shape(minimumRank, maximumRank));

    /// <summary>An existing value, or a new float32 input.</summary>
    public FuzzValue Single(int minimumRank = 0, int maximumRank = 5) =>
        Find(value => value.Type == ElementType.Float32 && value.IsFinite && value.Rank >= minimumRank && value.Rank <= maximumRank) ?? Input(ElementType.Float32, Shape(minimumRank, maximumRank));

    /// <summary>An existing value of any type, or a new input.</summary>
    public FuzzValue Any(int minimumRank = 0, int maximumRank = 5) =>
        Find(value => value.IsFinite && value.Rank >= minimumRank && value.Rank <= maximumRank) ?? Input(AnyType(), Shape(minimumRank, maximumRank), -5, 5);

    public ElementType FloatType() => Chance(0.9) ? ElementType.Float32 : OneOf(ElementType.Float64, ElementType.Float16, ElementType.Float32, ElementType.BFloat16);

    public ElementType IntegerType() => OneOf(ElementType.Int64, ElementType.Int64, ElementType.Int32, ElementType.Int32, ElementType.UInt8, ElementType.Int8, ElementType.Int16, ElementType.UInt16, ElementType.UInt32, ElementType.UInt64);

    public ElementType AnyType() => Chance(0.7) ? FloatType() : Chance(0.7) ? IntegerType() : ElementType.Boolean;

    /// <summary>An axis, sometimes counted from the end.</summary>
    public long Axis(int rank)
    {
        int axis = Random.Next(rank);
        return Chance(0.35) ? axis - rank : axis;
    }

    /// <summary>Some axes, each once; at least one.</summary>
    public long[] Axes(int rank, bool mayBeNegative = true)
    {
        int[] axes = [.. Enumerable.Range(0, rank)];
        Random.Shuffle(axes);
        int count = Integer(1, Math.Max(1, Chance(0.5) ? 1 : rank));
        return [.. axes.Take(count).Order().Select(axis => mayBeNegative && Chance(0.3) ? axis - rank : (long)axis)];
    }

    /// <summary>Adds a node of ONNX's own domain with one result.</summary>
    public FuzzValue Node(string type, FuzzValue?[] inputs, params (string Name, object Value)[] attributes) => Node("", type, inputs, 1, attributes)[0];

    public FuzzValue[] Nodes(string type, FuzzValue?[] inputs, int outputs, params (string Name, object Value)[] attributes) => Node("", type, inputs, outputs, attributes);

    public FuzzValue Contrib(string type, FuzzValue?[] inputs, params (string Name, object Value)[] attributes) => Node("com.microsoft", type, inputs, 1, attributes)[0];

    public FuzzValue[] Node(string domain, string type, FuzzValue?[] inputs, int outputs, params (string Name, object Value)[] attributes)
    {
        string[] names = [.. Enumerable.Range(0, outputs).Select(_ => NewName())];
        int present = inputs.Length;
        while (present > 0 && inputs[present - 1] is null)
        {
            present--;
        }

        return Add(FuzzStep.Of(FuzzNode.Create(domain, type, inputs.Take(present).Select(static input => input?.Name ?? ""), names, attributes)));
    }

    /// <summary>Adds nodes that are evaluated together.</summary>
    /// <exception cref="RejectedException">ONNX Runtime refuses them, or the results are of no use.</exception>
    public FuzzValue[] Add(FuzzStep step)
    {
        Dictionary<string, OnnxRuntimeTensor> results;
        try
        {
            results = Reference.Run(step, FirstRun);
        }
        catch (Exception exception) when (exception is InvalidOperationException or NotSupportedException or OverflowException)
        {
            throw new RejectedException($"{step.Nodes[^1].OpType}: {exception.Message}");
        }

        if (ReferenceFaults.Find(step, name => results.GetValueOrDefault(name) ?? Shape(Model, FirstRun, name)) is { } fault)
        {
            throw new RejectedException(fault);
        }

        FuzzValue[] values = [.. step.Outputs.Select(name => new FuzzValue(name, results[name], isConstant: step.Inputs.Length > 0 && step.Inputs.All(Model.Initializers.ContainsKey)))];
        foreach (FuzzValue value in values)
        {
            if (value.Count > LargestTensor)
            {
                throw new RejectedException("too large");
            }

            if (value.IsFloat && value.Numbers.Any(static number => !(Math.Abs(number) <= LargestMagnitude)) && Chance(0.97))
            {
                throw new RejectedException("not finite");
            }
        }

        Model.Steps.Add(step);
        foreach (FuzzValue value in values)
        {
            FirstRun.Add(value.Name, value.Tensor);
            Keep(value);
        }

        foreach (FuzzValue read in _pool.Where(value => step.Inputs.Contains(value.Name)))
        {
            read.IsRead = true;
        }

        return values;
    }

    /// <summary>Random elements. Floats have exact ties and zeros now and then.</summary>
    public OnnxRuntimeTensor Data(ElementType type, long[] shape, double low, double high)
    {
        double[] numbers = new double[Elements.Count(shape)];
        bool hasTies = Chance(0.1);
        for (int index = 0; index < numbers.Length; index++)
        {
            numbers[index] = Element(type, low, high, hasTies);
        }

        return Elements.Create(type, shape, numbers);
    }

    /// <summary>Chooses the outputs, makes the inputs of a second run, and gives the model without what is not needed.</summary>
    public FuzzModel Finish()
    {
        FuzzValue[] made = [.. _pool.Where(value => Model.Steps.Any(step => step.Outputs.Contains(value.Name)))];
        if (made.Length == 0)
        {
            throw new RejectedException("nothing was made");
        }

        Model.Outputs.AddRange(made.Where(value => !value.IsRead || Chance(0.1)).Select(static value => new FuzzOutput(value.Name, value.Type, null)));

        Model.Runs.Add(Model.Inputs.ToDictionary(static input => input.Name, input => FirstRun[input.Name], StringComparer.Ordinal));
        FuzzModel pruned = Model.Pruned();
        bool isDeclared = !isOpen && Chance(0.5);
        Dictionary<string, OnnxRuntimeTensor>? second = AddRun(pruned);
        if (isOpen)
        {
            AddRun(pruned);
        }

        if (isDeclared && pruned.Outputs.All(output => second is null || second[output.Name].Shape.SequenceEqual(FirstRun[output.Name].Shape)))
        {
            FuzzOutput[] declared = [.. pruned.Outputs.Select(output => output with { Sizes = [.. FirstRun[output.Name].Shape.Cast<object?>()] })];
            pruned.Outputs.Clear();
            pruned.Outputs.AddRange(declared);
        }

        return pruned;
    }

    /// <summary>Type and shape of a value of a run; null for one within a step.</summary>
    private static OnnxRuntimeTensor? Shape(FuzzModel model, Dictionary<string, OnnxRuntimeTensor> values, string name) =>
        values.TryGetValue(name, out OnnxRuntimeTensor? value) ? value
        : model.Initializers.TryGetValue(name, out TensorProto? tensor) ? new OnnxRuntimeTensor(tensor.DataType, [.. tensor.Dims], [])
        : null;

    /// <summary>Adds a run with other inputs, of other sizes where they are open; gives its values, or null if the graph does not take them.</summary>
    private Dictionary<string, OnnxRuntimeTensor>? AddRun(FuzzModel model)
    {
        Dictionary<string, long> sizes = _open.ToDictionary(static entry => entry.Key, entry => Chance(0.3) ? entry.Value : Chance(0.7) ? SmallSize() : Size(), StringComparer.Ordinal);
        Dictionary<string, OnnxRuntimeTensor> inputs = model.Inputs.ToDictionary(
            static input => input.Name, input => Data(input.Type, input.ShapeWith(sizes), input.Low, input.High), StringComparer.Ordinal);
        if (inputs.Values.Any(static tensor => Elements.Count(tensor.Shape) > LargestTensor))
        {
            return null;
        }

        try
        {
            using var reference = new Reference(model);
            Dictionary<string, OnnxRuntimeTensor> values = reference.RunAll(inputs, noise: null);
            // A window larger than the input is refused in a run, where the reference gives nothing without a word.
            if (model.Steps.Any(step => step.Nodes.Any(node => (node.OpType.Contains("Pool", StringComparison.Ordinal) || node.OpType.Contains("Conv", StringComparison.Ordinal))
                && node.Output.Any(name => values.TryGetValue(name, out OnnxRuntimeTensor? value) && value.Shape.Skip(2).Contains(0)))))
            {
                return null;
            }

            if (model.Steps.Any(step => ReferenceFaults.Find(step, name => Shape(model, values, name)) is not null))
            {
                return null;
            }

            model.Runs.Add(inputs);
            return values;
        }
        catch (InvalidOperationException)
        {
            // Other sizes, or other indices, do not fit the graph.
            // Padding further than the tensor reaches has a meaning all the same: the reflection goes on.
            // Linear resizing is there for the two innermost axes alone. What a loop without iterations collects has no shape.
            model.RefusedRun = model.Steps.Any(static step => step.Nodes.Any(static node => node.OpType is "Pad" or "Resize" or "Upsample" or "Loop")) ? null : inputs;
            return null;
        }
    }

    private FuzzValue Keep(FuzzValue value)
    {
        _pool.Add(value);
        return value;
    }

    private double Element(ElementType type, double low, double high, bool isTie)
    {
        if (type == ElementType.Boolean)
        {
            return Random.Next(2);
        }

        if (!Elements.IsFloat(type))
        {
            double least = type is ElementType.UInt8 or ElementType.UInt16 or ElementType.UInt32 or ElementType.UInt64 ? Math.Max(0, low) : low;
            return Random.NextInt64((long)Math.Ceiling(least), Math.Max((long)Math.Ceiling(least), (long)Math.Floor(high)) + 1);
        }

        double number = Number(low, high);
        return isTie ? Math.Clamp(Math.Round(number * 2) / 2, low, high) : number;
    }

    private string Symbol(long size)
    {
        string[] same = [.. _open.Where(entry => entry.Value == size).Select(static entry => entry.Key)];
        if (same.Length > 0 && Chance(0.8))
        {
            return OneOf<string>(same);
        }

        string name = FormattableString.Invariant($"n{_open.Count}");
        _open.Add(name, size);
        return name;
    }
}

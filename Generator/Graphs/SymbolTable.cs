namespace Cameo.Generator.Graphs;

/// <summary>The model's symbolic dimensions with their ranges and, for those that follow from others, their definitions.</summary>
internal sealed class SymbolTable
{
    private readonly SortedDictionary<string, DimensionRange> _ranges = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dimension> _definitions = new(StringComparer.Ordinal);
    private readonly HashSet<string> _setByKernels = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, (Value Input, int Index)> _elements = new(StringComparer.Ordinal);

    private readonly HashSet<string> _data = new(StringComparer.Ordinal);
    private readonly HashSet<string> _numbers = new(StringComparer.Ordinal);
    private readonly List<Dimension> _nonNegative = [];

    /// <summary>Expressions over several symbols that are known to be at least 0; runs check them.</summary>
    public IReadOnlyList<Dimension> NonNegative => _nonNegative;

    /// <summary>Symbols that are no other's function, in ordinal order.</summary>
    public IEnumerable<string> Free => _ranges.Keys.Where(name => !_definitions.ContainsKey(name));

    public IReadOnlyDictionary<string, Dimension> Definitions => _definitions;

    public void Declare(string name, DimensionRange? range = null)
    {
        if (range is { } known)
        {
            _ranges[name] = known;
        }
        else if (!_ranges.ContainsKey(name))
        {
            _ranges[name] = DimensionRange.AnySize;
        }
    }

    public bool Contains(string name) => _ranges.ContainsKey(name);

    /// <summary>A symbol that no input's size gives: kernels set it while the model runs (the iteration of a loop).</summary>
    public void DeclareSetByKernel(string name, DimensionRange range)
    {
        _ranges[name] = range;
        _setByKernels.Add(name);
    }

    /// <summary>Symbols that are elements of inputs, which a run reads when it begins.</summary>
    public IReadOnlyDictionary<string, (Value Input, int Index)> Elements => _elements;

    /// <summary>A symbol that is an element of an input: any number.</summary>
    public void DeclareElement(string name, Value input, int index)
    {
        _ranges[name] = new DimensionRange(long.MinValue, long.MaxValue);
        _elements[name] = (input, index);
    }

    /// <summary>A symbol that a kernel sets from data while the model runs: see the design's "Data-dependent sizes".</summary>
    /// <param name="name">The symbol.</param>
    /// <param name="range">What it can be.</param>
    /// <param name="isSize">Whether it is a size; else it is an element of a tensor, which may be any number.</param>
    public void DeclareData(string name, DimensionRange range, bool isSize)
    {
        DeclareSetByKernel(name, range);
        _data.Add(name);
        if (!isSize)
        {
            _numbers.Add(name);
        }
    }

    /// <summary>Whether the model has sizes that kernels set from data.</summary>
    public bool HasData => _data.Count > 0;

    /// <summary>Whether a kernel sets the symbol from data.</summary>
    public bool IsData(string name) => _data.Contains(name);

    /// <summary>Whether an expression depends on elements of tensors, of inputs or made by kernels.</summary>
    public bool DependsOnElements(Dimension dimension) => _elements.Count + _numbers.Count > 0 && dimension.Symbols().Any(symbol => _elements.ContainsKey(symbol) || _numbers.Contains(symbol));

    /// <summary>Whether an expression depends on elements of inputs and on nothing that kernels set.</summary>
    public bool DependsOnInputElements(Dimension dimension) => _elements.Count > 0 && dimension.Symbols().Any(_elements.ContainsKey) && IsKnownAtStart(dimension);

    /// <summary>Whether a symbol gets its value while the model runs, and not from the inputs' sizes.</summary>
    public bool IsSetByKernel(string name) => _setByKernels.Contains(name);

    /// <summary>Whether an expression is known before the first kernel runs.</summary>
    public bool IsKnownAtStart(Dimension dimension) => !dimension.Symbols().Any(IsSetByKernel);

    /// <summary>States that a symbol equals an expression (as <c>total = past + sequence</c>).</summary>
    /// <exception cref="InvalidOperationException">The expression depends on the symbol itself.</exception>
    public void Define(string name, Dimension definition)
    {
        Declare(name);
        Dimension resolved = Resolve(definition);
        _definitions[name] = resolved.Symbols().Contains(name)
            ? throw new InvalidOperationException($"The size '{name}' would be defined by itself: {resolved}.")
            : resolved;
    }

    /// <summary>States that an expression is at least 0.</summary>
    public void Bound(Dimension expression) => _nonNegative.Add(expression);

    public DimensionRange Range(string name) => _definitions.TryGetValue(name, out Dimension? definition)
        ? definition.Range(Range)
        : _ranges.TryGetValue(name, out DimensionRange range) ? range : DimensionRange.AnySize;

    /// <summary>Replaces defined symbols by what they stand for.</summary>
    public Dimension Resolve(Dimension dimension) => dimension.Substitute(name => _definitions.TryGetValue(name, out Dimension? definition) ? Resolve(definition) : null);
}

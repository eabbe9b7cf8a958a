namespace Cameo.Generator.Graphs;

/// <summary>
/// The texts that a model knows when it is built. An element of a string tensor is a handle into such a table, so that moves and comparisons of strings are those of int64;
/// a session continues the table with the texts of its run. Handle 0 is the empty text.
/// </summary>
internal sealed class TextTable
{
    private readonly List<string> _texts = [];
    private readonly Dictionary<string, long> _handles = new(StringComparer.Ordinal);

    public TextTable() => Handle("");

    /// <summary>The texts by their handles.</summary>
    public IReadOnlyList<string> Texts => _texts;

    /// <summary>The handle of a text, which is added where it is new.</summary>
    public long Handle(string text)
    {
        if (!_handles.TryGetValue(text, out long handle))
        {
            handle = _texts.Count;
            _handles.Add(text, handle);
            _texts.Add(text);
        }

        return handle;
    }

    /// <summary>A constant of texts.</summary>
    public InlineConstant Constant(IEnumerable<string> texts, Shape shape) =>
        ConstantElements.FromIntegers([.. texts.Select(Handle)], new TensorType(ElementType.String, shape));

    /// <summary>The texts of a constant.</summary>
    public string[] Read(InlineConstant constant) => [.. ConstantElements.ReadIntegers(constant).Select(handle => _texts[(int)handle])];
}

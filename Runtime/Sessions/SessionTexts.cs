namespace Cameo.Sessions;

/// <summary>
/// The texts of a session's run: those of the model, and after them those that inputs brought and kernels made. The same text has the same handle as long as the run
/// lasts, so that string tensors are moved and compared as int64. For one thread at a time.
/// </summary>
public sealed class SessionTexts
{
    private readonly TextConstants _constants;
    private readonly Dictionary<string, long> _handles = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> _constantsBySpan;
    private readonly List<string> _texts = [];

    /// <summary>A table of the model's texts.</summary>
    /// <param name="constants">The model's texts.</param>
    public SessionTexts(TextConstants constants)
    {
        ArgumentNullException.ThrowIfNull(constants);
        _constants = constants;
        _bySpan = _handles.GetAlternateLookup<ReadOnlySpan<char>>();
        _constantsBySpan = constants.Handles.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>What a kernel that splits texts has found, for the one right behind it that writes it.</summary>
    internal List<long> Pieces { get; } = [];

    /// <summary>Parts of a text, for the time of a kernel.</summary>
    internal List<Range> Parts { get; private set; } = [];

    /// <summary>More parts of a text.</summary>
    internal List<Range> OtherParts { get; private set; } = [];

    /// <summary>Number of texts: handles are below it.</summary>
    public int Count => _constants.Count + _texts.Count;

    /// <summary>A text.</summary>
    /// <param name="handle">Its handle.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such text.</exception>
    public string this[long handle] => (ulong)handle < (ulong)_constants.Count ? _constants[handle] : _texts[checked((int)(handle - _constants.Count))];

    /// <summary>The handle of a text, which is added where it is new.</summary>
    /// <param name="text">The text.</param>
    public long Handle(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (_constants.Handles.TryGetValue(text, out long handle) || _handles.TryGetValue(text, out handle))
        {
            return handle;
        }

        return Add(text);
    }

    /// <summary>The handle of a text, which becomes a string only where it is new.</summary>
    /// <param name="text">The text.</param>
    public long Handle(ReadOnlySpan<char> text)
    {
        if (_constantsBySpan.TryGetValue(text, out long handle) || _bySpan.TryGetValue(text, out handle))
        {
            return handle;
        }

        return Add(text.ToString());
    }

    /// <summary>Lets the two lists of parts change places.</summary>
    internal void SwapParts() => (Parts, OtherParts) = (OtherParts, Parts);

    /// <summary>Forgets the texts of a run.</summary>
    internal void Clear()
    {
        if (_texts.Count > 0)
        {
            _handles.Clear();
            _texts.Clear();
        }
    }

    private long Add(string text)
    {
        long handle = Count;
        _handles.Add(text, handle);
        _texts.Add(text);
        return handle;
    }
}

using System.Runtime.InteropServices;

namespace Cameo.States;

/// <summary>
/// One key or value cache: 64-byte aligned native memory laid out [batch][heads][capacity][headSize] in float32. Tokens
/// are appended in place, so that what a model calls <c>present</c> is the memory it calls <c>past</c>. The address stays
/// the same from the first run on; only an empty state whose batch grows gets new memory.
/// </summary>
/// <remarks>Which positions hold tokens is known to the <see cref="SequenceState"/> that the buffers of a session share.</remarks>
public sealed unsafe class KeyValueBuffer : IDisposable
{
    private const nuint Alignment = 64;

    private readonly SequenceState _state;
    private float* _data;
    private CachePages? _pages;
    private int _rows;
    private bool _disposed;

    /// <summary>Creates a buffer and attaches it to its state.</summary>
    /// <param name="state">Bookkeeping shared by all buffers of a session.</param>
    /// <param name="heads">Key/value heads.</param>
    /// <param name="headSize">Elements a head holds for a token.</param>
    public KeyValueBuffer(SequenceState state, int heads, int headSize)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(heads);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(headSize);
        _state = state;
        Heads = heads;
        HeadSize = headSize;
        state.Attach(this);
    }

    /// <summary>Frees the memory of a buffer that was not disposed.</summary>
    ~KeyValueBuffer() => Free();

    /// <summary>Key/value heads.</summary>
    public int Heads { get; }

    /// <summary>Elements a head holds for a token.</summary>
    public int HeadSize { get; }

    /// <summary>First element of [row 0][head 0][position 0]; null before rows are known.</summary>
    public float* Data => _data;

    /// <summary>Elements from one head to the next.</summary>
    public nint HeadStride => (nint)_state.Capacity * HeadSize;

    /// <summary>Elements from one row of the batch to the next.</summary>
    public nint RowStride => HeadStride * Heads;

    /// <summary>Bytes in use by the allocated rows.</summary>
    public long Bytes => (long)_rows * RowStride * sizeof(float);

    /// <summary>The load this buffer took part in last (see <see cref="SequenceState.PrepareLoad"/>).</summary>
    internal int LoadGeneration { get; set; }

    /// <summary>
    /// Replaces the content by a tensor [rows, heads, columns, headSize]. Which of its columns are tokens and which are
    /// padding is settled by the next run: its mask if there is one, else all are tokens.
    /// </summary>
    /// <param name="source">The elements, in that order.</param>
    /// <param name="rows">Batch size.</param>
    /// <param name="columns">Positions per row; the state's position afterwards.</param>
    /// <exception cref="ArgumentException">The number of elements is another one.</exception>
    /// <exception cref="StateFullException">More columns than the state's capacity.</exception>
    /// <exception cref="IncompleteStateLoadException">Other buffers of the state were just loaded with another shape.</exception>
    public void Load(ReadOnlySpan<float> source, int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        long expected = (long)rows * Heads * columns * HeadSize;
        if (source.Length != expected)
        {
            throw new ArgumentException(
                $"A state of shape [{rows}, {Heads}, {columns}, {HeadSize}] has {expected} elements, but {source.Length} came.", nameof(source));
        }

        LoadGeneration = _state.PrepareLoad(rows, columns, LoadGeneration);
        int block = columns * HeadSize;
        for (int index = 0; index < rows * Heads; index++)
        {
            source.Slice(index * block, block).CopyTo(new Span<float>(_data + (index * HeadStride), block));
        }
    }

    /// <summary>
    /// Reads the content back as [rows, heads, columns, headSize]: each token at the mask column it was presented at,
    /// zeros where there was padding and beyond the state's position.
    /// </summary>
    /// <param name="destination">Receives the elements; all of them are written.</param>
    /// <param name="columns">Positions per row; usually the state's position, more for the shape of a static cache.</param>
    /// <exception cref="ArgumentException">The destination has another number of elements, or columns is less than the position.</exception>
    public void Read(Span<float> destination, int columns)
    {
        if (columns < _state.Position)
        {
            throw new ArgumentException($"The state is at position {_state.Position}; {columns} columns can't show it.", nameof(columns));
        }

        long expected = (long)_state.Rows * Heads * columns * HeadSize;
        if (destination.Length != expected)
        {
            throw new ArgumentException(
                $"The state has the shape [{_state.Rows}, {Heads}, {columns}, {HeadSize}], {expected} elements, but there is room for {destination.Length}.",
                nameof(destination));
        }

        destination.Clear();
        for (int row = 0; row < _state.Rows; row++)
        {
            ReadOnlySpan<int> tokenColumns = _state.TokenColumns(row);
            for (int head = 0; head < Heads; head++)
            {
                float* source = Head(row, head);
                Span<float> target = destination.Slice(((row * Heads) + head) * columns * HeadSize, columns * HeadSize);
                for (int token = 0; token < tokenColumns.Length; token++)
                {
                    new ReadOnlySpan<float>(source + ((nint)token * HeadSize), HeadSize).CopyTo(target[(tokenColumns[token] * HeadSize)..]);
                }
            }
        }
    }

    /// <summary>First element of a head of a row.</summary>
    /// <param name="row">Row of the batch.</param>
    /// <param name="head">Key/value head.</param>
    /// <returns>The address of [row][head][0][0].</returns>
    public float* Head(int row, int head) => _data + (row * RowStride) + (head * HeadStride);

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>Allocates memory for at least <paramref name="rows"/> rows. What was there is lost if it has to grow.</summary>
    internal void EnsureRows(int rows)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (rows <= _rows)
        {
            return;
        }

        nuint bytes = checked((nuint)rows * (nuint)RowStride * sizeof(float));
        float* data = (float*)NativeMemory.AlignedAlloc(bytes, Alignment);
        NativeMemory.AlignedFree(_data);
        _data = data;
        _rows = rows;
        _pages = new CachePages(data, (long)bytes);
    }

    /// <summary>Makes pages large that tokens fill by now (<see cref="CachePages"/>).</summary>
    /// <param name="length">Tokens that every row holds.</param>
    /// <param name="most">Most pages to copy.</param>
    /// <returns>How many were copied.</returns>
    internal int MakePagesLarge(int length, int most) => _pages is null
        ? 0
        : _pages.MakeLarge((byte*)_data, (long)_state.Rows * Heads, HeadStride * sizeof(float), (long)length * HeadSize * sizeof(float), most);

    /// <summary>Moves the tokens of a row that stand at the given positions to the front, in order.</summary>
    internal void Compact(int row, ReadOnlySpan<int> positions)
    {
        for (int head = 0; head < Heads; head++)
        {
            float* data = Head(row, head);
            for (int token = 0; token < positions.Length; token++)
            {
                if (positions[token] != token)
                {
                    nint from = (nint)positions[token] * HeadSize;
                    new ReadOnlySpan<float>(data + from, HeadSize).CopyTo(new Span<float>(data + ((nint)token * HeadSize), HeadSize));
                }
            }
        }
    }

    /// <summary>Copies the tokens of every row (and nothing else) from the same buffer of a forked session.</summary>
    internal void CopyTokensFrom(KeyValueBuffer source, ReadOnlySpan<int> lengths)
    {
        for (int row = 0; row < lengths.Length; row++)
        {
            for (int head = 0; head < Heads; head++)
            {
                int count = lengths[row] * HeadSize;
                new ReadOnlySpan<float>(source.Head(row, head), count).CopyTo(new Span<float>(Head(row, head), count));
            }
        }
    }

    private void Free()
    {
        _disposed = true;
        NativeMemory.AlignedFree(_data);
        _data = null;
        _rows = 0;
    }
}

namespace Cameo.Generator.Onnx;

/// <summary>
/// Bounds the memory that a graph may take. Two bytes of a file can be a whole empty node, so that the size of the file alone does not bound it.
/// </summary>
internal sealed class StructureBudget
{
    /// <summary>Above what any graph that can sensibly be compiled needs: half a million nodes take about this much.</summary>
    private const long MaximumBytes = 256L << 20;

    // Rough sizes of the objects that represent a message, a text and a number.
    private const int MessageBytes = 256;
    private const int FieldBytes = 32;
    private const int NumberBytes = 8;

    /// <summary>A message that is parsed whole, such as a type, can grow this much: an empty inner message has two bytes and becomes an object.</summary>
    private const int ParsedMessageGrowth = 16;

    private long _used;

    public void AddMessage() => Add(MessageBytes);

    public void AddField(in WireField field, bool isMessage)
        => Add(field.IsMessageOrBytes ? FieldBytes + (isMessage ? field.Length * ParsedMessageGrowth : field.Length) : NumberBytes);

    public void AddData(long bytes) => Add(FieldBytes + bytes);

    private void Add(long bytes)
    {
        _used += bytes;
        if (_used > MaximumBytes)
        {
            throw new ImportException(
                ImportDiagnosticIds.GraphTooLarge,
                FormattableString.Invariant($"The graph without its large tensors needs more than {MaximumBytes >> 20} MiB, which is more than can be compiled."));
        }
    }
}

namespace Cameo.Generator.Graphs;

/// <summary>What a model's packed weight file holds, in order of offsets: the compiler writes it, the packing task carries it out.</summary>
/// <param name="Entries">Tensors and where they lie.</param>
/// <param name="PayloadBytes">Bytes after the file's header.</param>
/// <param name="Identity">32 bytes that the generated code and the file must share: a hash of the graph text, the options and the compiler's version.</param>
internal sealed record WeightRecipe(IReadOnlyList<WeightEntry> Entries, long PayloadBytes, byte[] Identity);

/// <summary>One tensor of a packed weight file.</summary>
/// <param name="Name">A readable name, for dumps.</param>
/// <param name="Offset">Bytes from the payload's start; a multiple of 64.</param>
/// <param name="Expression">How its bytes are made.</param>
internal sealed record WeightEntry(string Name, long Offset, WeightExpression Expression)
{
    public long Bytes => Expression.Count * Expression.ElementType.Bytes();
}

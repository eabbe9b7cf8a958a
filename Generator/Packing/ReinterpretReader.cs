using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>Bytes as elements of several bytes, lowest first.</summary>
internal sealed unsafe class ReinterpretReader(ElementReader input, ElementType elementType) : ElementReader(elementType, input.Count / elementType.Bytes())
{
    public override void Read(long first, long count, byte* destination) => input.Read(first * ElementBytes, count * ElementBytes, destination);
}

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>Conversion as ONNX's Cast does it; where ONNX leaves the result open, as .NET's conversions do, so that packing agrees with compiled code.</summary>
internal sealed unsafe class CastReader : ElementReader
{
    private const int BlockElements = 4096;

    private readonly ElementReader _input;
    private readonly ElementConversion _conversion;

    public CastReader(ElementReader input, ElementType elementType)
        : base(elementType, input.Count)
    {
        _input = input;
        _conversion = ElementConversion.Create(input.ElementType, elementType)
            ?? throw new PackingException($"A cast from {input.ElementType.OnnxName()} to {elementType.OnnxName()} is not supported for weights.");
    }

    public override void Read(long first, long count, byte* destination)
    {
        byte* block = stackalloc byte[BlockElements * _input.ElementBytes];
        while (count > 0)
        {
            int elements = (int)Math.Min(count, BlockElements);
            _input.Read(first, elements, block);
            _conversion.Convert(block, destination, elements);
            first += elements;
            count -= elements;
            destination += (long)elements * ElementBytes;
        }
    }
}

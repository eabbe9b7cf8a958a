using Cameo.Generator.Graphs;

namespace Cameo.Tests.Build;

/// <summary>The oracle of packing: every transform element by element, from its definition, with nothing shared with the packer. Conversions are tested apart.</summary>
internal static class NaiveWeights
{
    public static byte[] Evaluate(WeightExpression expression, MemoryTensorSource source)
    {
        int size = expression.ElementType.Bytes();
        byte[] result = new byte[expression.Count * size];
        for (long element = 0; element < expression.Count; element++)
        {
            Element(expression, Index(element, expression.Shape), source).CopyTo(result.AsSpan((int)(element * size)));
        }

        return result;
    }

    private static byte[] Element(WeightExpression expression, long[] index, MemoryTensorSource source)
    {
        int size = expression.ElementType.Bytes();
        switch (expression)
        {
            case WeightSource tensor:
                return Cut(source[tensor.Tensor], Flat(index, tensor.Shape), size);
            case WeightBytes bytes:
                return Cut(bytes.Data, Flat(index, bytes.Shape), size);
            case WeightFill fill:
                return fill.Element;
            case WeightReshape reshape:
                return Element(reshape.Input, Index(Flat(index, reshape.Shape), reshape.Input.Shape), source);
            case WeightTranspose transpose:
                long[] transposed = new long[index.Length];
                for (int axis = 0; axis < index.Length; axis++)
                {
                    transposed[transpose.Permutation[axis]] = index[axis];
                }

                return Element(transpose.Input, transposed, source);
            case WeightSlice slice:
                return Element(slice.Input, [.. index.Select((position, axis) => slice.Start[axis] + (position * slice.Step[axis]))], source);
            case WeightConcatenation concatenation:
                long along = index[concatenation.Axis];
                foreach (WeightExpression input in concatenation.Inputs)
                {
                    if (along < input.Shape[concatenation.Axis])
                    {
                        return Element(input, [.. index.Select((position, axis) => axis == concatenation.Axis ? along : position)], source);
                    }

                    along -= input.Shape[concatenation.Axis];
                }

                throw new InvalidOperationException("The concatenation is shorter than its shape.");
            case WeightScale scale:
                return BitConverter.GetBytes(BitConverter.ToSingle(Element(scale.Input, index, source)) * scale.Factor);
            case WeightCast cast when cast.ElementType == ElementType.Float32 && cast.Input.ElementType == ElementType.Float16:
                return BitConverter.GetBytes((float)BitConverter.ToHalf(Element(cast.Input, index, source)));
            case WeightReinterpret reinterpret:
                long first = Flat(index, reinterpret.Shape) * size;
                return [.. Enumerable.Range(0, size).SelectMany(part => Element(reinterpret.Input, Index(first + part, reinterpret.Input.Shape), source))];
            case WeightPanels panels:
                long column = (index[1] * panels.Width) + index[3];
                return column < panels.Input.Shape[2] ? Element(panels.Input, [index[0], index[2], column], source) : new byte[size];
            case WeightWords words:
                return BitConverter.GetBytes(Word(words, index, source));
            default:
                throw new NotSupportedException(expression.ToString());
        }
    }

    private static uint Word(WeightWords words, long[] index, MemoryTensorSource source)
    {
        uint word = 0;
        long column = (index[1] * words.Width) + index[3];
        int perWord = 32 / words.Bits;
        for (int j = 0; j < perWord; j++)
        {
            long row = (index[2] * perWord) + j;
            if (row < words.Input.Shape[1] && column < words.Input.Shape[2])
            {
                byte[] element = Element(words.Input, [index[0], row, column], source);
                uint bits = words.Bits == 16 ? BitConverter.ToUInt16(element) : element[0] & ((1u << words.Bits) - 1);
                word |= bits << (words.Bits == 4 ? (8 * (j & 3)) + (4 * (j >> 2)) : words.Bits * j);
            }
        }

        return word;
    }

    private static byte[] Cut(byte[] data, long element, int size) => data.AsSpan((int)(element * size), size).ToArray();

    private static long Flat(long[] index, IReadOnlyList<long> shape)
    {
        long flat = 0;
        for (int axis = 0; axis < index.Length; axis++)
        {
            flat = (flat * shape[axis]) + index[axis];
        }

        return flat;
    }

    private static long[] Index(long flat, IReadOnlyList<long> shape)
    {
        long[] index = new long[shape.Count];
        for (int axis = shape.Count - 1; axis >= 0; axis--)
        {
            index[axis] = flat % shape[axis];
            flat /= shape[axis];
        }

        return index;
    }
}

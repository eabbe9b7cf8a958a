using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>The elements of a strided view in row-major order.</summary>
internal sealed unsafe class ViewReader(StridedView view, ElementType elementType)
    : ElementReader(elementType, view.Shape.Aggregate(1L, (product, size) => product * size))
{
    public override void Read(long first, long count, byte* destination)
    {
        int inner = view.Shape.Length - 1;
        long length = inner < 0 ? 1 : view.Shape[inner];
        long stride = inner < 0 ? 1 : view.Strides[inner];
        while (count > 0)
        {
            long column = first % length;
            long elements = Math.Min(count, length - column);
            long outer = first / length;
            long position = view.Offset + (column * stride);
            for (int axis = inner - 1; axis >= 0; axis--)
            {
                position += outer % view.Shape[axis] * view.Strides[axis];
                outer /= view.Shape[axis];
            }

            StridedCopy.Row(view.Memory.Pointer + (position * ElementBytes), stride, destination, elements, ElementBytes);
            first += elements;
            count -= elements;
            destination += elements * ElementBytes;
        }
    }
}

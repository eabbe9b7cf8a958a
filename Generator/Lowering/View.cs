using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>A strided window on a buffer: what a value looks like to kernels. Strides and the offset are in elements; a stride of 0 repeats.</summary>
internal sealed class View
{
    public View(MemoryBuffer buffer, Shape shape, IReadOnlyList<Dimension> strides, Dimension offset)
    {
        Buffer = buffer;
        Shape = shape;
        Strides = strides;
        Offset = offset;
    }

    /// <summary>The whole of a buffer, dense and row-major.</summary>
    public View(MemoryBuffer buffer, Shape shape)
        : this(buffer, shape, shape.RowMajorStrides(), Dimension.Zero)
    {
    }

    public MemoryBuffer Buffer { get; }

    public Shape Shape { get; }

    public IReadOnlyList<Dimension> Strides { get; }

    public Dimension Offset { get; }

    public ElementType ElementType => Buffer.ElementType;

    public int Rank => Shape.Rank;

    /// <summary>Whether the elements lie densely in row-major order. Axes of size 1 don't matter.</summary>
    public bool IsContiguous => IsDense(0);

    /// <summary>Whether another view shows the same elements under the same shape.</summary>
    public bool IsSame(View other) => Buffer == other.Buffer && Offset == other.Offset && Shape.Equals(other.Shape)
        && Enumerable.Range(0, Rank).All(axis => Shape[axis].Value == 1 || Strides[axis] == other.Strides[axis]);

    /// <summary>Whether the axes from <paramref name="axis"/> on lie densely in row-major order.</summary>
    public bool IsDense(int axis)
    {
        Dimension expected = Dimension.One;
        for (int current = Rank - 1; current >= axis; current--)
        {
            if (Shape[current].Value == 1)
            {
                continue;
            }

            if (Strides[current] != expected)
            {
                return false;
            }

            expected *= Shape[current];
        }

        return true;
    }

    /// <summary>The same elements in row-major order under another shape, or <see langword="null"/> where that needs a copy.</summary>
    public View? Reshape(Shape shape)
    {
        if (shape.Equals(Shape))
        {
            return this;
        }

        if (IsContiguous)
        {
            return new View(Buffer, shape, shape.RowMajorStrides(), Offset);
        }

        IReadOnlyList<Dimension>? strides = StridedReshape.TryMap(Shape, Strides, shape);
        return strides is null ? null : new View(Buffer, shape, strides, Offset);
    }

    /// <summary>Axis <c>i</c> of the result is axis <c>permutation[i]</c> of this view.</summary>
    public View Permute(IReadOnlyList<int> permutation) =>
        new(Buffer, new Shape([.. permutation.Select(axis => Shape[axis])]), [.. permutation.Select(axis => Strides[axis])], Offset);

    /// <summary>Neighbouring elements from <paramref name="start"/> on along one axis.</summary>
    public View Slice(int axis, Dimension start, Dimension size) => Slice(axis, start, size, Dimension.One);

    /// <summary>Elements from <paramref name="start"/> on along one axis, <paramref name="step"/> apart.</summary>
    public View Slice(int axis, Dimension start, Dimension size, Dimension step)
    {
        Dimension[] sizes = [.. Shape];
        Dimension[] strides = [.. Strides];
        sizes[axis] = size;
        strides[axis] = Strides[axis] * step;
        return new View(Buffer, new Shape(sizes), strides, Offset + start * Strides[axis]);
    }

    /// <summary>
    /// The view repeated along axes of size 1 (and along new leading axes) to <paramref name="shape"/>. A symbolic size that may turn out to be 1 gets a stride
    /// that is chosen at run time.
    /// </summary>
    public View Broadcast(Shape shape)
    {
        var strides = new Dimension[shape.Rank];
        int offset = shape.Rank - Rank;
        for (int axis = 0; axis < shape.Rank; axis++)
        {
            strides[axis] = axis < offset || Shape[axis - offset].Value == 1 ? Dimension.Zero : BroadcastStride(Strides[axis - offset], Shape[axis - offset], shape[axis]);
        }

        return new View(Buffer, shape, strides, Offset);
    }

    public override string ToString() => $"{Buffer.Name}{Shape} strides [{string.Join(", ", Strides)}] offset {Offset}";

    // min(size - 1, 1) is 0 for an axis that turns out to be 1 and 1 otherwise.
    private static Dimension BroadcastStride(Dimension stride, Dimension size, Dimension target) =>
        size == target || size.IsStatic ? stride : stride * Dimension.Minimum(size - 1, Dimension.One);
}

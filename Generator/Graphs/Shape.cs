using System.Collections;

namespace Cameo.Generator.Graphs;

/// <summary>The sizes of a tensor's axes, outermost first. Rank 0 is a scalar.</summary>
internal sealed class Shape(IReadOnlyList<Dimension> dimensions) : IReadOnlyList<Dimension>, IEquatable<Shape>
{
    public static readonly Shape Scalar = new([]);

    public int Rank => dimensions.Count;

    public int Count => dimensions.Count;

    /// <summary>Whether every size is known.</summary>
    public bool IsStatic => dimensions.All(dimension => dimension.IsStatic);

    /// <summary>Product of all sizes.</summary>
    public Dimension ElementCount => Product(0, Rank);

    public Dimension this[int axis] => dimensions[axis];

    public static Shape Of(params long[] sizes) => new([.. sizes.Select(Dimension.Of)]);

    /// <summary>Product of the sizes of axes <paramref name="begin"/> (inclusive) to <paramref name="end"/> (exclusive).</summary>
    public Dimension Product(int begin, int end)
    {
        Dimension product = Dimension.One;
        for (int axis = begin; axis < end; axis++)
        {
            product *= dimensions[axis];
        }

        return product;
    }

    /// <summary>The known sizes; throws where one is symbolic.</summary>
    public long[] ToStatic() => [.. dimensions.Select(dimension => dimension.Value ?? throw new InvalidOperationException($"Shape {this} is not static."))];

    /// <summary>Strides, in elements, of a dense row-major buffer of this shape.</summary>
    public IReadOnlyList<Dimension> RowMajorStrides()
    {
        var strides = new Dimension[Rank];
        Dimension stride = Dimension.One;
        for (int axis = Rank - 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= dimensions[axis];
        }

        return strides;
    }

    public Shape Substitute(Func<string, Dimension?> replacement) => new([.. dimensions.Select(dimension => dimension.Substitute(replacement))]);

    public bool Equals(Shape? other) => other is not null && Rank == other.Rank && dimensions.SequenceEqual(other);

    public override bool Equals(object? obj) => Equals(obj as Shape);

    public override int GetHashCode() => dimensions.Aggregate(17, (hash, dimension) => unchecked(hash * 31 + dimension.GetHashCode()));

    public IEnumerator<Dimension> GetEnumerator() => dimensions.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => $"[{string.Join(", ", dimensions)}]";
}

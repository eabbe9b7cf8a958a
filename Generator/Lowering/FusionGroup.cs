using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>
/// Nodes that become one loop, or one contraction with its epilogue. A group has one result, that of its root: every other member's output is read by members only.
/// Elements of the group are addressed in <see cref="Space"/>; where the group reduces, the reduced axes are a row and members are either per element or per row.
/// </summary>
internal sealed class FusionGroup(Node root)
{
    /// <summary>The last node; its output is the group's.</summary>
    public Node Root { get; } = root;

    /// <summary>Members in the graph's order.</summary>
    public LinkedList<Node> Members { get; } = new([root]);

    /// <summary>The contraction whose results the group is computed on, if any. Also a member.</summary>
    public Node? Contraction { get; set; }

    /// <summary>The shape that elements are addressed in.</summary>
    public Shape Space { get; set; } = root.Output.Shape;

    /// <summary>Axes of <see cref="Space"/> that are reduced; null where nothing is.</summary>
    public IReadOnlyList<int>? ReducedAxes { get; set; }

    public bool Reduces => ReducedAxes is not null;

    /// <summary>The shape of a value that is the same for all elements of a row, with axes of size 1 in place of the reduced ones.</summary>
    public Shape RowShape => new([.. Space.Select((size, axis) => ReducedAxes!.Contains(axis) ? Dimension.One : size)]);

    /// <summary>The shape of a value per row without the reduced axes.</summary>
    public Shape SqueezedRowShape => new([.. Space.Where((_, axis) => !ReducedAxes!.Contains(axis))]);

    public bool Contains(Node node) => Members.Contains(node);
}

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Puts a model's nodes together, children before parents, without recursion (trees can be as deep as they have nodes). A node that leads back to itself is refused; one that several lead
/// to is placed once.
/// </summary>
internal sealed class TreeAssembly(Node node, TreeModel model, Func<int, (int Reference, bool IsLeaf)> whenTrue, Func<int, (int Reference, bool IsLeaf)> whenFalse, Func<int, int, int, int> add, Func<int, int> addLeaf)
{
    private const int Unknown = int.MinValue;
    private const int Open = int.MinValue + 1;

    private readonly Dictionary<int, int> _splits = [];
    private readonly Dictionary<int, int> _leaves = [];

    /// <summary>Adds the tree that begins with a node or leaf.</summary>
    public void AddTree(int root, bool isLeaf) => model.AddRoot(isLeaf ? Leaf(root) : Build(root));

    private int Build(int root)
    {
        var open = new Stack<int>();
        open.Push(root);
        while (open.Count > 0)
        {
            int current = open.Peek();
            int state = State(current);
            if (state is not (Unknown or Open))
            {
                open.Pop();
                continue;
            }

            int first = Resolve(whenTrue(current), current), second = Resolve(whenFalse(current), current);
            if (first != Unknown && second != Unknown)
            {
                _splits[current] = add(current, first, second);
                open.Pop();
                continue;
            }

            if (state == Open)
            {
                // Both children were looked at before: one that is still missing waits for this node.
                throw Cycle(current);
            }

            _splits[current] = Open;
            Visit(whenTrue(current).Reference, first, open);
            Visit(whenFalse(current).Reference, second, open);
        }

        return _splits[root];
    }

    private void Visit(int child, int resolved, Stack<int> open)
    {
        if (resolved != Unknown)
        {
            return;
        }

        if (State(child) == Open)
        {
            throw Cycle(child);
        }

        open.Push(child);
    }

    private int Resolve((int Reference, bool IsLeaf) child, int parent)
    {
        if (child.IsLeaf)
        {
            return Leaf(child.Reference);
        }

        if (child.Reference == parent)
        {
            throw Cycle(parent);
        }

        int state = State(child.Reference);
        return state == Open ? Unknown : state;
    }

    private int State(int index) => _splits.TryGetValue(index, out int state) ? state : Unknown;

    private int Leaf(int index)
    {
        if (!_leaves.TryGetValue(index, out int reference))
        {
            _leaves[index] = reference = addLeaf(index);
        }

        return reference;
    }

    private ModelException Cycle(int index) => new(node, $"node {index} of the list leads back to itself");
}

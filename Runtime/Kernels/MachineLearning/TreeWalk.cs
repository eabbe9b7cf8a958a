using System.Numerics;

namespace Cameo.Kernels;

/// <summary>
/// Eight walks from roots to leaves at once. A step waits for two loads, a comparison and an addition, some 16 cycles in which the core can do the steps of the others.
/// </summary>
internal static unsafe class TreeWalk<T, TDirection>
    where T : unmanaged, IFloatingPointIeee754<T>
    where TDirection : struct, ITreeDirection
{
    /// <summary>How many walks go at once.</summary>
    public const int Lanes = 8;

    /// <summary>Eight rows, one behind the other, through one tree; writes their leaves.</summary>
    public static void Rows(TreeNode<T>* nodes, nint root, T* rows, nint stride, int* leaves)
    {
        nint n0 = root, n1 = root, n2 = root, n3 = root, n4 = root, n5 = root, n6 = root, n7 = root;
        do
        {
            for (int step = 0; step < StepsBetweenChecks; step++)
            {
                n0 = TDirection.Next(nodes, rows, n0);
                n1 = TDirection.Next(nodes, rows + stride, n1);
                n2 = TDirection.Next(nodes, rows + (2 * stride), n2);
                n3 = TDirection.Next(nodes, rows + (3 * stride), n3);
                n4 = TDirection.Next(nodes, rows + (4 * stride), n4);
                n5 = TDirection.Next(nodes, rows + (5 * stride), n5);
                n6 = TDirection.Next(nodes, rows + (6 * stride), n6);
                n7 = TDirection.Next(nodes, rows + (7 * stride), n7);
            }
        }
        while (!Store(nodes, leaves, n0, n1, n2, n3, n4, n5, n6, n7));
    }

    /// <summary>One row through trees whose roots follow each other; the last of fewer than eight trees stands for those that are missing.</summary>
    public static void Trees(TreeNode<T>* nodes, nint root, int count, T* row, int* leaves)
    {
        nint last = root + count - 1;
        nint n0 = root, n1 = Math.Min(root + 1, last), n2 = Math.Min(root + 2, last), n3 = Math.Min(root + 3, last);
        nint n4 = Math.Min(root + 4, last), n5 = Math.Min(root + 5, last), n6 = Math.Min(root + 6, last), n7 = Math.Min(root + 7, last);
        do
        {
            for (int step = 0; step < StepsBetweenChecks; step++)
            {
                n0 = TDirection.Next(nodes, row, n0);
                n1 = TDirection.Next(nodes, row, n1);
                n2 = TDirection.Next(nodes, row, n2);
                n3 = TDirection.Next(nodes, row, n3);
                n4 = TDirection.Next(nodes, row, n4);
                n5 = TDirection.Next(nodes, row, n5);
                n6 = TDirection.Next(nodes, row, n6);
                n7 = TDirection.Next(nodes, row, n7);
            }
        }
        while (!Store(nodes, leaves, n0, n1, n2, n3, n4, n5, n6, n7));
    }

    /// <summary>A look at all eight nodes costs about a step.</summary>
    private const int StepsBetweenChecks = 4;

    /// <summary>Writes the leaves; false where one walk is not at its end.</summary>
    private static bool Store(TreeNode<T>* nodes, int* leaves, nint n0, nint n1, nint n2, nint n3, nint n4, nint n5, nint n6, nint n7)
    {
        leaves[0] = nodes[n0].Leaf;
        leaves[1] = nodes[n1].Leaf;
        leaves[2] = nodes[n2].Leaf;
        leaves[3] = nodes[n3].Leaf;
        leaves[4] = nodes[n4].Leaf;
        leaves[5] = nodes[n5].Leaf;
        leaves[6] = nodes[n6].Leaf;
        leaves[7] = nodes[n7].Leaf;
        return (leaves[0] | leaves[1] | leaves[2] | leaves[3] | leaves[4] | leaves[5] | leaves[6] | leaves[7]) >= 0;
    }
}

using System.Numerics;
using System.Runtime.InteropServices;

namespace Cameo.Kernels;

/// <summary>
/// A node of a decision tree as the compiler lays it out: 16 bytes with float32 thresholds, 24 with float64. A row goes from a node to <c>Child</c>, or to the node behind that
/// where its feature is at most the threshold. A leaf is its own child and has no number as threshold, so that several rows can go on at the same pace.
/// </summary>
/// <typeparam name="T">Type of the features.</typeparam>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct TreeNode<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Set in <see cref="Feature"/>: a feature that is no number goes where those at most the threshold go.</summary>
    public const uint MissingFirst = 1u << 31;

    /// <summary>What the feature is compared with.</summary>
    public readonly T Threshold;

    /// <summary>Which feature.</summary>
    public readonly uint Feature;

    /// <summary>Place of the child for features above the threshold; the other child lies behind it.</summary>
    public readonly int Child;

    /// <summary>Number of the leaf; -1 for others.</summary>
    public readonly int Leaf;
}

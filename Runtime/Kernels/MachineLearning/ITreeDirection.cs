using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Which way a row goes at a node; one implementation for trees that treat missing features in a way of their own, one for others.</summary>
internal unsafe interface ITreeDirection
{
    /// <summary>The node to go to.</summary>
    static abstract nint Next<T>(TreeNode<T>* nodes, T* row, nint index)
        where T : unmanaged, IFloatingPointIeee754<T>;
}

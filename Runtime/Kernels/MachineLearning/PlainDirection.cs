using System.Numerics;
using System.Runtime.CompilerServices;

namespace Cameo.Kernels;

/// <summary>A feature that is no number goes where those above the threshold go: the comparison says so by itself.</summary>
internal readonly unsafe struct PlainDirection : ITreeDirection
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Next<T>(TreeNode<T>* nodes, T* row, nint index)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        TreeNode<T>* node = nodes + index;
        return node->Child + (row[node->Feature] <= node->Threshold ? 1 : 0);
    }
}

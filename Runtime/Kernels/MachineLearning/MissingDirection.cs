using System.Numerics;
using System.Runtime.CompilerServices;

namespace Cameo.Kernels;

/// <summary>Each node says where a feature goes that is no number.</summary>
internal readonly unsafe struct MissingDirection : ITreeDirection
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Next<T>(TreeNode<T>* nodes, T* row, nint index)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        TreeNode<T>* node = nodes + index;
        uint feature = node->Feature;
        T value = row[feature & ~TreeNode<T>.MissingFirst];
        int isMissing = T.IsNaN(value) ? 1 : 0;
        return node->Child + ((value <= node->Threshold ? 1 : 0) | (isMissing & (int)(feature >> 31)));
    }
}

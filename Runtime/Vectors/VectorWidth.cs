using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Cameo.Vectors;

/// <summary>The vector width of this process. Platform kernels must be gated by it too, so that a narrower width tests the narrower path.</summary>
/// <remarks>
/// The runtime decides: <c>DOTNET_PreferredVectorBitWidth=256</c> or <c>128</c>, <c>DOTNET_EnableAVX2=0</c> (which also removes fused
/// multiply-add) and <c>DOTNET_EnableHWIntrinsic=0</c> narrow it; under NativeAOT it is that of the publish (<c>IlcInstructionSet</c>).
/// Every member is a constant for the JIT and the AOT compiler, so branches on it cost nothing.
/// </remarks>
public static class VectorWidth
{
    /// <summary>Width in bits: 512, 256, 128, or 32 for scalar code.</summary>
    public static int Bits
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.IsHardwareAccelerated ? 512
            : Vector256.IsHardwareAccelerated ? 256
            : Vector128.IsHardwareAccelerated ? 128
            : 32;
    }

    /// <summary>Float32 lanes of a vector of the current width.</summary>
    public static int Lanes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Bits / 32;
    }

    /// <summary>Whether <see cref="IVector{V}.MultiplyAdd"/> rounds once, at every width and in scalar tails alike.</summary>
    public static bool HasFusedMultiplyAdd
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.IsHardwareAccelerated && (Fma.IsSupported || AdvSimd.IsSupported);
    }
}

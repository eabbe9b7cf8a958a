namespace Cameo.Descriptions;

/// <summary>A buffer in the arena.</summary>
/// <param name="Name">ONNX name of the value it holds.</param>
/// <param name="Offset">Where it begins, in bytes from the arena's start.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="FirstKernel">Index of the kernel that writes it first.</param>
/// <param name="LastKernel">Index of the last kernel that uses it.</param>
public sealed record BufferDescription(string Name, long Offset, long Bytes, int FirstKernel, int LastKernel)
{
    /// <summary>How often the place is used in this way: more than once where a block of kernels repeats. First and last kernel are those of the first time.</summary>
    public int Repetitions { get; init; } = 1;

    /// <summary>Kernels from one time to the next; 0 where there is one time, or where they do not come at equal distances.</summary>
    public int Period { get; init; }

    /// <summary>Bytes from the place of one time to that of the next; 0 where it is the same place.</summary>
    public long OffsetStep { get; init; }
}

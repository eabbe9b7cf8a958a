using System.Numerics;

namespace Cameo.Kernels;

/// <summary>What becomes of the combined weights of a row.</summary>
/// <typeparam name="T">Type of the weights.</typeparam>
internal unsafe interface ITreeResult<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Writes a row's results.</summary>
    /// <param name="row">The row.</param>
    /// <param name="scores">What the trees say for each target; may be overwritten.</param>
    /// <param name="scored">Whether any leaf had a weight for the target.</param>
    void Write(long row, T* scores, bool* scored);
}

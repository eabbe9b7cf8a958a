using System.Numerics;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>
/// Columns of a deformable convolution: every element of a window is read at its place moved by an offset, interpolated between elements, with zeros outside of the image. A product
/// with the weights makes them the convolution.
/// </summary>
/// <remarks>Offsets of samples are computed once and used for all channels of a group. Threads share positions, so results have the same bits for any number of them.</remarks>
public static unsafe class DeformableSampling
{
    /// <summary>Writes the columns.</summary>
    /// <typeparam name="T">float or double.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="shape">All sizes; at most <see cref="GridSample.MaximumAxes"/> axes.</param>
    /// <param name="input">[batch, channels, input].</param>
    /// <param name="offsets">[batch, offset groups, kernel, axes, output]: in elements, outermost axis first.</param>
    /// <param name="mask">[batch, offset groups, kernel, output]: factors; may be null.</param>
    /// <param name="columns">[batch, channels, kernel, output].</param>
    public static void Columns<T>(Workers workers, in DeformableShape shape, T* input, T* offsets, T* mask, T* columns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var work = new DeformableSamplingWork<T>(shape, input, offsets, mask, columns);
        MoveParts.Run(workers, ref work, work.Items, work.ItemPositions * ((shape.Channels / shape.OffsetGroups) + 4) * work.Taps * GridSample.BytesPerTap);
    }
}

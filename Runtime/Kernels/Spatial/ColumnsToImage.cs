using System.Numerics;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Adds up blocks of images where they lie (ONNX's Col2Im), in any number of axes.</summary>
public static unsafe class ColumnsToImage
{
    /// <summary>Axes that an image can have.</summary>
    public const int MaximumAxes = 8;

    /// <summary>Computes the images.</summary>
    /// <typeparam name="T">Type of the elements.</typeparam>
    /// <param name="workers">Threads to use; each adds up images of its own.</param>
    /// <param name="columns">[images, elements of a block, blocks].</param>
    /// <param name="images">Number of images: the batch times the channels.</param>
    /// <param name="image">Sizes of an image.</param>
    /// <param name="block">Sizes of a block.</param>
    /// <param name="strides">Steps between blocks.</param>
    /// <param name="dilations">Steps between the elements of a block.</param>
    /// <param name="pads">Padding before the first and behind the last element of each axis: all begins, then all ends.</param>
    /// <param name="output">[images, image].</param>
    public static void Run<T>(
        Workers workers, T* columns, long images, ReadOnlySpan<long> image, ReadOnlySpan<long> block, ReadOnlySpan<long> strides, ReadOnlySpan<long> dilations, ReadOnlySpan<long> pads, T* output)
        where T : unmanaged, INumber<T>
    {
        var work = new ColumnsToImageWork<T>(columns, image, block, strides, dilations, pads, output);
        MoveParts.Run(workers, ref work, images, work.Elements * work.Blocks * 8);
    }
}

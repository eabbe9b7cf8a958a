namespace Cameo.Kernels;

/// <summary>Sizes of the images that regions are taken from, and of what becomes of a region.</summary>
/// <param name="Batch">Number of images.</param>
/// <param name="Channels">Channels of an image.</param>
/// <param name="Height">Rows of an image.</param>
/// <param name="Width">Columns of an image.</param>
/// <param name="Regions">Number of regions.</param>
/// <param name="OutputHeight">Rows of the result of a region.</param>
/// <param name="OutputWidth">Columns of the result of a region.</param>
public readonly record struct RoiImages(long Batch, long Channels, long Height, long Width, long Regions, long OutputHeight, long OutputWidth)
{
    /// <summary>Elements of a channel of an image.</summary>
    internal long Plane => Height * Width;

    /// <summary>Elements of a channel of the result.</summary>
    internal long OutputPlane => OutputHeight * OutputWidth;

    /// <summary>Checks which image a region is of.</summary>
    internal void CheckImage(long image, long region, string node)
    {
        if ((ulong)image >= (ulong)Batch)
        {
            throw new IndexOutOfRangeException($"{node}: region {region} is of image {image}, and there are {Batch} images.");
        }
    }
}

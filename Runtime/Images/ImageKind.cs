namespace Cameo.Images;

/// <summary>Kinds of image files that can be decoded.</summary>
internal enum ImageKind
{
    Jpeg,
    Png,
    Bmp,
    Pnm,
    Tiff,
    WebP,
}

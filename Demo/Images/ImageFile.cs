namespace Cameo.Demo.Images;

/// <summary>Reads an image file of any supported format, which its first bytes tell.</summary>
public static class ImageFile
{
    public const string Formats = "PNG, BMP, PGM, PPM or PBM";

    public static GreyImage Read(byte[] file)
    {
        if (PngReader.IsPng(file))
        {
            return PngReader.Read(file);
        }

        if (BmpReader.IsBmp(file))
        {
            return BmpReader.Read(file);
        }

        if (PortableAnymapReader.IsPortableAnymap(file))
        {
            return PortableAnymapReader.Read(file);
        }

        throw new ImageFormatException($"the file is no {Formats} image");
    }
}

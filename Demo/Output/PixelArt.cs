using System.Text;

namespace Cameo.Demo.Output;

/// <summary>Draws a square image of values from 0 to 1 with characters.</summary>
public static class PixelArt
{
    private const string Shades = " ░▒▓█";

    public static void Write(TextWriter output, ReadOnlySpan<float> pixels, int side)
    {
        var text = new StringBuilder();
        if (Terminal.HasColour)
        {
            // Two pixels in one character: the upper half in the foreground's colour, the lower in the background's.
            for (int y = 0; y < side; y += 2)
            {
                for (int x = 0; x < side; x++)
                {
                    int upper = Level(pixels[y * side + x]), lower = y + 1 < side ? Level(pixels[(y + 1) * side + x]) : 0;
                    text.Append($"\e[38;2;{upper};{upper};{upper};48;2;{lower};{lower};{lower}m▀");
                }

                text.Append("\e[0m\n");
            }
        }
        else
        {
            for (int y = 0; y < side; y++)
            {
                for (int x = 0; x < side; x++)
                {
                    text.Append(Shades[(int)MathF.Round(Math.Clamp(pixels[y * side + x], 0, 1) * (Shades.Length - 1))], 2);
                }

                text.Append('\n');
            }
        }

        output.Write(text);
    }

    private static int Level(float value) => (int)MathF.Round(Math.Clamp(value, 0, 1) * 255);
}

using System.Globalization;

namespace Cameo.Demo.Output;

/// <summary>Draws probabilities as horizontal bars, the best one marked.</summary>
public static class ScoreBars
{
    private const int Width = 40;
    private const string Eighths = " ▏▎▍▌▋▊▉";

    public static void Write(TextWriter output, ReadOnlySpan<float> scores)
    {
        int best = 0;
        for (int i = 1; i < scores.Length; i++)
        {
            best = scores[i] > scores[best] ? i : best;
        }

        for (int i = 0; i < scores.Length; i++)
        {
            string line = string.Create(CultureInfo.InvariantCulture, $"{i}  {Bar(scores[i])}  {scores[i] * 100,6:0.00} %");
            output.WriteLine(i == best ? $"{Terminal.BoldOn}{line}  ←{Terminal.Plain}" : line);
        }
    }

    private static string Bar(float share)
    {
        int eighths = (int)MathF.Round(Math.Clamp(share, 0, 1) * Width * 8);
        string bar = new('█', eighths / 8);
        return (eighths % 8 == 0 ? bar : bar + Eighths[eighths % 8]).PadRight(Width);
    }
}

namespace Cameo.Demo.Output;

/// <summary>What the standard output can show.</summary>
public static class Terminal
{
    /// <summary>Whether colours are welcome: a terminal, and neither NO_COLOR (no-color.org) nor TERM=dumb.</summary>
    public static bool HasColour { get; } =
        !Console.IsOutputRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") != "dumb";

    /// <summary>Begins bold text; empty where colours are not welcome.</summary>
    public static string BoldOn => HasColour ? "\e[1m" : "";

    /// <summary>Ends bold and coloured text.</summary>
    public static string Plain => HasColour ? "\e[0m" : "";
}

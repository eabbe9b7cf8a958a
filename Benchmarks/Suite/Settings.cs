namespace Cameo.Benchmarks.Suite;

/// <summary>What the command line asked for.</summary>
internal static class Settings
{
    /// <summary>Rounds of every row; null for as many as the report needs.</summary>
    public static int? Rounds { get; set; }

    /// <summary>Whether the report takes over rows that were asked for by name, too.</summary>
    public static bool Saves { get; set; }
}

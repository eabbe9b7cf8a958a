namespace Cameo.Tests.Compilation;

/// <summary>Where everything that is generated is kept for whoever wants to read it, the graph after each pass included.</summary>
internal static class GeneratedDump
{
    /// <summary>Names the folder.</summary>
    public const string Variable = "CAMEO_DUMP";

    /// <summary>The folder; null where nothing is kept.</summary>
    public static string? Folder { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? folder : null;

    /// <summary>Whether everything is kept.</summary>
    public static bool IsWanted => Folder is not null;
}

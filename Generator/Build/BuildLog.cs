using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace Cameo.Generator.Build;

/// <summary>Messages of the tasks.</summary>
internal static class BuildLog
{
    private const string HelpPage = "docs/diagnostics.md#";

    public static void LogBuildError(this TaskLoggingHelper log, string id, string file, string message)
        => log.LogError(null, id, null, HelpPage + id.ToLowerInvariant(), file, 0, 0, 0, 0, "{0}", message);

    public static void LogBuildWarning(this TaskLoggingHelper log, string id, string file, string message)
        => log.LogWarning(null, id, null, HelpPage + id.ToLowerInvariant(), file, 0, 0, 0, 0, "{0}", message);

    /// <summary>What takes long is said where everyone sees it, the rest only in detailed logs.</summary>
    public static void LogProgress(this TaskLoggingHelper log, bool important, string message)
        => log.LogMessage(important ? MessageImportance.High : MessageImportance.Low, "{0}", message);

    public static string Megabytes(long bytes) => FormattableString.Invariant($"{bytes / 1e6:0.0} MB");
}

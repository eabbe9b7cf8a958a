namespace Cameo.Tests.Conformance;

/// <summary>What became of a case.</summary>
public enum OutcomeKind
{
    /// <summary>It gives the stored outputs, or is refused as it must be.</summary>
    Passed,

    /// <summary>A diagnostic says at build that it is not supported.</summary>
    Refused,

    /// <summary>An exception ends the run.</summary>
    Threw,

    /// <summary>The outputs are wrong, or it is not refused though it must be.</summary>
    Wrong,

    /// <summary>The compiler fails, or what it generates does not compile.</summary>
    Faulty,

    /// <summary>The process dies.</summary>
    Crashed,

    /// <summary>It does not end.</summary>
    TimedOut,
}

/// <summary>What became of a case, and why, in one line.</summary>
public sealed record Outcome(OutcomeKind Kind, string Reason = "")
{
    // Longer reasons tell nothing more to whoever reads a list of them.
    private const int MaximumReason = 200;

    public static Outcome Passed { get; } = new(OutcomeKind.Passed);

    public static Outcome Because(OutcomeKind kind, string reason)
    {
        string line = string.Join(' ', reason.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return new Outcome(kind, line.Length <= MaximumReason ? line : line[..MaximumReason] + "…");
    }
}

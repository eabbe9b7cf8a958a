namespace Cameo.Fuzzing.Checking;

/// <summary>What became of a random model.</summary>
internal enum VerdictKind
{
    /// <summary>All runs agree with the reference.</summary>
    Passed,

    /// <summary>A diagnostic says that something is not supported.</summary>
    Refused,

    /// <summary>The compiler fails, or what it generates does not compile.</summary>
    Faulty,

    /// <summary>An exception ends a run.</summary>
    Threw,

    /// <summary>An output is wrong.</summary>
    Wrong,

    /// <summary>The process dies.</summary>
    Crashed,

    /// <summary>It does not end.</summary>
    Hung,

    /// <summary>The reference itself fails.</summary>
    NoReference,
}

/// <summary>What became of a random model, and why.</summary>
internal sealed record Verdict(VerdictKind Kind, string Reason = "")
{
    public static Verdict Passed { get; } = new(VerdictKind.Passed);

    public bool IsFailure => Kind is not (VerdictKind.Passed or VerdictKind.Refused or VerdictKind.NoReference);
}

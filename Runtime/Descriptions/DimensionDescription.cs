using System.Globalization;

namespace Cameo.Descriptions;

/// <summary>A symbol that stands for a size.</summary>
public sealed record DimensionDescription
{
    /// <summary>The symbol.</summary>
    public required string Symbol { get; init; }

    /// <summary>Smallest size the model was compiled for.</summary>
    public long Minimum { get; init; }

    /// <summary>Largest size the model was compiled for; <see langword="null"/> where there is no bound.</summary>
    public long? Maximum { get; init; }

    /// <summary>Whether an option fixed the size, so that it is a constant in the code.</summary>
    public bool Pinned { get; init; }

    /// <summary>Symbol and bounds in one line.</summary>
    public override string ToString()
    {
        string maximum = Maximum?.ToString(CultureInfo.InvariantCulture) ?? "any";
        return Pinned ? $"{Symbol} = {maximum}" : Maximum is null ? $"{Symbol} >= {Minimum}" : $"{Symbol} = {Minimum}..{maximum}";
    }
}

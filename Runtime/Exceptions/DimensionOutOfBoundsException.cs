namespace Cameo;

/// <summary>A dimension is outside the bounds the model was compiled for.</summary>
/// <param name="dimensionName">Symbol of the dimension.</param>
/// <param name="value">Its size in this run.</param>
/// <param name="minimum">Smallest size allowed.</param>
/// <param name="maximum">Largest size allowed; <see cref="long.MaxValue"/> where there is no bound.</param>
/// <param name="optionHint">The option that moves the bound, such as <c>OnnxDimensions="batch&lt;=8"</c>; may be empty.</param>
public sealed class DimensionOutOfBoundsException(string dimensionName, long value, long minimum, long maximum, string optionHint)
    : ModelInputException(dimensionName, Describe(dimensionName, value, minimum, maximum, optionHint))
{
    /// <summary>Symbol of the dimension.</summary>
    public string DimensionName { get; } = dimensionName;

    /// <summary>Its size in this run.</summary>
    public long Value { get; } = value;

    /// <summary>Smallest size allowed.</summary>
    public long Minimum { get; } = minimum;

    /// <summary>Largest size allowed; <see cref="long.MaxValue"/> where there is no bound.</summary>
    public long Maximum { get; } = maximum;

    private static string Describe(string dimensionName, long value, long minimum, long maximum, string optionHint)
    {
        string range = maximum == long.MaxValue ? $"at least {minimum}" : $"between {minimum} and {maximum}";
        string hint = optionHint.Length == 0 ? "" : $" The bound is set by {optionHint}.";
        return $"Dimension '{dimensionName}' must be {range}, but is {value}.{hint}";
    }
}

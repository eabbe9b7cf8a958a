namespace Cameo.Kernels;

/// <summary>Attributes of <see cref="GeneralResize"/>.</summary>
public readonly record struct ResizeOptions
{
    /// <summary>How neighbours are weighed.</summary>
    public ResizeFilter Filter { get; init; }

    /// <summary>How elements of the output map to the input.</summary>
    public ResizeCoordinates Coordinates { get; init; }

    /// <summary>Which neighbour is the nearest.</summary>
    public ResizeRounding Rounding { get; init; }

    /// <summary>The coefficient of the cubic polynomials.</summary>
    public double CubicCoefficient { get; init; }

    /// <summary>Whether neighbours outside of the input weigh nothing; else the elements at the border stand for them.</summary>
    public bool ExcludesOutside { get; init; }

    /// <summary>Whether a smaller output averages over as many more elements of the input.</summary>
    public bool Antialiases { get; init; }

    /// <summary>What lies outside of the input, for <see cref="ResizeCoordinates.Region"/>.</summary>
    public double ExtrapolationValue { get; init; }
}

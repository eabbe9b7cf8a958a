namespace Cameo.Generator.Passes.Recognition;

/// <summary>RMS normalization; see <see cref="NormalizationPattern"/>.</summary>
internal sealed class RootMeanSquareNormalizationPattern() : NormalizationPattern(centers: false);

namespace Cameo.Generator.Passes.Recognition;

/// <summary>Layer normalization; see <see cref="NormalizationPattern"/>.</summary>
internal sealed class LayerNormalizationPattern() : NormalizationPattern(centers: true);

namespace Cameo.Kernels;

/// <summary>What <see cref="NonMaxSuppression"/> picks.</summary>
/// <param name="MaximumBoxes">Boxes of a class at most; none where it is 0 or less.</param>
/// <param name="OverlapThreshold">Boxes whose intersection with a picked one is more than this part of the union are not picked.</param>
/// <param name="ScoreThreshold">Only boxes with higher scores are picked; null for all.</param>
/// <param name="HasCenters">Whether boxes are centre x, centre y, width, height; else y, x, y, x of two opposite corners.</param>
public readonly record struct SuppressionOptions(long MaximumBoxes, float OverlapThreshold, float? ScoreThreshold, bool HasCenters);

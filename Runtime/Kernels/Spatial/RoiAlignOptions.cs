namespace Cameo.Kernels;

/// <summary>What there is to know of a <see cref="RoiAlign"/> apart from tensors.</summary>
/// <param name="Pooling">How samples are combined.</param>
/// <param name="SpatialScale">Factor from the regions' coordinates to the images'.</param>
/// <param name="SamplingRatio">Samples of a part in each direction; 0: as many as it has elements, rounded up.</param>
/// <param name="ShiftsByHalf">Whether coordinates name edges of elements and not their centres; otherwise regions have at least the size 1.</param>
public readonly record struct RoiAlignOptions(RoiPooling Pooling, float SpatialScale, long SamplingRatio, bool ShiftsByHalf);

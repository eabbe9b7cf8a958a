namespace Cameo.Kernels;

/// <summary>How a nearest-neighbour resize rounds a coordinate of the input; ONNX's <c>nearest_mode</c>.</summary>
public enum ResizeRounding
{
    /// <summary>To the nearest, halves down.</summary>
    RoundPreferFloor,

    /// <summary>To the nearest, halves up.</summary>
    RoundPreferCeiling,

    /// <summary>Down.</summary>
    Floor,

    /// <summary>Up.</summary>
    Ceiling,
}

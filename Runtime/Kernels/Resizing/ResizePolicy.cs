namespace Cameo.Kernels;

/// <summary>What sizes that are asked for mean.</summary>
public enum ResizePolicy
{
    /// <summary>Each axis gets the size that is asked for it.</summary>
    Stretch,

    /// <summary>All axes get one scale, the largest with which no size is larger than asked for.</summary>
    NotLarger,

    /// <summary>All axes get one scale, the smallest with which no size is smaller than asked for.</summary>
    NotSmaller,
}

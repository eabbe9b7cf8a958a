namespace Cameo.Benchmarks;

/// <summary>What <see cref="NarrowMultiplyAddPeak"/> multiplies.</summary>
internal enum MultiplyAddKind
{
    /// <summary>float32.</summary>
    Floats,

    /// <summary>Bytes, summed as the machine sums them fastest.</summary>
    Bytes,

    /// <summary>int16 pairs, summed in int32.</summary>
    Shorts,
}

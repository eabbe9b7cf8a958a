namespace Cameo.Kernels;

/// <summary>Where a <see cref="MatrixTile"/> finds its operands and keeps its sums. Strides are in floats.</summary>
internal unsafe struct TileOperands
{
    /// <summary>First element of the rows of A.</summary>
    public float* A;

    /// <summary>From one row of A to the next.</summary>
    public nint RowStrideA;

    /// <summary>From one element of a row of A to the next.</summary>
    public nint StepA;

    /// <summary>First element of the strip of B.</summary>
    public float* B;

    /// <summary>From one row of B to the next.</summary>
    public nint StrideB;

    /// <summary>First sum.</summary>
    public float* Sums;

    /// <summary>From one row of sums to the next.</summary>
    public nint SumStride;

    /// <summary>Bytes that are fetched at a time: two lines, a row of a panel.</summary>
    public const int FetchedBytes = 2 * Vectors.Prefetch.LineBytes;

    /// <summary>Memory to fetch into the second-level cache meanwhile: what will be read after this tile.</summary>
    public byte* Next;

    /// <summary>Bytes to go on in <see cref="Next"/> after each <see cref="FetchedBytes"/>.</summary>
    public nint NextStep;

    /// <summary>
    /// Steps of the depth from one fetch to the next, at least 1. Fetches that are spread over the whole tile leave memory time for each; in a row they would keep what the tile itself
    /// loads waiting.
    /// </summary>
    public nint StepsPerFetch;
}

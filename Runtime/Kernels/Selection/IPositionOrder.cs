namespace Cameo.Kernels;

/// <summary>An order of positions.</summary>
internal interface IPositionOrder
{
    /// <summary>Whether one position comes before another, strictly.</summary>
    bool Precedes(long left, long right);
}

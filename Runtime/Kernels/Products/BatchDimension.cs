namespace Cameo.Kernels;

/// <summary>One batch dimension of <see cref="BatchedOperands"/>.</summary>
/// <param name="Size">Number of matrices along it; the default value 0 stands for 1.</param>
/// <param name="StrideA">Elements from one left matrix to the next; 0 shares one.</param>
/// <param name="StrideB">Elements from one right matrix to the next; 0 shares one.</param>
/// <param name="StrideC">Elements from one output matrix to the next.</param>
public readonly record struct BatchDimension(nint Size, nint StrideA, nint StrideB, nint StrideC);

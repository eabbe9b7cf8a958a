namespace Cameo.Kernels;

/// <summary>One item of a <see cref="MatrixPartition"/>: a block of rows times a group of panels.</summary>
/// <param name="Block">The block of rows; items that follow each other often share one.</param>
/// <param name="Row">Its first row.</param>
/// <param name="Rows">Number of rows.</param>
/// <param name="FirstPanel">First panel.</param>
/// <param name="EndPanel">First panel after the last.</param>
internal readonly record struct MatrixItem(nint Block, nint Row, nint Rows, nint FirstPanel, nint EndPanel);

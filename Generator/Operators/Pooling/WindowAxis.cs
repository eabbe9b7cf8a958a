using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>One spatial axis of a convolution or pooling, with everything that <c>auto_pad</c> and <c>ceil_mode</c> decide already in it.</summary>
internal sealed record WindowAxis(Dimension Input, Dimension Output, Dimension Kernel, long Stride, long Dilation, Dimension PadBegin, Dimension PadEnd);

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Elements of one axis: <paramref name="Size"/> of them from <paramref name="Start"/> on, <paramref name="Step"/> apart (negative runs backwards).</summary>
internal sealed record AxisRange(Dimension Start, Dimension Size, Dimension Step);

using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>What a kernel copies behind the tokens that a cache holds. What computes it may write it there itself (<see cref="CacheWriting"/>): then nothing is copied.</summary>
/// <param name="Source">New keys or values, [batch, sequence, heads, head size] in float32.</param>
/// <param name="Rows">C# of the run-time library's <c>CacheRows</c> for the cache.</param>
internal sealed record CacheAppend(View Source, Func<KernelWriter, string> Rows)
{
    public Dimension HeadSize => Source.Shape[3];
}

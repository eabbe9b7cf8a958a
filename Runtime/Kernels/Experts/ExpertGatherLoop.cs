using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Copies the token of each route.</summary>
internal readonly unsafe struct ExpertGatherLoop(in ExpertArguments arguments, int* order) : IRowLoop
{
    private readonly ExpertArguments _arguments = arguments;
    private readonly int* _order = order;

    public void Run<V>(long row)
        where V : struct, IVector<V>
    {
        int size = checked((int)_arguments.Hidden);
        new ReadOnlySpan<float>(_arguments.Input + ((nint)_order[row] * size), size).CopyTo(new Span<float>(_arguments.Gathered + ((nint)row * size), size));
    }
}

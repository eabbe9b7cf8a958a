using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Sums the results of each token's experts by their weights.</summary>
internal readonly unsafe struct ExpertSumLoop(in ExpertArguments arguments, int* slots) : IRowLoop
{
    private readonly ExpertArguments _arguments = arguments;
    private readonly int* _slots = slots;

    public void Run<V>(long row)
        where V : struct, IVector<V>
    {
        nint size = _arguments.Hidden;
        float* output = _arguments.Output + ((nint)row * size);
        new Span<float>(output, checked((int)size)).Clear();
        for (int choice = 0; choice < _arguments.Chosen; choice++)
        {
            nint index = ((nint)row * _arguments.Chosen) + choice;
            if (_slots[index] < 0)
            {
                continue;
            }

            float weight = _arguments.Weights[index];
            float* result = _arguments.Results + (_slots[index] * size);
            nint element = 0;
            for (; element + V.Count <= size; element += V.Count)
            {
                V.Store(V.MultiplyAdd(V.Broadcast(weight), V.Load(result + element), V.Load(output + element)), output + element);
            }

            for (; element < size; element++)
            {
                output[element] = ScalarFloat.MultiplyAdd(new(weight), new(result[element]), new(output[element])).Value;
            }
        }
    }
}

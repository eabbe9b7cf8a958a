using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>One sequence's step of a <see cref="RecurrentAttention"/>.</summary>
internal readonly unsafe struct RecurrentAttentionLoop(in RecurrentAttention attention, float* hidden, nint hiddenSize) : IRowLoop
{
    private readonly RecurrentAttention _attention = attention;
    private readonly float* _hidden = hidden;

    public void Run<V>(long row)
        where V : struct, IVector<V>
    {
        RecurrentAttention a = _attention;
        nint index = (nint)row;
        float* query = a.Scratch + (index * (a.Depth + a.Places + a.MemoryDepth));
        float* alignment = query + a.Depth;
        float* mean = alignment + a.Places;
        float* hidden = _hidden + (index * hiddenSize);
        float* state = a.State + (index * a.Size);
        nint places = a.Lengths == null ? a.Places : a.Lengths[index];
        Clear(query, a.Depth);
        AddProduct<V>(hidden, hiddenSize, a.QueryWeights, a.Depth, query);
        float* keys = a.Keys + (index * a.Places * a.Depth);
        for (nint place = 0; place < places; place++)
        {
            alignment[place] = Alignment<V>(keys + (place * a.Depth), query);
        }

        Normalize(alignment, places);
        float* target = a.LayerWeights == null ? state : mean;
        Clear(target, a.MemoryDepth);
        AddProduct<V>(alignment, places, a.Memory + (index * a.Places * a.MemoryDepth), a.MemoryDepth, target);
        if (a.LayerWeights != null)
        {
            Clear(state, a.Size);
            AddProduct<V>(hidden, hiddenSize, a.LayerWeights, a.Size, state);
            AddProduct<V>(mean, a.MemoryDepth, a.LayerWeights + (hiddenSize * a.Size), a.Size, state);
        }
    }

    private static void Clear(float* values, nint count) => new Span<float>(values, checked((int)count)).Clear();

    private float Alignment<V>(float* key, float* query)
        where V : struct, IVector<V>
    {
        V sum = V.Zero;
        nint index = 0;
        for (; index + V.Count <= _attention.Depth; index += V.Count)
        {
            sum = V.MultiplyAdd(V.Load(_attention.Vector + index), VectorMath.Tanh(V.Load(key + index) + V.Load(query + index)), sum);
        }

        float total = V.ReduceAdd(sum);
        for (; index < _attention.Depth; index++)
        {
            total += _attention.Vector[index] * VectorMath.Tanh(new ScalarFloat(key[index] + query[index])).Value;
        }

        return total;
    }

    private static void Normalize(float* values, nint count)
    {
        float most = float.NegativeInfinity, sum = 0;
        for (nint index = 0; index < count; index++)
        {
            most = MathF.Max(most, values[index]);
        }

        for (nint index = 0; index < count; index++)
        {
            values[index] = MathF.Exp(values[index] - most);
            sum += values[index];
        }

        for (nint index = 0; index < count; index++)
        {
            values[index] /= sum;
        }
    }

    /// <summary>target += vector · matrix [rows, columns], row after row.</summary>
    private static void AddProduct<V>(float* vector, nint rows, float* matrix, nint columns, float* target)
        where V : struct, IVector<V>
    {
        for (nint row = 0; row < rows; row++)
        {
            float* weights = matrix + (row * columns);
            nint column = 0;
            for (; column + V.Count <= columns; column += V.Count)
            {
                V.Store(V.MultiplyAdd(V.Broadcast(vector[row]), V.Load(weights + column), V.Load(target + column)), target + column);
            }

            for (; column < columns; column++)
            {
                target[column] = ScalarFloat.MultiplyAdd(new(vector[row]), new(weights[column]), new(target[column])).Value;
            }
        }
    }
}

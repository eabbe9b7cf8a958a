using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>What experts do between their products, in place of the first product.</summary>
internal readonly unsafe struct ExpertActivationLoop(in ExpertArguments arguments, nint columns, bool hasThird) : IRowLoop
{
    private readonly ExpertArguments _arguments = arguments;

    public void Run<V>(long row)
        where V : struct, IVector<V>
    {
        float* values = _arguments.Inner + ((nint)row * columns);
        float* gate = hasThird ? _arguments.Gate + ((nint)row * _arguments.InnerSize) : columns > _arguments.InnerSize ? values + _arguments.InnerSize : null;
        nint element = 0;
        for (; element + V.Count <= _arguments.InnerSize; element += V.Count)
        {
            V.Store(Apply(V.Load(values + element), gate == null ? V.One : V.Load(gate + element), gate != null), values + element);
        }

        for (; element < _arguments.InnerSize; element++)
        {
            values[element] = Apply(new ScalarFloat(values[element]), gate == null ? ScalarFloat.One : new ScalarFloat(gate[element]), gate != null).Value;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private V Apply<V>(V value, V gate, bool isGated)
        where V : struct, IVector<V>
    {
        if (_arguments.Activation == ExpertActivation.SwiGlu)
        {
            V limit = V.Broadcast(_arguments.Limit);
            value = V.Min(value, limit);
            gate = V.Max(V.Min(gate, limit), -limit) + V.Broadcast(_arguments.Beta);
            return value * VectorMath.Sigmoid(V.Broadcast(_arguments.Alpha) * value) * gate;
        }

        value = _arguments.Activation switch
        {
            ExpertActivation.Relu => V.Max(value, V.Zero),
            ExpertActivation.Gelu => Gelu(value),
            ExpertActivation.Silu => value * VectorMath.Sigmoid(value),
            _ => value,
        };
        return isGated ? value * gate : value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Gelu<V>(V value)
        where V : struct, IVector<V>
    {
        // √(2/π) · (x + 0.044715 x³)
        V inner = V.Broadcast(0.7978845608f) * V.MultiplyAdd(V.Broadcast(0.044715f) * value * value, value, value);
        return V.Broadcast(0.5f) * value * (V.One + VectorMath.Tanh(inner));
    }
}

using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A gate's activation function with its parameters.</summary>
/// <param name="kind">The function.</param>
/// <param name="alpha">Its first parameter; unused by most.</param>
/// <param name="beta">Its second parameter; unused by most.</param>
public readonly struct GateActivation(GateActivationKind kind, float alpha = 0, float beta = 0)
{
    private readonly GateActivationKind _kind = kind;
    private readonly float _alpha = alpha;
    private readonly float _beta = beta;

    /// <summary>The function's values. The branch goes the same way for all elements of a gate, so it costs next to nothing beside an exponential.</summary>
    /// <typeparam name="V">The vector type.</typeparam>
    /// <param name="x">Its arguments.</param>
    public V Apply<V>(V x)
        where V : struct, IVector<V>
    {
        V alpha = V.Broadcast(_alpha);
        V beta = V.Broadcast(_beta);
        return _kind switch
        {
            GateActivationKind.Sigmoid => VectorMath.Sigmoid(x),
            GateActivationKind.Tanh => VectorMath.Tanh(x),
            GateActivationKind.Relu => V.Max(x, V.Zero),
            GateActivationKind.Affine => V.MultiplyAdd(alpha, x, beta),
            GateActivationKind.LeakyRelu => V.Select(V.LessThan(x, V.Zero), alpha * x, x),
            GateActivationKind.ThresholdedRelu => V.Select(V.LessThan(x, alpha), V.Zero, x),
            GateActivationKind.ScaledTanh => alpha * VectorMath.Tanh(beta * x),
            GateActivationKind.HardSigmoid => V.Min(V.One, V.Max(V.Zero, V.MultiplyAdd(alpha, x, beta))),
            GateActivationKind.Elu => V.Select(V.LessThan(x, V.Zero), alpha * VectorMath.ExpMinusOne(x), x),
            GateActivationKind.Softsign => x / (V.One + V.Abs(x)),
            _ => VectorMath.Softplus(x),
        };
    }

    /// <summary>The function's value in float64.</summary>
    /// <param name="x">Its argument.</param>
    internal double Apply(double x) => _kind switch
    {
        GateActivationKind.Sigmoid => 1 / (1 + Math.Exp(-x)),
        GateActivationKind.Tanh => Math.Tanh(x),
        GateActivationKind.Relu => Math.Max(x, 0),
        GateActivationKind.Affine => (_alpha * x) + _beta,
        GateActivationKind.LeakyRelu => x < 0 ? _alpha * x : x,
        GateActivationKind.ThresholdedRelu => x < _alpha ? 0 : x,
        GateActivationKind.ScaledTanh => _alpha * Math.Tanh(_beta * x),
        GateActivationKind.HardSigmoid => Math.Min(1, Math.Max(0, (_alpha * x) + _beta)),
        GateActivationKind.Elu => x < 0 ? _alpha * (Math.Exp(x) - 1) : x,
        GateActivationKind.Softsign => x / (1 + Math.Abs(x)),

        // The larger exponential cannot overflow when the other one is taken out.
        _ => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x))),
    };
}

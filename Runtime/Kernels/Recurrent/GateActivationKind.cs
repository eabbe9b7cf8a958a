namespace Cameo.Kernels;

/// <summary>The functions that ONNX's recurrent operators know by name.</summary>
public enum GateActivationKind
{
    /// <summary>1 / (1 + e⁻ˣ).</summary>
    Sigmoid,

    /// <summary>tanh x.</summary>
    Tanh,

    /// <summary>max(0, x).</summary>
    Relu,

    /// <summary>alpha · x + beta.</summary>
    Affine,

    /// <summary>x where it is at least 0, alpha · x elsewhere.</summary>
    LeakyRelu,

    /// <summary>x where it is at least alpha, 0 elsewhere.</summary>
    ThresholdedRelu,

    /// <summary>alpha · tanh(beta · x).</summary>
    ScaledTanh,

    /// <summary>min(1, max(0, alpha · x + beta)).</summary>
    HardSigmoid,

    /// <summary>x where it is at least 0, alpha · (eˣ − 1) elsewhere.</summary>
    Elu,

    /// <summary>x / (1 + |x|).</summary>
    Softsign,

    /// <summary>log(1 + eˣ).</summary>
    Softplus,
}

namespace Cameo.Generator.Lowering;

/// <summary>Operations on single elements. Their spelling in generated code stands in <c>Emitting/ElementOperationSpelling.cs</c>,
/// their build-time evaluation in <see cref="ElementEvaluator"/>.</summary>
internal enum ElementOperation
{
    Convert,

    /// <summary>Conversion to a floating-point type of at most 8 bits in which what is too large becomes NaN or infinite.</summary>
    ConvertUnsaturated,

    /// <summary>Conversion to the next power of two that is not larger.</summary>
    ConvertDown,

    /// <summary>Conversion to the nearest power of two.</summary>
    ConvertNearest,
    Select,

    Add,
    Subtract,
    Multiply,

    /// <summary>Division; integers round towards zero as in C#.</summary>
    Divide,
    Minimum,
    Maximum,
    Power,

    /// <summary>Remainder with the dividend's sign (C's fmod and %).</summary>
    Remainder,

    /// <summary>Remainder with the divisor's sign (Python's %).</summary>
    Modulo,

    Negate,
    Absolute,
    Sign,
    Reciprocal,
    Floor,
    Ceiling,

    /// <summary>Rounds to the nearest integer, halves to even.</summary>
    Round,

    /// <summary>Rounds float32 to what float16 holds.</summary>
    RoundToHalf,

    /// <summary>Rounds float32 to what bfloat16 holds.</summary>
    RoundToBFloat16,
    SquareRoot,
    Exponential,
    Logarithm,
    Sine,
    Cosine,
    Tangent,
    ArcSine,
    ArcCosine,
    ArcTangent,
    HyperbolicSine,
    HyperbolicCosine,
    HyperbolicTangent,
    HyperbolicArcSine,
    HyperbolicArcCosine,
    HyperbolicArcTangent,

    /// <summary>1 / (1 + e^-x).</summary>
    Sigmoid,

    /// <summary>The error function.</summary>
    Erf,
    IsNaN,
    IsPositiveInfinity,
    IsNegativeInfinity,

    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,

    /// <summary>Logical operations on booleans.</summary>
    And,
    Or,
    Xor,
    Not,

    /// <summary>Bitwise operations on integers.</summary>
    BitwiseAnd,
    BitwiseOr,
    BitwiseXor,
    BitwiseNot,
    ShiftLeft,
    ShiftRight,
}

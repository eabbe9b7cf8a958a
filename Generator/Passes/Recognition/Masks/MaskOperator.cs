namespace Cameo.Generator.Passes.Recognition.Masks;

/// <summary>Operations of <see cref="MaskOperation"/>.</summary>
internal enum MaskOperator
{
    Add,
    Subtract,
    Multiply,
    Divide,
    Minimum,
    Maximum,
    Negate,
    Absolute,
    Equal,
    Less,
    And,
    Or,
    Xor,
    Not,

    /// <summary>The second operand where the first is true, else the third.</summary>
    Select,

    /// <summary>Whether the operand is not 0.</summary>
    ToBoolean,

    /// <summary>A conversion to the operation's type.</summary>
    Convert,
    IsNaN,
}

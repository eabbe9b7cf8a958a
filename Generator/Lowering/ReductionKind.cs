namespace Cameo.Generator.Lowering;

/// <summary>How a reduction combines elements.</summary>
internal enum ReductionKind
{
    Sum,
    Maximum,
    Minimum,
    Product,
}

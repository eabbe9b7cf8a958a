namespace Cameo.Generator.Passes.Recognition.Masks;

/// <summary>Values of an element of <see cref="MaskCondition"/>.</summary>
internal enum MaskTruth
{
    NotZero,
    Zero,
    One,
    NotOne,
}

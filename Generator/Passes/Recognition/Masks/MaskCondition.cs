namespace Cameo.Generator.Passes.Recognition.Masks;

/// <summary>Which values an element must have.</summary>
internal sealed record MaskCondition(MaskElement Element, MaskTruth Truth);

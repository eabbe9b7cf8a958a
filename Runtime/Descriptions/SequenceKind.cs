namespace Cameo.Descriptions;

/// <summary>Kinds of inputs and outputs that hold tensors.</summary>
public enum SequenceKind
{
    /// <summary>Any number of tensors, in order.</summary>
    Sequence,

    /// <summary>One tensor or nothing.</summary>
    OptionalTensor,

    /// <summary>A sequence or nothing.</summary>
    OptionalSequence,
}

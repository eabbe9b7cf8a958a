namespace Cameo.Generator.Graphs;

/// <summary>Kinds of values that hold tensors.</summary>
internal enum ContainerKind
{
    /// <summary>Any number of tensors, in order.</summary>
    Sequence,

    /// <summary>One tensor or nothing.</summary>
    OptionalTensor,

    /// <summary>A sequence or nothing; an empty sequence is not nothing.</summary>
    OptionalSequence,
}

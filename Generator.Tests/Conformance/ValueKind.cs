namespace Cameo.Tests.Conformance;

/// <summary>Kinds of values that a graph's inputs and outputs can have.</summary>
public enum ValueKind
{
    Tensor,
    Sequence,
    Optional,
    Map,
    SparseTensor,
}

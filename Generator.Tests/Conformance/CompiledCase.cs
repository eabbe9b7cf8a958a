namespace Cameo.Tests.Conformance;

/// <summary>A case on its way from the compiler to the processes that run it.</summary>
public sealed record CompiledCase
{
    public required ConformanceCase Case { get; init; }

    /// <summary>Why there is nothing to run, or the verdict on a case that must be refused; null where there is a model to run.</summary>
    public Outcome? Outcome { get; init; }

    /// <summary>File of the assembly with the model's class.</summary>
    public string Assembly { get; init; } = "";

    public string ClassName { get; init; } = "";

    /// <summary>The packed weights; null where the model has none.</summary>
    public string? Weights { get; init; }

    /// <summary>The graph's inputs that are not initializers: the i-th belongs to input_i.pb.</summary>
    public CaseSlot[] Inputs { get; init; } = [];

    public CaseSlot[] Outputs { get; init; } = [];

    /// <summary>Operators of the model at any depth, with their domains unless it is ONNX's own, in ordinal order.</summary>
    public string[] Operators { get; init; } = [];

    /// <summary>Names of the element types of inputs, outputs and weights.</summary>
    public string[] ElementTypes { get; init; } = [];

    /// <summary>What the model was lowered to.</summary>
    public KernelUse[] Kernels { get; init; } = [];

    /// <summary>The one operator that the case is about; null for a case with several.</summary>
    public string? Subject => Operators.Where(static name => name != "Constant").ToArray() is [var only] ? only : null;
}

/// <summary>An input or output of a case.</summary>
public sealed record CaseSlot(string Name, ValueKind Kind);

/// <summary>A kernel: its kind and the operators of the nodes it does.</summary>
public sealed record KernelUse(string Kind, string[] Operators);

using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// What the compiler knows of one ONNX operator, in one place: its versions, its type and shape inference, its value at build time and the way it is
/// lowered. A family of operators shares a file. Every operator overrides <see cref="Infer"/> and one of <see cref="Expand"/> and <see cref="Lower"/>
/// (or derives from <see cref="PointwiseOperator"/> or <see cref="ReductionOperator"/>, which do so).
/// </summary>
internal abstract class Operator
{
    /// <summary>The operator's domain; empty for ONNX's own.</summary>
    public virtual string Domain => "";

    /// <summary>The operator's name in ONNX.</summary>
    public abstract string Type { get; }

    /// <summary>The opset versions at which the operator changed and that this class understands, ascending. A node of opset <c>n</c> means the largest
    /// that is at most <c>n</c>; opsets before the first are refused.</summary>
    public abstract IReadOnlyList<int> Versions { get; }

    /// <summary>The first opset whose change to this operator is not understood; <see cref="int.MaxValue"/> when there is none.</summary>
    public virtual int UnsupportedFrom => int.MaxValue;

    /// <summary>Whether inputs may be sequences or optionals; the operator then checks which.</summary>
    public virtual bool TakesContainers => false;

    /// <summary>
    /// Sets the types of the node's outputs and, where the inputs allow it, their values: <see cref="InferenceContext.SetConstant"/>,
    /// <see cref="InferenceContext.SetElements"/>. Throws <see cref="ModelException"/> for what is invalid or not supported.
    /// </summary>
    public abstract void Infer(Node node, InferenceContext context);

    /// <summary>
    /// Writes the node in terms of the canonical operators (see the design's "Recognition") and returns true, or returns false to keep it. Runs before recognition
    /// of patterns and states, with all types known; inference runs over the result.
    /// </summary>
    public virtual bool Normalize(Node node, ExpansionContext context) => false;

    /// <summary>
    /// Writes the node in terms of simpler operators and returns true, or returns false to keep it. Runs after recognition of states and attention, with all
    /// types known; inference runs over the result.
    /// </summary>
    public virtual bool Expand(Node node, ExpansionContext context) => false;

    /// <summary>
    /// How pointwise nodes that follow the node can be computed on its float32 results before they are stored: for contractions and pools, whose
    /// <see cref="Lower"/> asks for <see cref="LoweringContext.Epilogue"/>.
    /// </summary>
    public virtual EpilogueKind EpilogueKind(Node node) => Lowering.EpilogueKind.None;

    /// <summary>Whether the node's kernel can store its results as 8-bit integers or 16-bit floating-point numbers, when an epilogue ends with such a conversion.</summary>
    public virtual bool StoresNarrow(Node node) => false;

    /// <summary>Turns the node into views or kernels.</summary>
    public virtual void Lower(Node node, LoweringContext context) => throw ModelException.Unsupported(node, "the operator can only be used where its value is known at build time");
}

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>Turns values into memory: what operators use to lower a node into views and kernels, in the graph's order.</summary>
internal abstract class LoweringContext
{
    public abstract Graph Graph { get; }

    /// <summary>Where sequences and optionals are.</summary>
    public abstract SequenceVariables Sequences { get; }

    /// <summary>Where a value lies, with whatever strides it has. Constants lie in the weight file.</summary>
    public abstract View Read(Value value);

    /// <summary>Where a value lies, dense and row-major: inserts a copy where it is not.</summary>
    public abstract View ReadContiguous(Value value);

    /// <summary>As <see cref="ReadContiguous"/> for a view.</summary>
    public abstract View MakeContiguous(View view, Node node);

    /// <summary>Memory for a value that a kernel is about to write: dense unless <paramref name="allowStrides"/>, when it may be a part of a concatenation's
    /// result whose last axis is dense.</summary>
    public abstract View Write(Value value, bool allowStrides = false);

    /// <summary>Scratch memory in the arena for the time of one kernel (list it among the kernel's writes).</summary>
    public abstract View Scratch(Node node, ElementType type, Shape shape);

    /// <summary>Memory that several kernels write, each at its time: what branches merge into, what a loop carries.</summary>
    public abstract View Variable(string name, ElementType type, Shape shape);

    /// <summary>As <see cref="Variable"/>, in a place of its own that grows, whatever is known of its size.</summary>
    public abstract View Growing(string name, ElementType type, Shape shape);

    /// <summary>Whether a value is an output of the model or of a body.</summary>
    public abstract bool IsOutput(Value value);

    /// <summary>Whether a view's memory is a place that grows and was made in the block that is lowered at the moment, and not before or behind it.</summary>
    public abstract bool IsGrowingInBlock(View view);

    /// <summary>
    /// Lowers the body of a control-flow node into kernels of their own, in the same arena. <paramref name="finish"/> runs at the end of the block, where the body's outputs
    /// can be read. The kernels are to be listed in <see cref="Kernel.Blocks"/> of the kernel that is added next.
    /// </summary>
    public abstract List<Kernel> LowerBlock(Graph body, Action finish);

    /// <summary>States that a value is a view of memory that exists already: a move without a copy.</summary>
    public abstract void SetView(Value value, View view);

    /// <summary>Adds a tensor to the weight file; the same expression is stored once.</summary>
    public abstract View AddWeight(string name, WeightExpression expression);

    /// <summary>The weight expression of a constant (inline constants too), for packing transforms; <see langword="null"/> where the value is not constant.</summary>
    public abstract WeightExpression? TryGetWeight(Value value);

    /// <summary>Adds a kernel. One that reads nothing but weights and prepared values, and writes arena buffers, is moved to the load phase.</summary>
    public abstract void Add(Kernel kernel);

    /// <summary>Copies elements between two views of equal shape.</summary>
    public abstract void Copy(View from, View to, Node node);

    /// <summary>The state whose past or present a value is, or <see langword="null"/>. Its memory is the session's; kernels name it with
    /// <see cref="Emitting.KernelWriter.State"/>.</summary>
    public abstract StatePair? State(Value value);

    /// <summary>
    /// For contractions (operators that override <see cref="Operators.Operator.Lower"/> and are listed as fusable): the pointwise nodes that follow the node and are
    /// computed on its results before they are stored. <see cref="FusedEpilogue.Output"/> is the value to write.
    /// </summary>
    public abstract FusedEpilogue Epilogue(Node node);
}

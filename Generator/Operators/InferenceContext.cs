using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;
using Cameo.Generator.Passes;

namespace Cameo.Generator.Operators;

/// <summary>What an operator may use and set while types, shapes and known values are propagated.</summary>
internal sealed class InferenceContext(Graph graph, InferenceContext? outer = null)
{
    private bool _needsAnotherRound;

    public Graph Graph { get; } = graph;

    /// <summary>The model's graph, where this is the context of a body in it.</summary>
    public Graph Model => outer?.Model ?? Graph;

    /// <summary>Set where something became known that nodes before the present one should have known: inference runs again.</summary>
    public bool NeedsAnotherRound
    {
        get => outer?.NeedsAnotherRound ?? _needsAnotherRound;
        set
        {
            if (outer is not null)
            {
                outer.NeedsAnotherRound = value;
            }

            _needsAnotherRound = value;
        }
    }

    /// <summary>Whether types may still change, as those of what a loop carries: of a sequence that is empty so far, nothing is known and nothing is wrong.</summary>
    public bool IsTentative { get => outer?.IsTentative == true || field; set; }

    /// <summary>How many Ifs were replaced by one of their branches.</summary>
    public int SelectedBranches
    {
        get => outer?.SelectedBranches ?? field;
        set
        {
            if (outer is not null)
            {
                outer.SelectedBranches = value;
            }

            field = value;
        }
    }

    public SymbolTable Symbols => Graph.Symbols;

    public List<DiagnosticInfo> Diagnostics { get; } = [];

    /// <summary>
    /// States an output's type. Where the model declares a shape for the value too (value_info, graph output) and it names symbols that are new, those symbols
    /// are defined by what was inferred; where known sizes contradict each other the model is refused.
    /// </summary>
    public void SetType(Value output, TensorType type) => output.Type = type;

    /// <summary>States an output's value. Large constants are given as weight expressions.</summary>
    public void SetConstant(Value output, ConstantTensor constant)
    {
        output.Type = constant.Type;
        output.Constant = constant;
        output.Elements = ConstantElements.TryRead(constant);
    }

    /// <summary>States the elements of a small integer output (rank 0 or 1) as expressions over symbols; all known → a constant.</summary>
    public void SetElements(Value output, TensorType type, IReadOnlyList<Dimension> elements)
    {
        output.Type = type;
        output.Elements = elements;
        if (elements.All(element => element.IsStatic))
        {
            output.Constant = ConstantElements.FromIntegers([.. elements.Select(element => element.Constant)], type);
        }
    }

    /// <summary>The graph of which this context's graph is a body in, with its context; null for the model's own.</summary>
    public InferenceContext? Outer => outer;

    /// <summary>
    /// A size of the node's results that only its kernel can tell: a symbol that the kernel sets (<see cref="Emitting.KernelWriter.SetSize"/>) and lists in
    /// <see cref="Lowering.Kernel.Sizes"/>. What has such a size lies in memory that grows when it is known.
    /// </summary>
    /// <param name="node">The node.</param>
    /// <param name="what">What it is, which tells it from others of the node and stands in messages: "count".</param>
    /// <param name="maximum">The largest it can be, where that is known.</param>
    public Dimension DataSize(Node node, string what, Dimension? maximum = null) =>
        DataSizes.Declare(node, what, new DimensionRange(0, maximum?.Range(Symbols.Range).Maximum ?? long.MaxValue), isSize: true, Symbols);

    /// <summary>Infers the bodies of a control-flow node, whose inputs have their types; false where something is wrong with them, which has been reported.</summary>
    public bool InferBodies(Node node)
    {
        IReadOnlyList<DiagnosticInfo> found = [.. node.Bodies.SelectMany(body => ShapePropagation.InferBody(body, this))];
        Diagnostics.AddRange(found);
        return found.All(diagnostic => diagnostic.Severity != DiagnosticLevel.Error);
    }

    /// <summary>Takes a size that only a run knows for granted; a run with another size is refused with a message that begins with it and <paramref name="what"/>.</summary>
    public void Require(Dimension size, long value, string what) => Graph.Require(new SizeRequirement(size, value, what));

    /// <summary>Refuses runs in which a number is negative, where it can be.</summary>
    public void RequireNonNegative(Dimension number, string what)
    {
        if (number.Range(Symbols.Range).Minimum < 0 && !SymbolicMath.IsNonNegative(number, Symbols))
        {
            Require(Dimension.Minimum(number, Dimension.Zero), 0, $"{what}, or 0 where that is not negative");
        }
    }

    /// <summary>Refuses runs in which a size of a node's result that data decide is negative.</summary>
    public void RequireSizes(Node node, IEnumerable<Dimension> sizes)
    {
        foreach (Dimension size in sizes)
        {
            RequireNonNegative(size, $"a size of the result of {node}");
        }
    }

    /// <summary>Two sizes that an operator needs to be equal: where only a run knows them, one in which they differ is refused. Sizes that are known to differ are the caller's to refuse.</summary>
    public void RequireEqual(Node node, Dimension left, Dimension right, string what)
    {
        if ((left - right) is { IsStatic: false } difference)
        {
            Graph.Require(new SizeRequirement(difference, 0, $"difference between {what} of {node}") { IsInferred = true });
        }
    }

    /// <summary>A size that may not be larger than another: runs in which it is are refused, and models of which it is known.</summary>
    public void RequireAtMost(Node node, Dimension size, Dimension limit, string what)
    {
        Dimension excess = size - SymbolicMath.Minimum(size, limit, Symbols);
        if (excess.Value > 0)
        {
            throw ModelException.Contradiction(node, $"{what} are {size}, more than {limit}");
        }

        if (!excess.IsStatic)
        {
            Graph.Require(new SizeRequirement(excess, 0, $"excess over {limit} of {what} of {node}") { IsInferred = true });
        }
    }

    /// <summary>Two sizes that broadcast to each other: a run in which they differ and neither is 1 is refused.</summary>
    public void RequireBroadcast(Node node, Dimension left, Dimension right) => RequireFit(node, left, right, isMutual: true);

    /// <summary>A size that broadcasts to another: a run in which they differ and the first is not 1 is refused.</summary>
    public void RequireBroadcastTo(Node node, Dimension from, Dimension to) => RequireFit(node, from, to, isMutual: false);

    private void RequireFit(Node node, Dimension left, Dimension right, bool isMutual)
    {
        // Most sizes are equal; that known ones fit is the caller's to check.
        if (left == right || (left.IsStatic && right.IsStatic) || left.Value == 1 || (isMutual && right.Value == 1))
        {
            return;
        }

        Dimension difference = (left - right) * IsOther(left) * (isMutual ? IsOther(right) : Dimension.One);
        if (difference.Value is { } known)
        {
            if (known != 0)
            {
                throw ModelException.Contradiction(node, $"sizes {left} and {right} do not broadcast");
            }

            return;
        }

        Graph.Require(new SizeRequirement(difference, 0, $"difference between {left} and {right}, which {node} broadcasts") { IsInferred = true });
    }

    /// <summary>0 for a size of 1, else 1.</summary>
    private Dimension IsOther(Dimension size) =>
        size.Value is { } known ? known == 1 ? 0 : 1 : SymbolicMath.Minimum(SymbolicMath.Maximum(size - 1, 1 - size, Symbols), Dimension.One, Symbols);

    /// <summary>Refuses runs in which a number is 0.</summary>
    public void RequireNonzero(Dimension number, string what) =>
        Require(SymbolicMath.Minimum(Dimension.One, SymbolicMath.Maximum(number, -number, Symbols), Symbols), 1, $"{what}, as a number that is not 0");

    /// <summary>The elements of an input that must be known at build time (shapes, axes, pads …), as expressions.</summary>
    public IReadOnlyList<Dimension> RequiredElements(Node node, int input, string what) =>
        node.Input(input).Elements ?? throw ModelException.Unsupported(node, $"{what} (input {input}, '{node.Input(input).Name}') is computed at run time from data");

    /// <summary>As <see cref="RequiredElements"/>, for values that must be plain numbers.</summary>
    public long[] RequiredIntegers(Node node, int input, string what) =>
        [.. RequiredElements(node, input, what).Select(element => element.Value ?? throw ModelException.Unsupported(node, $"{what} depends on the size '{element}'"))];
}

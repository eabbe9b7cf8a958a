using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// ReduceSum, ReduceMax, ReduceMin, ReduceProd: https://onnx.ai/onnx/operators/onnx__ReduceSum.html and so on. The axes are an attribute before version 18
/// (ReduceSum: 13) and an input from then on, where <c>noop_with_empty_axes</c> says what none means; negative ones from version 11 on.
/// Version 20 gives Max and Min booleans (or, and). 16-bit floating-point numbers are combined in float32.
/// </summary>
internal sealed class ReduceOperators : ReductionOperator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new ReduceOperators("ReduceSum", [1, 11, 13], ReductionKind.Sum),
        new ReduceOperators("ReduceMax", [1, 11, 12, 13, 18, 20], ReductionKind.Maximum),
        new ReduceOperators("ReduceMin", [1, 11, 12, 13, 18, 20], ReductionKind.Minimum),
        new ReduceOperators("ReduceProd", [1, 11, 13, 18], ReductionKind.Product),
    ];

    private ReduceOperators(string type, int[] versions, ReductionKind kind)
    {
        Type = type;
        Versions = versions;
        Kind = kind;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    public override ReductionKind Kind { get; }

    public override IReadOnlyList<int> Axes(Node node) => ReductionAxes.Of(node);

    public override bool KeepsAxes(Node node) => ReductionAxes.KeepsAxes(node);

    public override void Infer(Node node, InferenceContext context)
    {
        bool takesBooleans = Kind is ReductionKind.Maximum or ReductionKind.Minimum && node.Version >= 20;
        (takesBooleans ? ElementTypeSet.NumericOrBoolean : ElementTypeSet.Numeric).Require(node, 0);
        Value input = node.Input(0);
        var type = new TensorType(input.ElementType, ReductionAxes.ResultShape(node, context));
        if (ReductionAxes.Open(node) is null && Axes(node).Count == 1 && type.Rank <= 1 && input.Elements is { Count: > 0 } elements && type.ElementType.IsInteger())
        {
            context.SetElements(node.Output, type, [elements.Aggregate((left, right) => Combine(left, right, context.Symbols))]);
        }
        else
        {
            context.SetType(node.Output, type);
        }
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value input = node.Input(0);
        if (ReductionAxes.ExpandOpen(node, context, (split, axes) => formula.Reduce(Type, split, axes, keepsAxes: false)))
        {
            return true;
        }

        if (Axes(node).Count == 0)
        {
            context.Replace(node.Output, input);
            return true;
        }

        // Booleans are combined as bytes, 16-bit floating-point numbers as float32.
        ElementType wide = input.ElementType switch
        {
            ElementType.Boolean => ElementType.UInt8,
            ElementType.Float16 or ElementType.BFloat16 => ElementType.Float32,
            ElementType same => same,
        };
        if (wide == input.ElementType)
        {
            return false;
        }

        context.Replace(node.Output, formula.Cast(formula.Reduce(Type, formula.Cast(input, wide), Axes(node), KeepsAxes(node)), input.ElementType));
        return true;
    }

    private Dimension Combine(Dimension left, Dimension right, SymbolTable symbols) => Kind switch
    {
        ReductionKind.Sum => left + right,
        ReductionKind.Product => left * right,
        ReductionKind.Maximum => SymbolicMath.Maximum(left, right, symbols),
        _ => SymbolicMath.Minimum(left, right, symbols),
    };
}

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Reductions made of a reduction and pointwise operators: ReduceMean, ReduceL1, ReduceL2, ReduceSumSquare, ReduceLogSum, ReduceLogSumExp (the maximum is taken
/// out first): https://onnx.ai/onnx/operators/onnx__ReduceMean.html and so on. Axes as in <see cref="ReduceOperators"/>.
/// </summary>
internal sealed class CompositeReduceOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new CompositeReduceOperators("ReduceMean", (formula, x, axes, keeps) => formula.Mean(x, axes, keeps)),
        new CompositeReduceOperators("ReduceL1", (formula, x, axes, keeps) => formula.Sum(formula.Apply("Abs", x), axes, keeps)),
        new CompositeReduceOperators("ReduceL2", (formula, x, axes, keeps) => formula.Apply("Sqrt", formula.Sum(formula.Multiply(x, x), axes, keeps))),
        new CompositeReduceOperators("ReduceSumSquare", (formula, x, axes, keeps) => formula.Sum(formula.Multiply(x, x), axes, keeps)),
        new CompositeReduceOperators("ReduceLogSum", (formula, x, axes, keeps) => formula.Apply("Log", formula.Sum(x, axes, keeps))),
        new CompositeReduceOperators("ReduceLogSumExp", LogSumExp),
    ];

    private readonly Func<Formula, Value, IReadOnlyList<int>, bool, Value> _write;

    private CompositeReduceOperators(string type, Func<Formula, Value, IReadOnlyList<int>, bool, Value> write)
    {
        Type = type;
        _write = write;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [1, 11, 13, 18];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Numeric.Require(node, 0);
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, ReductionAxes.ResultShape(node, context)));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        if (!ReductionAxes.ExpandOpen(node, context, (split, axes) => Write(formula, split, axes, keeps: false)))
        {
            context.Replace(node.Output, Write(formula, node.Input(0), ReductionAxes.Of(node), ReductionAxes.KeepsAxes(node)));
        }

        return true;
    }

    private Value Write(Formula formula, Value input, IReadOnlyList<int> axes, bool keeps)
    {
        // Roots and logarithms of integers are taken of float64 numbers.
        bool throughFloats = input.ElementType.IsInteger() && Type is "ReduceL2" or "ReduceLogSum" or "ReduceLogSumExp";
        Value wide = throughFloats ? formula.Cast(input, ElementType.Float64) : formula.Widen(input);
        return formula.Cast(_write(formula, wide, axes, keeps), input.ElementType);
    }

    private static Value LogSumExp(Formula formula, Value x, IReadOnlyList<int> axes, bool keeps)
    {
        Value maximum = formula.Reduce("ReduceMax", x, axes);
        // An infinite maximum must not be taken from itself.
        Value shift = formula.Where(formula.Apply("IsInf", maximum), formula.Number(0, x), maximum);
        Value sum = formula.Sum(formula.Apply("Exp", formula.Subtract(x, shift)), axes);
        Value result = formula.Add(formula.Apply("Log", sum), shift);
        return keeps || axes.Count == 0 ? result : formula.Squeeze(result, axes);
    }
}

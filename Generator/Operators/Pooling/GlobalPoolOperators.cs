using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// GlobalAveragePool, GlobalMaxPool, GlobalLpPool: https://onnx.ai/onnx/operators/onnx__GlobalAveragePool.html and so on. They reduce all axes after the channels to
/// size 1. GlobalLpPool's p is a float in version 1 and an integer from version 2 on.
/// </summary>
internal sealed class GlobalPoolOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new GlobalPoolOperators("GlobalAveragePool", [1, 22]),
        new GlobalPoolOperators("GlobalMaxPool", [1, 22]),
        new GlobalPoolOperators("GlobalLpPool", [1, 2, 22]),
    ];

    private GlobalPoolOperators(string type, int[] versions)
    {
        Type = type;
        Versions = versions;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        Shape shape = node.Input(0).Shape;
        if (shape.Rank < 2)
        {
            throw new ModelException(node, $"the input needs batch and channel axes but has shape {shape}");
        }

        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, new Shape([.. shape.Select((size, axis) => axis < 2 ? size : Dimension.One)])));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value x = formula.Widen(node.Input(0));
        int[] axes = [.. Enumerable.Range(2, x.Shape.Rank - 2)];
        Value result = Type switch
        {
            "GlobalAveragePool" => formula.Mean(x, axes),
            "GlobalMaxPool" => formula.Reduce("ReduceMax", x, axes),
            _ => LpNorm.Write(formula, context, x, axes, node.Version < 2 ? node.FloatAttribute("p", 2) : node.IntegerAttribute("p", 2)),
        };
        context.Replace(node.Output, formula.Cast(result, node.Output.ElementType));
        return true;
    }
}

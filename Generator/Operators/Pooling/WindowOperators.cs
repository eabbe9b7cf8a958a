using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// HannWindow, HammingWindow, BlackmanWindow: https://onnx.ai/onnx/operators/onnx__HannWindow.html and so on. Sums of cosines of 2πk·n/N for n below <c>size</c>, where N is the size
/// (<c>periodic</c>) or one less; computed in float64. The size is known at build time or an input of the run.
/// </summary>
internal sealed class WindowOperators : Operator
{
    // Hamming's weights are 25/46 and 21/46, as the specification has them.
    public static readonly IReadOnlyList<Operator> All =
    [
        new WindowOperators("HannWindow", 0.5, -0.5, 0),
        new WindowOperators("HammingWindow", 25.0 / 46, -21.0 / 46, 0),
        new WindowOperators("BlackmanWindow", 0.42, -0.5, 0.08),
    ];

    private readonly double[] _weights;

    private WindowOperators(string type, params double[] weights)
    {
        Type = type;
        _weights = weights;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [17];

    public override void Infer(Node node, InferenceContext context)
    {
        var type = (ElementType)node.IntegerAttribute("output_datatype", (long)ElementType.Float32);
        if (!ElementTypeSet.Numeric.Contains(type))
        {
            throw new ModelException(node, $"attribute 'output_datatype' is {(int)type}, which is no type of numbers");
        }

        if (context.RequiredElements(node, 0, "the size") is not [var size])
        {
            throw new ModelException(node, $"the size is {node.Input(0).Type} and not one number");
        }

        context.SetType(node.Output, new TensorType(type, new Shape([SymbolicMath.Maximum(size, Dimension.Zero, context.Symbols)])));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Dimension size = node.Input(0).Elements![0];
        Value positions = formula.Cast(context.Add("Range", context.Literal(0, ElementType.Int64), context.Size(size), context.Literal(1, ElementType.Int64)), ElementType.Float64);
        Value length = formula.Cast(context.Size(size - (node.IntegerAttribute("periodic", 1) != 0 ? 0 : 1)), ElementType.Float64);
        Value sum = context.Literal(_weights[0], ElementType.Float64);
        for (int harmonic = 1; harmonic < _weights.Length; harmonic++)
        {
            Value angle = formula.Divide(formula.Multiply(positions, context.Literal(2 * Math.PI * harmonic, ElementType.Float64)), length);
            sum = formula.Add(sum, formula.Multiply(formula.Apply("Cos", angle), context.Literal(_weights[harmonic], ElementType.Float64)));
        }

        context.Replace(node.Output, formula.Cast(sum, node.Output.ElementType));
        return true;
    }
}

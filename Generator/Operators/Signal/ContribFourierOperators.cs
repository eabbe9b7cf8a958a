using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Rfft and Irfft of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. Transforms of real numbers over the last <c>signal_ndim</c> (1 to 3) axes, written as DFT
/// nodes: the last axis one-sided, the others complex. Irfft's last axis becomes <c>2 · size - 1</c>, as in ONNX Runtime. <c>normalized</c> must be 0 and <c>onesided</c> 1.
/// </summary>
internal sealed class ContribFourierOperators : Operator
{
    private const int MaximumAxes = 3;

    public static readonly IReadOnlyList<Operator> All = [new ContribFourierOperators(false), new ContribFourierOperators(true)];

    private readonly bool _isInverse;

    private ContribFourierOperators(bool isInverse) => _isInverse = isInverse;

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => _isInverse ? "Irfft" : "Rfft";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        Shape shape = node.Input(0).Shape;
        int signal = shape.Rank - (_isInverse ? 1 : 0);
        if (Axes(node) is < 1 or > MaximumAxes || Axes(node) > signal || (_isInverse && shape[signal].Value != 2))
        {
            throw new ModelException(node, $"attribute 'signal_ndim' is {Axes(node)}, which an input of shape {shape} does not have");
        }

        if (node.IntegerAttribute("normalized", 0) != 0 || node.IntegerAttribute("onesided", 1) != 1)
        {
            throw ModelException.Unsupported(node, "attribute 'normalized' must be 0 and 'onesided' must be 1");
        }

        Dimension size = shape[signal - 1];
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, new Shape(
            [.. shape.Take(signal - 1), .. _isInverse ? [2 * size - 1] : new[] { Dimension.FloorDivide(size, 2) + 1, 2 }])));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value x = formula.Widen(node.Input(0));
        int last = x.Shape.Rank - (_isInverse ? 2 : 1), first = last - (int)Axes(node) + 1;
        if (!_isInverse)
        {
            x = Transform(context.Add("Unsqueeze", x, context.Integers(-1)), last, null, isOneSided: true);
        }

        for (int axis = last - 1; axis >= first; axis--)
        {
            x = Transform(x, axis, null, isOneSided: false);
        }

        if (_isInverse)
        {
            x = formula.Squeeze(Transform(x, last, context.Sizes(node.Output.Shape[last]), isOneSided: true), [-1]);
        }

        context.Replace(node.Output, formula.Cast(x, node.Output.ElementType));
        return true;

        Value Transform(Value value, int axis, Value? length, bool isOneSided) =>
            context.Add("DFT", [("inverse", _isInverse ? 1L : 0L), ("onesided", isOneSided ? 1L : 0L)], value, length, context.Integers(axis));
    }

    private static long Axes(Node node) => node.IntegerAttribute("signal_ndim", 1);
}

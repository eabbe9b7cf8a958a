using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// DFT: https://onnx.ai/onnx/operators/onnx__DFT.html. float16, bfloat16, float and double; computed in float64. The last axis holds real numbers (1) or complex ones (2). The axis is
/// an attribute in version 17 and an input from version 20 on; it and the length may be inputs of the run. <c>onesided</c> stores the first half of the spectrum of real input; with
/// <c>inverse</c> it takes the first half of a spectrum and gives real numbers, <c>2 · (size - 1)</c> unless the length says otherwise.
/// </summary>
internal sealed class DftOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new DftOperator()];

    public override string Type => "DFT";

    public override IReadOnlyList<int> Versions => [17, 20];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        Shape shape = node.Input(0).Shape;
        if (shape.Rank < 2 || shape[shape.Rank - 1].Value is not (1 or 2))
        {
            throw new ModelException(node, $"the last axis of the input must hold 1 number (real) or 2 (complex), but the input has shape {shape}");
        }

        bool isOneSided = SignalInputs.Flag(node, "onesided", 0), isInverse = SignalInputs.Flag(node, "inverse", 0);
        if (isOneSided && shape[shape.Rank - 1].Value != (isInverse ? 2 : 1))
        {
            throw new ModelException(node, isInverse ? "the inverse of a one-sided spectrum needs complex input" : "a one-sided spectrum needs real input");
        }

        if (node.OptionalInput(1) is not null)
        {
            SignalInputs.Single(node, 1, "dft_length", context);
        }

        Dimension axis = node.Version >= 20 && node.OptionalInput(2) is not null ? SignalInputs.Single(node, 2, "axis", context) : Axis(node);
        int rank = shape.Rank;
        if (axis.Value is { } known)
        {
            if (ShapeMath.Axis(node, known, rank) == rank - 1)
            {
                throw new ModelException(node, $"axis {known} is that of real and imaginary parts");
            }
        }
        else
        {
            // -rank … -2 and 0 … rank - 2.
            Dimension position = SymbolicMath.FromStart(axis, rank, context.Symbols);
            context.Require(SymbolicMath.Clamp(position, 0, rank - 2, context.Symbols) - position, 0, $"steps from {axis}, the axis of {node}, to one that can be transformed");
        }

        FourierSizes sizes = FourierSizes.Of(node, axis, context.Symbols);
        SignalInputs.RequirePositive(node, sizes.Length, "the length of the transform", context);
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, sizes.Output));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        if (SearchText.Widen(node.Input(0), context) is not { } wide)
        {
            return false;
        }

        context.Replace(node.Output, new Formula(context).Cast(context.AddCopy(node, [wide, .. node.Inputs.Skip(1)]).Output, node.Output.ElementType));
        return true;
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        View to = context.Write(node.Output);
        FourierSizes sizes = FourierSizes.Of(node, Axis(node), context.Graph.Symbols);
        bool isInverse = SignalInputs.Flag(node, "inverse", 0), isMirrored = isInverse && SignalInputs.Flag(node, "onesided", 0);
        string type = KernelText.TypeName(node, from.ElementType);
        context.Add(new Kernel("fourier", node, [from], [to], writer => writer.Line(
            $"Fourier.Transform<{type}>(Workers, {writer.Pointer(from)}, {writer.Size(sizes.Outer)}, {writer.Size(sizes.Size)}, {writer.Size(sizes.Inner)}, {from.Shape[from.Rank - 1]}, "
            + $"{writer.Size(sizes.Length)}, {KernelText.Boolean(isInverse)}, {KernelText.Boolean(isMirrored)}, {writer.Size(sizes.Count)}, {to.Shape[to.Rank - 1]}, {writer.Pointer(to)}, {KernelText.Name(node)});"))
        {
            Summary = $"{sizes.Length} of {from.Shape}",
        });
    }

    private static Dimension Axis(Node node) => node.Version < 20 ? node.IntegerAttribute("axis", 1) : node.OptionalInput(2)?.Elements?[0] ?? -2;
}

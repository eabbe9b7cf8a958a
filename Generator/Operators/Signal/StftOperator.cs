using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// STFT: https://onnx.ai/onnx/operators/onnx__STFT.html. float16, bfloat16, float and double; computed in float64. The signal is [batch, samples, 1] or, complex, [batch, samples, 2];
/// the result [batch, frames, bins, 2] with <c>1 + (samples - length) / step</c> frames, of which each lies in the signal as a whole. The length is that of the window, or
/// <c>frame_length</c>, or that of the signal; step and length may be inputs of the run. A complex signal has no one-sided spectrum, which is what the attribute's default asks for.
/// </summary>
internal sealed class StftOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new StftOperator()];

    public override string Type => "STFT";

    public override IReadOnlyList<int> Versions => [17];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        Shape shape = node.Input(0).Shape;
        if (shape.Rank != 3 || shape[2].Value is not (1 or 2))
        {
            throw new ModelException(node, $"the signal must be [batch, samples, 1] or [batch, samples, 2] but has shape {shape}");
        }

        bool isOneSided = SignalInputs.Flag(node, "onesided", 1);
        if (isOneSided && shape[2].Value == 2)
        {
            throw new ModelException(node, "a one-sided spectrum needs a real signal");
        }

        Dimension step = SignalInputs.Single(node, 1, "frame_step", context);
        SignalInputs.RequirePositive(node, step, "frame_step", context);
        Dimension? stated = node.OptionalInput(3) is null ? null : SignalInputs.Single(node, 3, "frame_length", context);
        if (node.OptionalInput(2) is { } window)
        {
            ElementTypeSet.RequireEqual(node, 0, 2);
            if (window.Shape.Rank != 1 || (stated is not null && (window.Shape[0] - stated).Value is { } difference && difference != 0))
            {
                throw new ModelException(node, $"the window has shape {window.Shape} and must be [{stated?.ToString() ?? "length"}]");
            }

            if (stated is not null && !(window.Shape[0] - stated).IsStatic)
            {
                context.Require(window.Shape[0] - stated, 0, $"factors that the window of {node} has more than frame_length says");
            }
        }

        Dimension length = Length(node);
        SignalInputs.RequirePositive(node, length, "the length of a frame", context);
        SignalInputs.RequirePositive(node, shape[1] - length + 1, "the signal without a frame, plus 1,", context);
        Dimension frames = Dimension.FloorDivide(shape[1] - length, step) + 1;
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, new Shape([shape[0], frames, isOneSided ? Dimension.FloorDivide(length, 2) + 1 : length, 2])));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        if (SearchText.Widen(node.Input(0), context) is not { } wide)
        {
            return false;
        }

        Value? window = node.OptionalInput(2) is { } narrow ? SearchText.Widen(narrow, context) : null;
        context.Replace(node.Output, new Formula(context).Cast(context.AddCopy(node, wide, node.Input(1), window, node.OptionalInput(3)).Output, node.Output.ElementType));
        return true;
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View signal = context.ReadContiguous(node.Input(0));
        View? window = node.OptionalInput(2) is { } factors ? context.ReadContiguous(factors) : null;
        View to = context.Write(node.Output);
        Dimension step = node.Input(1).Elements![0], length = Length(node);
        string type = KernelText.TypeName(node, signal.ElementType);
        context.Add(new Kernel("fourier", node, window is null ? [signal] : [signal, window], [to], writer => writer.Line(
            $"Fourier.ShortTime<{type}>(Workers, {writer.Pointer(signal)}, {writer.Size(signal.Shape[0])}, {writer.Size(signal.Shape[1])}, {signal.Shape[2]}, {(window is null ? "null" : writer.Pointer(window))}, "
            + $"{writer.Size(to.Shape[1])}, {writer.Size(step)}, {writer.Size(length)}, {writer.Size(to.Shape[2])}, {writer.Pointer(to)}, {KernelText.Name(node)});"))
        {
            Summary = $"{to.Shape[1]} frames of {length} of {signal.Shape}",
        });
    }

    private static Dimension Length(Node node) => node.OptionalInput(3)?.Elements?[0] ?? node.OptionalInput(2)?.Shape[0] ?? node.Input(0).Shape[1];
}

using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Identity and inference-time Dropout: https://onnx.ai/onnx/operators/onnx__Identity.html, https://onnx.ai/onnx/operators/onnx__Dropout.html. Identity of
/// sequences and optionals (versions 14 and 16) is refused. Dropout passes its input on; its mask is all true from version 12 on. Before that the
/// specification leaves it open, and it is all false (zeros of the input's type before version 10) as in ONNX Runtime.
/// Training is refused: the attribute <c>is_test</c> before version 7 (default 0, but zero in every inference model of its time: taken as inference), the
/// input <c>training_mode</c> from version 12 on.
/// </summary>
internal sealed class IdentityOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new IdentityOperators("Identity", [1, 13, 14, 16, 19, 21, 23, 24, 25]),
        new IdentityOperators("Dropout", [1, 6, 7, 10, 12, 13, 22]),
    ];

    private IdentityOperators(string type, int[] versions)
    {
        Type = type;
        Versions = versions;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    public override void Infer(Node node, InferenceContext context)
    {
        Value input = node.Input(0);
        if (Type == "Dropout")
        {
            RequireInference(node);
            InferMask(node, input, context);
        }

        ReshapingOperator.SetReshaped(node.Output, input, input.Shape, context);
    }

    /// <summary>Nothing but a name for its input, unless a mask is read too.</summary>
    public override bool Normalize(Node node, ExpansionContext context)
    {
        if (node.OptionalOutput(1) is { Consumers.Count: > 0 } || (node.OptionalOutput(1) is { } mask && context.Graph.IsOutput(mask)))
        {
            return false;
        }

        context.Replace(node.Output, node.Input(0));
        return true;
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        if (node.OptionalOutput(1) is not { } mask || mask.IsConstant)
        {
            return false;
        }

        Value element = context.Literal(MaskElement(node), mask.ElementType);
        context.Replace(mask, context.Add("Expand", element, context.Add("Shape", node.Input(0))));
        context.Replace(node.Output, node.Input(0));
        return true;
    }

    public override void Lower(Node node, LoweringContext context) => context.SetView(node.Output, context.Read(node.Input(0)));

    private static void InferMask(Node node, Value input, InferenceContext context)
    {
        if (node.OptionalOutput(1) is not { } mask)
        {
            return;
        }

        var type = new TensorType(node.Version < 10 ? input.ElementType : ElementType.Boolean, input.Shape);
        if (type.Shape.IsStatic && ConstantMoves.Broadcast(Folding.ScalarConstant(MaskElement(node), type.ElementType), type.Shape) is { } elements)
        {
            context.SetConstant(mask, elements);
        }
        else
        {
            context.SetType(mask, type);
        }
    }

    private static int MaskElement(Node node) => node.Version < 12 ? 0 : 1;

    private static void RequireInference(Node node)
    {
        if (node.Version < 12 || node.OptionalInput(2) is not { } training)
        {
            return;
        }

        bool? trains = ConstantElements.TryReadScalar(training.Constant) is { } known ? known != 0 : null;
        // A ratio of 0 drops nothing, whatever the mode.
        bool dropsNothing = node.OptionalInput(1) is { } ratio && ConstantElements.TryReadScalar(ratio.Constant) == 0;
        if (trains != false && !dropsNothing)
        {
            throw ModelException.Unsupported(node, trains is null ? "training_mode is computed at run time" : "training_mode is true; only inference is supported");
        }
    }
}

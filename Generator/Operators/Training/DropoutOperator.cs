using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Dropout: https://onnx.ai/onnx/operators/onnx__Dropout.html. For inference it passes its input on; the mask is all true from version 12 on. Before that the specification leaves it
/// open, and it is all false (zeros of the input's type before version 10) as in ONNX Runtime. From version 12 on the input <c>training_mode</c>, which may be one of the run, asks
/// for training: elements are dropped with the probability <c>ratio</c> (an input too, 0.5 without), others divided by <c>1 - ratio</c>. The attribute <c>is_test</c> before
/// version 7 has the default 0, but is zero in inference models of its time: taken as inference.
/// </summary>
internal sealed class DropoutOperator : Operator
{
    private const double DefaultRatio = 0.5;

    private static readonly ElementTypeSet Floating = new("floating-point numbers", static type => type.IsFloat() || type.IsSmallFloat());

    public static readonly IReadOnlyList<Operator> All = [new DropoutOperator()];

    public override string Type => "Dropout";

    public override IReadOnlyList<int> Versions => [1, 6, 7, 10, 12, 13, 22];

    public override void Infer(Node node, InferenceContext context)
    {
        Floating.Require(node, 0);
        Value input = node.Input(0);
        if (Ratio(node) is { } ratio)
        {
            Floating.Require(node, 1);
            if (ratio.Shape.ElementCount.Value is not (null or 1) || ConstantElements.TryReadScalar(ratio.Constant) is < 0 or >= 1)
            {
                throw new ModelException(node, $"the ratio {ConstantElements.TryReadScalar(ratio.Constant)?.ToString() ?? ratio.Type!.ToString()} must be one number from 0 to below 1");
            }
        }

        if (node.Version >= 12 && node.OptionalInput(2) is { } mode && (mode.ElementType != ElementType.Boolean || mode.Shape.ElementCount.Value is not (null or 1)))
        {
            throw new ModelException(node, $"training_mode is {mode.Type} and must be one boolean");
        }

        if (Trains(node) == false)
        {
            ReshapingOperator.SetReshaped(node.Output, input, input.Shape, context);
        }
        else
        {
            context.SetType(node.Output, input.RequiredType);
        }

        InferMask(node, input, context);
    }

    /// <summary>Nothing but a name for its input, unless a mask is read too.</summary>
    public override bool Normalize(Node node, ExpansionContext context)
    {
        if (Trains(node) != false || node.OptionalOutput(1) is { Consumers.Count: > 0 } || (node.OptionalOutput(1) is { } mask && context.Graph.IsOutput(mask)))
        {
            return false;
        }

        context.Replace(node.Output, node.Input(0));
        return true;
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        if (Trains(node) != false)
        {
            (Value result, Value kept) = Write(node, context, node.Input(0), Ratio(node), node.Input(2));
            context.Replace(node.Output, result);
            context.Replace(node.OptionalOutput(1), kept);
            return true;
        }

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

    /// <summary>Training where a value says so, which a run may bring: what is left of the input, and which elements were kept.</summary>
    public static (Value Result, Value Kept) Write(Node node, ExpansionContext context, Value input, Value? ratio, Value trains)
    {
        var formula = new Formula(context);
        Value x = input.ElementType.IsSmallFloat() ? formula.Cast(input, ElementType.Float32) : formula.Widen(input);
        Value isTraining = formula.Reshape(trains, []);
        Value given = ratio is null ? formula.Number(DefaultRatio, x) : formula.Cast(formula.Reshape(ratio, []), x.ElementType);
        Value share = formula.Where(isTraining, given, formula.Number(0, x));
        Value kept = context.Add("GreaterOrEqual", RandomOperator.Draw(context, node, x.Shape, x.ElementType, "Uniform", 0, 1), share);
        Value scaled = formula.Divide(x, formula.Subtract(formula.Number(1, x), share));
        return (formula.Cast(formula.Where(kept, scaled, formula.Number(0, x)), input.ElementType), kept);
    }

    /// <summary>Whether a node trains; null where a run says so.</summary>
    private static bool? Trains(Node node)
    {
        if (node.Version < 12 || node.OptionalInput(2) is not { } mode)
        {
            return false;
        }

        // A ratio of 0 drops nothing, whatever the mode.
        bool dropsNothing = Ratio(node) is { } ratio && ConstantElements.TryReadScalar(ratio.Constant) == 0;
        return dropsNothing ? false : ConstantElements.TryReadScalar(mode.Constant) is { } known ? known != 0 : null;
    }

    private static Value? Ratio(Node node) => node.Version < 12 ? null : node.OptionalInput(1);

    private static void InferMask(Node node, Value input, InferenceContext context)
    {
        if (node.OptionalOutput(1) is not { } mask)
        {
            return;
        }

        var type = new TensorType(node.Version < 10 ? input.ElementType : ElementType.Boolean, input.Shape);
        if (Trains(node) == false && type.Shape.IsStatic && ConstantMoves.Broadcast(Folding.ScalarConstant(MaskElement(node), type.ElementType), type.Shape) is { } elements)
        {
            context.SetConstant(mask, elements);
        }
        else
        {
            context.SetType(mask, type);
        }
    }

    private static int MaskElement(Node node) => node.Version < 12 ? 0 : 1;
}

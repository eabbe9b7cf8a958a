using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Passes;

namespace Cameo.Generator.Operators;

/// <summary>
/// Range: https://onnx.ai/onnx/operators/onnx__Range.html, and Range of com.microsoft, whose delta is 1 by default
/// (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md). Start, limit and delta are constants, or expressions over the model's dimensions and integers that a run brings or
/// computes, converted ones too; where they are other numbers that a run brings, a kernel tells how many there are. All types of numbers; 16-bit floating-point ones by way of float32.
/// </summary>
internal sealed class RangeOperator : Operator
{
    /// <summary>Longer ranges are computed when the model runs, so that generated code stays small.</summary>
    private const int MaximumKnownElements = 1024;

    public static readonly IReadOnlyList<Operator> All = [new RangeOperator("", [11, 27]), new RangeOperator(PointwiseFunction.MicrosoftDomain, [1])];

    private RangeOperator(string domain, int[] versions)
    {
        Domain = domain;
        Versions = versions;
    }

    public override string Domain { get; }

    public override string Type => "Range";

    public override IReadOnlyList<int> Versions { get; }

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Numeric.Require(node, 0);
        ElementTypeSet.RequireEqual(node, 0, 1);
        if (HasDelta(node))
        {
            ElementTypeSet.RequireEqual(node, 0, 2);
        }

        bool isFloat = node.Input(0).ElementType.IsFloat();
        if (isFloat && Enumerable.Range(0, 3).All(input => TryReadConstant(node, input) is not null))
        {
            InferFloats(node, context);
            return;
        }

        if (IsData(node, context))
        {
            context.SetType(node.Output, new TensorType(node.Input(0).ElementType, new Shape([context.DataSize(node, "count")])));
            return;
        }

        Dimension start = Single(node, 0, "start");
        Dimension delta = Single(node, 2, "delta");
        Dimension count = Count(node, start, Single(node, 1, "limit"), delta, context);
        var type = new TensorType(node.Input(0).ElementType, new Shape([count]));
        if (!isFloat && count.Value is <= MaximumKnownElements)
        {
            context.SetElements(node.Output, type, [.. Enumerable.Range(0, (int)count.Constant).Select(index => start + index * delta)]);
        }
        else
        {
            context.SetType(node.Output, type);
        }
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        if (node.Output.ElementType is not (ElementType.Float16 or ElementType.BFloat16))
        {
            return false;
        }

        var formula = new Formula(context);
        Node wide = context.AddCopy(node, [.. node.Inputs.Select(input => input is null ? null : formula.Widen(input))]);
        context.Replace(node.Output, formula.Cast(wide.Output, node.Output.ElementType));
        return true;
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View output = context.Write(node.Output);
        string type = KernelText.TypeName(node, node.Output.ElementType);
        bool isData = DataSizes.Find(node, "count") is { } told && node.Output.Shape[0].AsSymbol() == told;
        View?[] bounds = [.. Enumerable.Range(0, 3).Select(input => isData && (input < 2 || HasDelta(node)) && TryReadConstant(node, input) is null ? context.ReadContiguous(node.Input(input)) : null)];
        string Bound(KernelWriter writer, int input, string what) => bounds[input] is { } bound ? $"*{writer.Pointer(bound)}"
            : (node.Output.ElementType.IsFloat() || isData) && TryReadConstant(node, input) is { } known ? $"({type})({KernelText.Number(known, node.Output.ElementType)})"
            : $"({type})({writer.Size(Single(node, input, what))})";
        View[] reads = [.. bounds.OfType<View>()];
        if (isData)
        {
            context.Add(new Kernel("count", node, reads, [], writer => writer.SetSize(
                DataSizes.Of(node, "count"), $"Ranges.Count({Bound(writer, 0, "start")}, {Bound(writer, 1, "limit")}, {Bound(writer, 2, "delta")}, {KernelText.Name(node)})"))
            {
                Sizes = DataSizes.Names(node),
            });
        }

        context.Add(new Kernel("range", node, reads, [output], writer => writer.Line(
            $"Ranges.Fill(({type}*)({writer.Pointer(output)}), {Bound(writer, 0, "start")}, {Bound(writer, 2, "delta")}, {writer.Size(node.Output.Shape[0])});")));
    }

    /// <summary>Whether the numbers are a run's and nothing makes expressions of them, so that only a kernel can tell how many there are.</summary>
    private static bool IsData(Node node, InferenceContext context)
    {
        int[] unknown = [.. Enumerable.Range(0, HasDelta(node) ? 3 : 2).Where(input => TryReadConstant(node, input) is null && node.Input(input).Elements is null)];
        ElementType type = node.Input(0).ElementType;
        if (unknown.Length == 0 && !type.IsFloat() && node.Inputs.All(input => input?.Elements is not null) || type is ElementType.Int32 or ElementType.Int64)
        {
            return false;
        }

        foreach (int input in unknown)
        {
            if (node.Input(input).Shape.ElementCount.Value is not 1)
            {
                throw new ModelException(node, $"input {input} is {node.Input(input).Type} and not one number");
            }
        }

        // Sizes and integers that were converted are expressions, once their elements are known.
        if (RunTimeSizes.Demand(context.Model, node))
        {
            context.NeedsAnotherRound = true;
        }

        return !Enumerable.Range(0, 3).All(input => TrySingle(node, input, out _));
    }

    private static bool HasDelta(Node node) => node.Domain.Length == 0 || node.OptionalInput(2) is not null;

    /// <summary>How many numbers there are; runs whose delta is 0 are refused.</summary>
    private static Dimension Count(Node node, Dimension start, Dimension limit, Dimension delta, InferenceContext context)
    {
        if (delta.Value == 0)
        {
            throw new ModelException(node, "delta is 0");
        }

        if (!delta.IsStatic)
        {
            context.RequireNonzero(delta, $"the delta {delta} of {node}");
        }

        // 1 upwards, -1 downwards.
        Dimension sign = delta.Value is { } known ? Dimension.Of(Math.Sign(known)) : 2 * SymbolicMath.Clamp(delta, Dimension.Zero, Dimension.One, context.Symbols) - 1;
        return SymbolicMath.Maximum(Dimension.CeilingDivide((limit - start) * sign, delta * sign), Dimension.Zero, context.Symbols);
    }

    private static void InferFloats(Node node, InferenceContext context)
    {
        double start = ReadConstant(node, 0);
        double limit = ReadConstant(node, 1);
        double delta = ReadConstant(node, 2);
        double count = Math.Max(0, Math.Ceiling((limit - start) / delta));
        if (delta == 0 || double.IsNaN(count) || count > int.MaxValue)
        {
            throw new ModelException(node, $"a range from {start} to {limit} by {delta} has no length");
        }

        var type = new TensorType(node.Input(0).ElementType, Shape.Of((long)count));
        if (count <= MaximumKnownElements)
        {
            context.SetConstant(node.Output, Folding.FromElements([.. Enumerable.Range(0, (int)count).Select(index => ElementEvaluator.Round(type.ElementType, start + index * delta, 0))], type));
        }
        else
        {
            context.SetType(node.Output, type);
        }
    }

    private static double ReadConstant(Node node, int input) => TryReadConstant(node, input) ?? throw new InvalidOperationException($"Input {input} of {node} is no constant.");

    private static double? TryReadConstant(Node node, int input) => input == 2 && !HasDelta(node) ? 1 : ConstantElements.TryReadScalar(node.Input(input).Constant);

    /// <summary>A bound as an expression.</summary>
    private static Dimension Single(Node node, int input, string what) => TrySingle(node, input, out Dimension? element) ? element!
        : node.Input(input).Elements is not null ? throw new ModelException(node, $"{what} must be a scalar")
        : throw ModelException.Unsupported(node, $"{what} (input {input}, '{node.Input(input).Name}') is computed at run time from data");

    /// <summary>A bound as an expression, where it is an integer or was one before a conversion.</summary>
    private static bool TrySingle(Node node, int input, out Dimension? element)
    {
        element = Dimension.One;
        if (input == 2 && !HasDelta(node))
        {
            return true;
        }

        Value value = node.Input(input);
        if (value.ElementType is ElementType.Float32 or ElementType.Float64)
        {
            if (TryReadConstant(node, input) is { } number && Math.Abs(number) <= 1L << 53 && Math.Floor(number) == number)
            {
                element = Dimension.Of((long)number);
                return true;
            }

            // One conversion only: a chain may have rounded or cut the number on its way.
            if (value.Producer is { Type: "Cast", Domain: "" } cast && value.Elements is null)
            {
                value = cast.Input(0);
            }
        }

        element = value.Elements is [var single] ? single : null;
        return element is not null;
    }
}

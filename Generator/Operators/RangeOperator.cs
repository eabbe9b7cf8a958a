using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Range: https://onnx.ai/onnx/operators/onnx__Range.html, and Range of com.microsoft, whose delta is 1 by default
/// (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md). Start, limit and delta are expressions over the model's dimensions and the elements of small integer
/// inputs, converted ones too; other floating-point numbers must be constants.
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

    public override void Lower(Node node, LoweringContext context)
    {
        View output = context.Write(node.Output);
        string type = KernelText.TypeName(node, node.Output.ElementType);
        context.Add(new Kernel("range", node, [], [output], writer =>
        {
            string Bound(int input, string what) => node.Output.ElementType.IsFloat() && TryReadConstant(node, input) is { } known
                ? KernelText.Number(known, node.Output.ElementType)
                : writer.Size(Single(node, input, what));
            writer.Line($"Ranges.Fill(({type}*)({writer.Pointer(output)}), ({type})({Bound(0, "start")}), ({type})({Bound(2, "delta")}), {writer.Size(node.Output.Shape[0])});");
        }));
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

    /// <summary>A bound as an expression, where it is an integer or was one before a conversion.</summary>
    private static Dimension Single(Node node, int input, string what)
    {
        if (input == 2 && !HasDelta(node))
        {
            return Dimension.One;
        }

        Value value = node.Input(input);
        if (value.ElementType is ElementType.Float32 or ElementType.Float64)
        {
            if (TryReadConstant(node, input) is { } number && Math.Abs(number) <= 1L << 53 && Math.Floor(number) == number)
            {
                return Dimension.Of((long)number);
            }

            // One conversion only: a chain may have rounded or cut the number on its way.
            if (value.Producer is { Type: "Cast", Domain: "" } cast && value.Elements is null)
            {
                value = cast.Input(0);
            }
        }

        return value.Elements is not { } elements ? throw ModelException.Unsupported(node, $"{what} (input {input}, '{node.Input(input).Name}') is computed at run time from data")
            : elements is [var element] ? element
            : throw new ModelException(node, $"{what} must be a scalar");
    }
}

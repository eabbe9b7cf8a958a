using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// The compiler's own TextCast: what Cast does between strings and the widest type of each kind of number; a Cast between numbers does the rest. Numbers become the shortest text
/// that tells them apart, as ONNX's reference writes them ("1.0", "1e-05"); texts are plain or scientific numbers, NaN, INF, -INF.
/// </summary>
internal sealed class TextCastOperator : Operator
{
    public const string Name = OperatorRegistry.InternalDomain + ".TextCast";

    public static readonly IReadOnlyList<Operator> All = [new TextCastOperator()];

    public override string Domain => OperatorRegistry.InternalDomain;

    public override string Type => "TextCast";

    public override IReadOnlyList<int> Versions => [1];

    /// <summary>Refuses a conversion between strings and what are no numbers.</summary>
    public static void RequireConvertible(Node node, ElementType from, ElementType to)
    {
        ElementType other = from == ElementType.String ? to : from;
        if (other != ElementType.String && !other.IsSmallFloat() && !QuantizedConstants.IsPacked(other) && !ElementTypeSet.NumericOrBoolean.Contains(other))
        {
            throw ModelException.Unsupported(node, $"a conversion from {from.OnnxName()} to {to.OnnxName()} is not supported");
        }
    }

    /// <summary>A conversion to or from strings; <paramref name="conversion"/> holds the attributes of a Cast between numbers.</summary>
    public static Value Write(Value input, ElementType target, (string Name, object Value)[] conversion, ExpansionContext context)
    {
        if (target == ElementType.String)
        {
            ElementType wide = input.ElementType == ElementType.Float16 ? ElementType.Float16 : Widest(input.ElementType);
            // A float32 has fewer digits than the same number as float64.
            wide = wide == ElementType.Float64 && input.ElementType != ElementType.Float64 ? ElementType.Float32 : wide;
            return context.Add(Name, [("to", (long)ElementType.String)], new Formula(context).Cast(input, wide));
        }

        ElementType read = target == ElementType.Float32 || target.IsSmallFloat() || target == ElementType.BFloat16 ? ElementType.Float32 : Widest(target);
        Value numbers = context.Add(Name, [("to", (long)read)], input);
        return read == target ? numbers : context.Add("Cast", [("to", (long)target), .. conversion], numbers);
    }

    public override void Infer(Node node, InferenceContext context) =>
        context.SetType(node.Output, new TensorType((ElementType)node.IntegerAttribute("to", 0), node.Input(0).Shape));

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        View to = context.Write(node.Output);
        bool writes = node.Output.ElementType == ElementType.String;
        context.Add(new Kernel("text", node, [from], [to], writer => writer.Line(
            $"TextConversion.{(writes ? "Write" : "Read")}(Texts, {writer.Pointer(from)}, {writer.Size(from.Shape.ElementCount)}, {writer.Pointer(to)}{(writes ? "" : $", {KernelText.Name(node)}")});"))
        {
            NeedsSession = true,
            Summary = $"{from.ElementType.OnnxName()} to {to.ElementType.OnnxName()}",
        });
    }

    private static ElementType Widest(ElementType type) => type == ElementType.Boolean || type == ElementType.UInt64 ? type
        : type.IsInteger() || type is ElementType.Int4 or ElementType.UInt4 or ElementType.Int2 or ElementType.UInt2 ? ElementType.Int64
        : ElementType.Float64;
}

using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Cast and CastLike: https://onnx.ai/onnx/operators/onnx__Cast.html and https://onnx.ai/onnx/operators/onnx__CastLike.html. Version 1 names the target type
/// with a string, version 6 with a number; the later versions add bfloat16, 8-, 4- and 2-bit types and the attributes <c>saturate</c> and <c>round_mode</c>
/// for float8. Strings are converted by a kernel of their own (<see cref="TextCastOperator"/>). Floating-point numbers are truncated towards zero when they become integers, and rounded to the nearest number when they become narrower
/// ones, ties to even; float8 takes its largest number for what is larger unless <c>saturate</c> is 0.
/// </summary>
internal sealed class CastOperators : PointwiseOperator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new CastOperators("Cast", [1, 6, 9, 13, 19, 21, 23, 24, 25]),
        new CastOperators("CastLike", [15, 19, 21, 23, 24, 25]),
    ];

    private CastOperators(string type, int[] versions)
    {
        Type = type;
        Versions = versions;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    public override void Infer(Node node, InferenceContext context)
    {
        Value input = node.Input(0);
        ElementType target = Target(node);
        if (input.ElementType == target && input.Constant is { } unchanged)
        {
            context.SetConstant(node.Output, unchanged);
            return;
        }

        if (input.ElementType == ElementType.String || target == ElementType.String)
        {
            TextCastOperator.RequireConvertible(node, input.ElementType, target);
            context.SetType(node.Output, new TensorType(target, input.Shape));
            return;
        }

        if (QuantizedConstants.IsPacked(input.ElementType) && input.Constant is InlineConstant { Count: <= Folding.MaximumElements } small && ElementTypeSet.Numeric.Contains(target))
        {
            context.SetConstant(node.Output, QuantizedConstants.Convert(small, target));
            return;
        }

        // Packing converts constants of less than a byte and of float8 too.
        bool isPacked = input.Constant is not null && (QuantizedConstants.IsPacked(input.ElementType) || input.ElementType.IsSmallFloat());
        bool convertible = IsConvertible(input.ElementType) && IsConvertible(target) && !(isPacked && target.IsSmallFloat());
        if (!convertible && input.ElementType != target)
        {
            throw ModelException.Unsupported(node, $"a conversion from {input.ElementType.OnnxName()} to {target.OnnxName()} is not supported");
        }

        var type = new TensorType(target, input.Shape);
        if (isPacked || (ConstantMoves.IsLarge(input.Constant) && !target.IsSmallFloat()))
        {
            context.SetConstant(node.Output, new WeightConstant(type, new WeightCast(ConstantMoves.ToExpression(input.Constant!), target)));
            return;
        }

        // Only the converted input counts: CastLike's second one lends its type.
        context.SetType(node.Output, type);
        PointwiseFolding.Fold(node, Express(node, [new InputExpression(0, input.ElementType)]), context);
    }

    public override Expression Express(Node node, IReadOnlyList<Expression?> inputs)
    {
        ElementType target = Target(node);
        Expression input = inputs[0]!;
        if (!target.IsSmallFloat() || input.Type == target || target == ElementType.Float4E2M1)
        {
            return Expression.Convert(input, target);
        }

        bool saturates = node.IntegerAttribute("saturate", 1) != 0;
        string rounding = target == ElementType.Float8E8M0 ? node.StringAttribute("round_mode", "up") : "up";
        return (rounding, saturates) switch
        {
            ("up", true) => Expression.Convert(input, target),
            ("up", false) => Converted(ElementOperation.ConvertUnsaturated),
            ("down", _) => Converted(ElementOperation.ConvertDown),
            ("nearest", true) => Converted(ElementOperation.ConvertNearest),
            _ => throw ModelException.Unsupported(node, $"round_mode '{rounding}' with saturate {(saturates ? 1 : 0)} is not supported"),
        };

        OperationExpression Converted(ElementOperation operation) => new(operation, target, [Expression.Convert(input, ElementType.Float32)]);
    }

    /// <summary>CastLike becomes Cast, so that its second input is not needed at run time; a conversion to the type that the input has is none.</summary>
    public override bool Normalize(Node node, ExpansionContext context)
    {
        ElementType target = Target(node);
        bool isNone = target == node.Input(0).ElementType;
        if (!isNone && (target == ElementType.String || node.Input(0).ElementType == ElementType.String))
        {
            context.Replace(node.Output, TextCastOperator.Write(node.Input(0), target, [.. Conversion(node)], context));
            return true;
        }

        if (!isNone && Type == "Cast")
        {
            return false;
        }

        context.Replace(node.Output, isNone ? node.Input(0) : context.Add("Cast", [("to", (long)target), .. Conversion(node)], node.Input(0)));
        return true;
    }

    public override bool Expand(Node node, ExpansionContext context) => (Type == "CastLike" || node.Output.ElementType == ElementType.String || node.Input(0).ElementType == ElementType.String) && Normalize(node, context);

    /// <summary>The attributes that say how numbers become float8.</summary>
    private static IEnumerable<(string Name, object Value)> Conversion(Node node) => node.Attributes.Values
        .Where(attribute => attribute.Name is "saturate" or "round_mode").Select(attribute => (attribute.Name, attribute.Value));

    private static bool IsConvertible(ElementType type) => QuantizedConstants.IsPacked(type) || type.IsSmallFloat() || ElementTypeSet.NumericOrBoolean.Contains(type);

    private ElementType Target(Node node)
    {
        ElementType target = Type == "CastLike" ? node.Input(1).ElementType
            : node.Version < 6 ? TargetByName(node)
            : (ElementType)node.IntegerAttribute("to", 0);
        return target switch
        {
            ElementType.Undefined => throw new ModelException(node, "attribute 'to' is missing"),
            _ when !Enum.IsDefined(typeof(ElementType), target) => throw new ModelException(node, $"attribute 'to' is {(int)target}, which is no element type"),
            _ => target,
        };
    }

    private static ElementType TargetByName(Node node) => node.StringAttribute("to", "") switch
    {
        "FLOAT" => ElementType.Float32,
        "DOUBLE" => ElementType.Float64,
        "FLOAT16" => ElementType.Float16,
        "BOOL" => ElementType.Boolean,
        "STRING" => ElementType.String,
        string name when Enum.TryParse(name, ignoreCase: true, out ElementType type) && type.IsInteger() => type,
        string name => throw new ModelException(node, $"attribute 'to' is '{name}', which is no element type"),
    };
}

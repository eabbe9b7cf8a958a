using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// A pointwise operator given as a function. All inputs have the same element type, one of <paramref name="types"/>. Formulas of 16-bit
/// floating-point inputs are computed in float32 and rounded once at the end.
/// </summary>
/// <param name="type">The operator's name in ONNX.</param>
/// <param name="versions">Opset versions; see <see cref="Operator.Versions"/>.</param>
/// <param name="types">Element types of the inputs.</param>
/// <param name="inputs">How many inputs it must have.</param>
/// <param name="express">The output element for a node and its input elements.</param>
/// <param name="domain">The operator's domain.</param>
internal sealed class PointwiseFunction(
    string type,
    IReadOnlyList<int> versions,
    ElementTypeSet types,
    int inputs,
    Func<Node, IReadOnlyList<Expression?>, Expression> express,
    string domain = "") : PointwiseOperator
{
    public const string MicrosoftDomain = "com.microsoft";

    /// <summary>The function in terms of canonical operators, for those that are another name for one; see <see cref="Operator.Normalize"/>.</summary>
    public Func<Node, ExpansionContext, Value>? Canonical { get; init; }

    /// <summary>Checks what is asked of the shapes beside that they broadcast; null for nothing.</summary>
    public Action<Node, InferenceContext>? CheckShapes { get; init; }

    /// <summary>Other element types of a single input, which are computed as float32; null for none.</summary>
    public Func<ElementType, bool>? TakesAsFloat { get; init; }

    /// <summary>The result's element type of these; undefined for the input's.</summary>
    public ElementType ResultOfOthers { get; init; }

    public override string Domain => domain;

    public override string Type => type;

    public override IReadOnlyList<int> Versions => versions;

    /// <summary>A function of one input.</summary>
    public static PointwiseFunction Unary(string type, IReadOnlyList<int> versions, ElementTypeSet types, Func<Node, Expression, Expression> express, string domain = "") =>
        new(type, versions, types, 1, (node, inputs) => express(node, inputs[0]!), domain);

    /// <summary>A function of two inputs.</summary>
    public static PointwiseFunction Binary(string type, IReadOnlyList<int> versions, ElementTypeSet types, Func<Node, Expression, Expression, Expression> express, string domain = "") =>
        new(type, versions, types, 2, (node, inputs) => express(node, inputs[0]!, inputs[1]!), domain);

    public override void Infer(Node node, InferenceContext context)
    {
        if (IsOther(node))
        {
            ElementType result = ResultOfOthers == ElementType.Undefined ? node.Input(0).ElementType : ResultOfOthers;
            context.SetType(node.Output, new TensorType(result, node.Input(0).Shape));
            return;
        }

        for (int input = 0; input < Math.Max(node.Inputs.Count, inputs); input++)
        {
            if (input >= inputs && node.OptionalInput(input) is null)
            {
                continue;
            }

            types.Require(node, input);
            ElementTypeSet.RequireEqual(node, 0, input);
        }

        CheckShapes?.Invoke(node, context);
        base.Infer(node, context);
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        if (IsOther(node))
        {
            var formula = new Formula(context);
            context.Replace(node.Output, formula.Cast(context.AddCopy(node, formula.Cast(node.Input(0), ElementType.Float32)).Output, node.Output.ElementType));
            return true;
        }

        if (Canonical is null)
        {
            return false;
        }

        context.Replace(node.Output, Canonical(node, context));
        return true;
    }

    public override Expression Express(Node node, IReadOnlyList<Expression?> inputs) => InFloat32(inputs, wide => express(node, wide));

    /// <summary>Applies a formula to inputs of which the 16-bit floating-point ones are widened to float32; a float32 result then becomes 16 bits again.</summary>
    public static Expression InFloat32(IReadOnlyList<Expression?> inputs, Func<IReadOnlyList<Expression?>, Expression> express)
    {
        ElementType type = inputs.FirstOrDefault(input => input is not null && IsNarrow(input.Type))?.Type ?? ElementType.Undefined;
        if (type == ElementType.Undefined)
        {
            return express(inputs);
        }

        Expression result = express([.. inputs.Select(input => input is not null && IsNarrow(input.Type) ? Expression.Convert(input, ElementType.Float32) : input)]);
        return result.Type == ElementType.Float32 ? Expression.Convert(result, type) : result;
    }

    private bool IsOther(Node node) => TakesAsFloat is not null && !types.Contains(node.Input(0).ElementType) && TakesAsFloat(node.Input(0).ElementType);

    private static bool IsNarrow(ElementType type) => type is ElementType.Float16 or ElementType.BFloat16;
}

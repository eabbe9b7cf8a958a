using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Gemm: https://onnx.ai/onnx/operators/onnx__Gemm.html. alpha · A' · B' + beta · C becomes Transpose, MatMul, Mul and Add, which fuse again into one kernel. C broadcasts
/// to the result (before version 7 only where the attribute <c>broadcast</c> allows it) and is optional from version 11 on.
/// </summary>
internal sealed class GemmOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new GemmOperator()];

    public override string Type => "Gemm";

    public override IReadOnlyList<int> Versions => [1, 6, 7, 9, 11, 13];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Numeric.Require(node, 0);
        ElementTypeSet.RequireEqual(node, 0, 1);
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, ResultShape(node, context)));
    }

    /// <summary>The result's shape, after checks of the operands.</summary>
    public static Shape ResultShape(Node node, InferenceContext context)
    {
        Shape a = Matrix(node, 0, "transA");
        Shape b = Matrix(node, 1, "transB");
        if ((a[1] - b[0]).Value is { } difference && difference != 0)
        {
            throw ModelException.Contradiction(node, $"matrices of {a} and {b} cannot be multiplied");
        }

        context.RequireEqual(node, a[1], b[0], "the columns and the rows");
        var shape = new Shape([a[0], b[1]]);
        if (node.OptionalInput(2) is { } c)
        {
            ElementTypeSet.RequireEqual(node, 0, 2);
            if (!ShapeMath.BroadcastsTo(node, c.Shape, shape, context))
            {
                throw ModelException.Contradiction(node, $"C of shape {c.Shape} does not broadcast to {shape}");
            }
        }
        else if (node.Version < 11)
        {
            node.Input(2);
        }

        return shape;
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value a = node.IntegerAttribute("transA", 0) != 0 ? formula.Transpose(node.Input(0), 1, 0) : node.Input(0);
        Value b = node.IntegerAttribute("transB", 0) != 0 ? formula.Transpose(node.Input(1), 1, 0) : node.Input(1);
        Value result = Scaled(formula, context.Add("MatMul", a, b), node.FloatAttribute("alpha", 1));
        float beta = node.FloatAttribute("beta", 1);
        if (node.OptionalInput(2) is { } c && beta != 0)
        {
            result = formula.Add(result, Scaled(formula, c, beta));
        }

        context.Replace(node.Output, result);
        return true;
    }

    private static Value Scaled(Formula formula, Value x, float factor)
    {
        if (factor == 1)
        {
            return x;
        }

        // Factors are floating-point numbers even where the matrices are integers.
        Value wide = x.ElementType.IsInteger() ? formula.Cast(x, ElementType.Float64) : x;
        return formula.Cast(formula.Multiply(wide, formula.Number(factor, wide)), x.ElementType);
    }

    private static Shape Matrix(Node node, int input, string transposed)
    {
        Shape shape = node.Input(input).Shape;
        if (shape.Rank != 2)
        {
            throw new ModelException(node, $"input {input} must be a matrix but has shape {shape}");
        }

        return node.IntegerAttribute(transposed, 0) != 0 ? new Shape([shape[1], shape[0]]) : shape;
    }
}

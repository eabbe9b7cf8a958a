using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// FusedMatMul and its older name TransposeMatMul of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.FusedMatMul.
/// alpha · A' · B'. <c>transBatchA</c> and <c>transBatchB</c> first move the first axis of an operand with batch axes before its last one, then <c>transA</c> and <c>transB</c> swap
/// the last two axes.
/// </summary>
internal sealed class FusedMatMulOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new FusedMatMulOperator("FusedMatMul"), new FusedMatMulOperator("TransposeMatMul")];

    private FusedMatMulOperator(string type) => Type = type;

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [1];

    /// <summary>The result's type; runs whose sizes do not fit are refused.</summary>
    public static TensorType ResultType(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        ElementTypeSet.RequireEqual(node, 0, 1);
        Shape Operand(int input) => new([.. Permutation(node, input).Select(axis => node.Input(input).Shape[axis])]);
        return new TensorType(node.Input(0).ElementType, MatMulOperator.ResultShape(node, Operand(0), Operand(1), context));
    }

    public override void Infer(Node node, InferenceContext context) => context.SetType(node.Output, ResultType(node, context));

    /// <summary>With batches moved it becomes transpositions and a product, which recognition follows.</summary>
    public override bool Normalize(Node node, ExpansionContext context) =>
        (node.IntegerAttribute("transBatchA", 0) != 0 || node.IntegerAttribute("transBatchB", 0) != 0) && Expand(node, context);

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value Operand(int input) => Permutation(node, input) is var axes && axes.SequenceEqual(axes.OrderBy(axis => axis)) ? node.Input(input) : formula.Transpose(node.Input(input), axes);
        Value product = context.Add("MatMul", Operand(0), Operand(1));
        float alpha = node.FloatAttribute("alpha", 1);
        context.Replace(node.Output, alpha == 1 ? product : formula.Multiply(product, formula.Number(alpha, product)));
        return true;
    }

    /// <summary>The axes of an operand in the order in which they are multiplied.</summary>
    private static int[] Permutation(Node node, int input)
    {
        string suffix = input == 0 ? "A" : "B";
        int[] axes = [.. Enumerable.Range(0, node.Input(input).Shape.Rank)];
        if (axes.Length > 2 && node.IntegerAttribute("transBatch" + suffix, 0) != 0)
        {
            axes = [.. axes.Skip(1).Take(axes.Length - 2), 0, axes.Length - 1];
        }

        return axes.Length > 1 && node.IntegerAttribute("trans" + suffix, 0) != 0 ? [.. axes.Take(axes.Length - 2), axes[^1], axes[^2]] : axes;
    }
}

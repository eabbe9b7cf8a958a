using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>Transpose: https://onnx.ai/onnx/operators/onnx__Transpose.html. A view. Without <c>perm</c> the axes are reversed; versions from 13 on add element types.</summary>
internal sealed class TransposeOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new TransposeOperator()];

    public override string Type => "Transpose";

    public override IReadOnlyList<int> Versions => [1, 13, 21, 23, 24, 25];

    /// <summary>Axis <c>i</c> of the result is axis <c>Permutation[i]</c> of the input.</summary>
    public static IReadOnlyList<int> Permutation(Node node)
    {
        int rank = node.Input(0).Shape.Rank;
        if (node.IntegersAttribute("perm") is not { } permutation)
        {
            return [.. Enumerable.Range(0, rank).Reverse()];
        }

        int[] axes = [.. permutation.Select(axis => ShapeMath.Axis(node, axis, rank))];
        if (axes.Length != rank || axes.Distinct().Count() != rank)
        {
            throw new ModelException(node, $"attribute 'perm' [{string.Join(", ", permutation)}] is no permutation of {rank} axes");
        }

        return axes;
    }

    public override void Infer(Node node, InferenceContext context)
    {
        Value input = node.Input(0);
        IReadOnlyList<int> permutation = Permutation(node);
        if (input.Constant is { } constant)
        {
            context.SetConstant(node.Output, ConstantMoves.Transpose(constant, permutation));
        }
        else if (input.Elements is { } elements)
        {
            context.SetElements(node.Output, input.RequiredType, elements);
        }
        else
        {
            context.SetType(node.Output, new TensorType(input.ElementType, new Shape([.. permutation.Select(axis => input.Shape[axis])])));
        }
    }

    public override void Lower(Node node, LoweringContext context) => context.SetView(node.Output, context.Read(node.Input(0)).Permute(Permutation(node)));
}

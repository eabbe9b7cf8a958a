using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>The two layouts of attention's operands as one: [batch, sequence, heads, head size], by strides.</summary>
internal static class AttentionViews
{
    /// <summary>A view [batch, sequence, heads · size] or [batch, heads, sequence, size] as [batch, sequence, heads, size] with dense heads.</summary>
    public static View ByHead(View view, Dimension heads, Dimension headSize, LoweringContext context, Node node)
    {
        if (view.Rank == 4)
        {
            View permuted = view.Permute([0, 2, 1, 3]);
            return IsDense(permuted) ? permuted : context.MakeContiguous(view, node).Permute([0, 2, 1, 3]);
        }

        var shape = new Shape([view.Shape[0], view.Shape[1], heads, headSize]);
        View? split = view.Reshape(shape);
        return split is not null && IsDense(split) ? split : context.MakeContiguous(view, node).Reshape(shape)!;
    }

    private static bool IsDense(View view) => view.Strides[3] == Dimension.One || view.Shape[3].Value == 1;
}

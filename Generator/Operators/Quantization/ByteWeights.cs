using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Constant 8-bit weights of integer products as the kernels take them: signed, so that unsigned ones and their zero points are stored minus 128.
/// </summary>
internal sealed class ByteWeights(Node node, LoweringContext context)
{
    private readonly Value _weights = node.Input(1);
    private readonly Value? _zeros = node.OptionalInput(3);

    private int Offset => _weights.ElementType == ElementType.UInt8 ? -128 : 0;

    /// <summary>Whether weights and zero points are constant and of types that the kernels take; <paramref name="columns"/> counts zero points where there is more than one.</summary>
    public static bool IsSupported(Node node, Dimension columns) =>
        IsByte(node.Input(0)) && IsByte(node.Input(1)) && node.Input(1).IsConstant
        && (node.OptionalInput(3) is not { } zeros || (zeros.IsConstant && zeros.ElementType == node.Input(1).ElementType && zeros.Shape.ElementCount.Value is { } count && (count == 1 || count == columns.Value)))
        && (node.OptionalInput(2) is not { } zero || (zero.ElementType == node.Input(0).ElementType && zero.Shape.ElementCount.Value is not null));

    /// <summary>The weights as signed bytes, in their own order.</summary>
    public WeightExpression Signed() => Signed(context.TryGetWeight(_weights)!);

    /// <summary>Words of panels, from a stack of matrices [batch, depth, columns] over <see cref="Signed()"/>.</summary>
    public View Words(WeightExpression matrices, int width) => context.AddWeight($"{_weights.Name} (words)", new WeightWords(matrices, 8, width));

    /// <summary>Sums of the stored columns, computed once at load.</summary>
    public View Sums(View words, long batch, long columns, long depth, int width)
    {
        View sums = context.Scratch(node, ElementType.Int32, Shape.Of(batch * ((columns + width - 1) / width) * width));
        context.Add(new Kernel("pack", node, [words], [sums], writer => writer.Line(
            $"IntegerMatrixMultiply.ColumnSums({writer.Pointer(words)}, {batch}, {columns}, {depth}, {width}, {writer.Pointer(sums)});")));
        return sums;
    }

    /// <summary>A stored zero point for each column, and zeros to a whole panel; null where all are 0.</summary>
    public View? ZeroPoints(long columns, int width)
    {
        WeightExpression? zeros = _zeros is null ? (Offset == 0 ? null : new WeightFill([0], ElementType.UInt8, [1])) : context.TryGetWeight(_zeros)!;
        byte? uniform = zeros switch
        {
            WeightBytes { Data: var data } when data.Length > 0 && data.All(element => element == data[0]) => data[0],
            WeightFill fill => fill.Element[0],
            _ => null,
        };
        if (zeros is null || (uniform is { } all && unchecked((byte)(all + Offset)) == 0))
        {
            return null;
        }

        WeightExpression stored = uniform is { } element
            ? new WeightFill([unchecked((byte)(element + Offset))], ElementType.Int8, [columns])
            : Signed(zeros);
        return context.AddWeight($"{_weights.Name} (zero points)", new WeightPanels(new WeightReshape(stored, [1, 1, columns]), width));
    }

    /// <summary>The zero point of the activations; null where it is 0.</summary>
    public View? LeftZeroPoint() =>
        node.OptionalInput(2) is not { } zero || (zero.Constant is InlineConstant inline && inline.Data.All(element => element == 0)) ? null : context.ReadContiguous(zero);

    private WeightExpression Signed(WeightExpression expression) => Offset == 0 ? expression : new WeightOffset(expression, Offset, ElementType.Int8);

    private static bool IsByte(Value value) => value.ElementType is ElementType.Int8 or ElementType.UInt8;
}

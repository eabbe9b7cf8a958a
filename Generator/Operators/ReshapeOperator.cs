using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Reshape: https://onnx.ai/onnx/operators/onnx__Reshape.html. The shape is an attribute in version 1 and an input from version 5 on, which must be known at
/// build time (as an expression over the model's dimensions). A size of 0 copies the input's, unless <c>allowzero</c> (from 14 on); one -1 takes what is left.
/// </summary>
internal sealed class ReshapeOperator : ReshapingOperator
{
    public static readonly IReadOnlyList<Operator> All = [new ReshapeOperator()];

    public override string Type => "Reshape";

    public override IReadOnlyList<int> Versions => [1, 5, 13, 14, 19, 21, 23, 24, 25];

    protected override Shape ResultShape(Node node, InferenceContext context)
    {
        Shape from = node.Input(0).Shape;
        IReadOnlyList<Dimension> asked = node.Version < 5
            ? [.. (node.IntegersAttribute("shape") ?? throw new ModelException(node, "attribute 'shape' is missing")).Select(Dimension.Of)]
            : context.RequiredElements(node, 1, "the shape");
        bool copiesZeros = node.IntegerAttribute("allowzero", 0) == 0;
        if (asked.Any(context.Symbols.DependsOnElements))
        {
            return Resolve(node, from, asked, copiesZeros, context);
        }

        var sizes = new Dimension[asked.Count];
        int inferred = -1;
        for (int axis = 0; axis < sizes.Length; axis++)
        {
            sizes[axis] = asked[axis];
            if (asked[axis].Value == 0 && copiesZeros)
            {
                sizes[axis] = axis < from.Rank ? from[axis] : throw new ModelException(node, $"size 0 at axis {axis} copies an axis that {from} does not have");
            }
            else if (asked[axis].Value == -1)
            {
                inferred = inferred < 0 ? axis : throw new ModelException(node, "the shape has more than one -1");
            }
            else if (asked[axis].Value < 0)
            {
                throw new ModelException(node, $"the shape has the size {asked[axis]}");
            }
        }

        if (inferred >= 0)
        {
            sizes[inferred] = Rest(node, from, sizes, inferred);
        }

        var shape = new Shape(sizes);
        if ((from.ElementCount - shape.ElementCount).Value is { } difference && difference != 0)
        {
            throw new ModelException(node, $"{from} cannot be reshaped to {shape}");
        }

        return shape;
    }

    /// <summary>The sizes where the shape is data: 0 and -1 are found when a run begins, and that the elements are as many as before is checked.</summary>
    private static Shape Resolve(Node node, Shape from, IReadOnlyList<Dimension> asked, bool copiesZeros, InferenceContext context)
    {
        SymbolTable symbols = context.Symbols;
        Dimension Truth(Dimension value, bool negative) => negative
            ? SymbolicMath.Minimum(Dimension.One, SymbolicMath.Maximum(Dimension.Zero, -value, symbols), symbols)
            : Dimension.One - SymbolicMath.Minimum(Dimension.One, SymbolicMath.Maximum(value, -value, symbols), symbols);
        Dimension[] sizes = [.. asked.Select((size, axis) => copiesZeros && axis < from.Rank && size.Range(symbols.Range).Minimum <= 0 ? size + Truth(size, false) * from[axis] : size)];

        // With one -1 the product is the negative of what the others make.
        Dimension product = sizes.Aggregate(Dimension.One, (left, right) => left * right);
        Dimension others = SymbolicMath.Maximum(Dimension.One, SymbolicMath.Maximum(product, -product, symbols), symbols);
        Dimension rest = Dimension.FloorDivide(from.ElementCount, others);
        sizes = [.. sizes.Select(size => size.Range(symbols.Range).Minimum < 0 ? size + Truth(size, true) * (rest + 1) : size)];
        var shape = new Shape(sizes);
        context.Require(shape.ElementCount - from.ElementCount, 0, $"elements that {node} would add to {from}");
        return shape;
    }

    /// <summary>The size that a -1 stands for.</summary>
    private static Dimension Rest(Node node, Shape from, Dimension[] sizes, int inferred)
    {
        // Sizes that stay cancel out before dividing, so that sums of symbols need not be divided by each other.
        List<Dimension> numerators = [.. from];
        List<Dimension> denominators = [.. sizes.Where((_, axis) => axis != inferred)];
        foreach (Dimension size in denominators.Where(size => !size.IsStatic).ToArray())
        {
            if (numerators.Remove(size))
            {
                denominators.Remove(size);
            }
        }

        Dimension total = new Shape(numerators).ElementCount;
        Dimension divisor = new Shape(denominators).ElementCount;
        if (divisor.Value == 0)
        {
            throw new ModelException(node, "-1 beside a size of 0 has no value");
        }

        if (total.Value is { } count && divisor.Value is { } known && count % known != 0)
        {
            throw new ModelException(node, $"{from} cannot be divided into [{string.Join(", ", sizes.Select(size => size.ToString()))}]");
        }

        return Dimension.FloorDivide(total, divisor);
    }
}

using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Reshape: https://onnx.ai/onnx/operators/onnx__Reshape.html. The shape is an attribute in version 1 and an input from version 5 on, of which at
/// least the length must be known. A size of 0 copies the input's, unless <c>allowzero</c> (from 14 on); one -1 takes what is left; where numbers of a run may be either, the run tells the sizes.
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
        bool copiesZeros = CopiesZeros(node);
        if (asked.Any(context.Symbols.DependsOnElements))
        {
            return TryResolve(node, from, asked, copiesZeros, context) ?? FromData(node, from, asked, copiesZeros, context);
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

        context.RequireEqual(node, from.ElementCount, shape.ElementCount, "the elements of the input and the result");

        return shape;
    }

    public override void Lower(Node node, LoweringContext context)
    {
        IReadOnlyList<string> told = [.. DataSizes.Names(node).Where(symbol => node.Output.Shape.Any(size => size.AsSymbol() == symbol))];
        if (told.Count > 0)
        {
            Shape from = node.Input(0).Shape, to = node.Output.Shape;
            context.Add(new Kernel("sizes", node, [], [], writer =>
            {
                writer.Line($"Span<long> sizes = stackalloc long[{to.Rank}];");
                writer.Line($"Reshaping.Resolve({KernelText.Sizes(writer, node.Input(1).Elements!)}, {KernelText.Sizes(writer, from)}, {KernelText.Boolean(CopiesZeros(node))}, sizes, {KernelText.Name(node)});");
                for (int axis = 0; axis < to.Rank; axis++)
                {
                    if (told.Contains(to[axis].AsSymbol()))
                    {
                        writer.SetSize(to[axis], $"sizes[{axis}]");
                    }
                }
            })
            {
                Sizes = told,
            });
        }

        base.Lower(node, context);
    }

    private static bool CopiesZeros(Node node) => node.IntegerAttribute("allowzero", 0) == 0;

    /// <summary>The sizes as expressions, where the shape is a few numbers that are inputs of the run; else null.</summary>
    private static Shape? TryResolve(Node node, Shape from, IReadOnlyList<Dimension> asked, bool copiesZeros, InferenceContext context)
    {
        try
        {
            var shape = new Shape(asked);
            return (shape.ElementCount - from.ElementCount).Value == 0 ? shape
                : asked.All(size => context.Symbols.IsKnownAtStart(size)) ? Resolve(node, from, asked, copiesZeros, context)
                : null;
        }
        catch (OverflowException)
        {
            // Too many terms for an expression.
            return null;
        }
    }

    /// <summary>The sizes where only the run can tell what 0 and -1 stand for.</summary>
    private static Shape FromData(Node node, Shape from, IReadOnlyList<Dimension> asked, bool copiesZeros, InferenceContext context) =>
        new([.. asked.Select((size, axis) => size.Range(context.Symbols.Range).Minimum > 0 || (size.Value == 0 && !copiesZeros) ? size
            : size.Value == 0 && axis < from.Rank ? from[axis]
            : context.DataSize(node, $"axis {axis}"))]);

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
            throw ModelException.Contradiction(node, "-1 beside a size of 0 has no value");
        }

        if (total.Value is { } count && divisor.Value is { } known && count % known != 0)
        {
            throw ModelException.Contradiction(node, $"{from} cannot be divided into [{string.Join(", ", sizes.Select(size => size.ToString()))}]");
        }

        return Dimension.FloorDivide(total, divisor);
    }
}

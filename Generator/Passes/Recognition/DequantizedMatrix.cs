using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>The right operand of a matrix product that is a constant of narrow elements: dequantised, transposed and converted on its way, or 16-bit floating-point numbers.</summary>
internal sealed class DequantizedMatrix
{
    private readonly Node? _dequantize;
    private readonly ConstantTensor? _halves;
    private readonly bool _isTransposed;

    private DequantizedMatrix(Node? dequantize, ConstantTensor? halves, bool isTransposed)
    {
        _dequantize = dequantize;
        _halves = halves;
        _isTransposed = isTransposed;
    }

    /// <summary>Whether it is a constant matrix, and no activation.</summary>
    public bool IsConstant => _dequantize?.Input(0).IsConstant ?? true;

    public ElementType ElementType => _dequantize?.Input(0).ElementType ?? _halves!.Type.ElementType;

    /// <summary>Consecutive rows of the matrix that share a scale; null for all of them.</summary>
    private long? BlockSize => _dequantize is { } node && LinearQuantizationOperators.BlockSize(node) is > 0 and var size ? size : null;

    /// <summary>The axis of the constant that is the product's depth.</summary>
    private int DepthAxis => _isTransposed ? 1 : 0;

    /// <summary>Follows the operand back to a constant; null where it is not narrow, and a reason where it nearly is.</summary>
    public static DequantizedMatrix? Find(Value operand, out string? obstacle)
    {
        obstacle = null;
        bool isTransposed = false;
        Value value = operand;
        while (value.Constant is null && value.Producer is { Domain: "" or PointwiseFunction.MicrosoftDomain } producer)
        {
            switch (producer.Type)
            {
                case "Transpose" when value.Shape.Rank == 2:
                    isTransposed ^= (producer.IntegersAttribute("perm") ?? [1, 0])[0] == 1;
                    break;
                case "Cast" when value.ElementType.IsFloat() && producer.Input(0).ElementType.IsFloat():
                    break;
                case "DequantizeLinear":
                    var matrix = new DequantizedMatrix(producer, null, isTransposed);
                    obstacle = matrix.Obstacle();
                    return obstacle is null ? matrix : null;
                default:
                    return null;
            }

            value = producer.Input(0);
        }

        return value.Constant is { } constant && value.Shape.Rank == 2 && Halves(constant) is { } halves ? new DequantizedMatrix(null, halves, isTransposed) : null;
    }

    /// <summary>The matrix [K, N], its scales and zero points [blocks, N] as constants, and the rows of a block.</summary>
    public (Value Weights, Value? Scales, Value? Zeros, long BlockSize) Write(ExpansionContext context)
    {
        var formula = new Formula(context);
        Value constant = _dequantize?.Input(0) ?? context.Graph.AddConstant("weights", _halves!);
        Value weights = _isTransposed ? formula.Transpose(constant, 1, 0) : constant;
        return _dequantize is not { } node
            ? (weights, null, null, weights.Shape[0].Constant)
            : (weights, Parameter(formula.Cast(node.Input(1), ElementType.Float32), context), node.OptionalInput(2) is { } zero ? Parameter(zero, context) : null, BlockSize ?? weights.Shape[0].Constant);
    }

    /// <summary>A 16-bit constant, also where it was converted to float32 at build time.</summary>
    private static ConstantTensor? Halves(ConstantTensor constant) =>
        constant.Type.ElementType is ElementType.Float16 or ElementType.BFloat16 ? constant
        : constant is WeightConstant { Expression: var expression } && BeforeCast(expression) is { } narrow ? new WeightConstant(new TensorType(narrow.ElementType, constant.Type.Shape), narrow)
        : null;

    private static WeightExpression? BeforeCast(WeightExpression expression) => expression switch
    {
        WeightCast { Input.ElementType: ElementType.Float16 or ElementType.BFloat16, ElementType: ElementType.Float32 } cast => cast.Input,
        WeightTranspose transpose => BeforeCast(transpose.Input) is { } input ? new WeightTranspose(input, transpose.Permutation) : null,
        WeightReshape reshape => BeforeCast(reshape.Input) is { } input ? new WeightReshape(input, reshape.Shape) : null,
        _ => null,
    };

    private string? Obstacle()
    {
        Value x = _dequantize!.Input(0);
        if (x.Shape.Rank != 2 || !x.IsConstant)
        {
            // Activations, and no weights at all.
            return x.IsConstant ? $"the quantised weights have {x.Shape.Rank} axes" : null;
        }

        if (!_dequantize.Input(1).IsConstant || _dequantize.OptionalInput(2)?.IsConstant == false)
        {
            return "scales or zero points of the weights are computed at run time";
        }

        bool isPerTensor = _dequantize.Input(1).Shape.ElementCount.Value == 1 && BlockSize is null;
        if (isPerTensor)
        {
            return null;
        }

        bool alongDepth = LinearQuantizationOperators.Axis(_dequantize) == DepthAxis;
        return BlockSize is null ? (alongDepth ? "the weights have a scale for each row of the product's depth" : null)
            : !alongDepth ? "the blocks of the weights do not lie along the product's depth"
            : null;
    }

    /// <summary>A scale or zero point as [blocks, N].</summary>
    private Value Parameter(Value parameter, ExpansionContext context)
    {
        var formula = new Formula(context);
        Shape shape = _dequantize!.Input(0).Shape;
        Dimension columns = shape[1 - DepthAxis];
        if (BlockSize is not null)
        {
            return _isTransposed ? formula.Transpose(parameter, 1, 0) : parameter;
        }

        return parameter.Shape.ElementCount.Value == 1
            ? context.Graph.AddConstant(parameter.Name, ConstantMoves.Broadcast(ConstantMoves.Reshape(parameter.Constant!, Shape.Of(1, 1)), new Shape([1, columns]))!)
            : formula.Reshape(parameter, 1, columns);
    }
}

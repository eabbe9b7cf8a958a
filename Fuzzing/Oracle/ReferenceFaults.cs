using Cameo.Benchmarks.Peers;
using Cameo.Fuzzing.Models;
using Cameo.Generator.Onnx.Proto;
using Cameo.Sessions;

namespace Cameo.Fuzzing.Oracle;

/// <summary>What ONNX Runtime computes otherwise than ONNX says: graphs do without, since there is nothing to compare with. Every rule names its reason.</summary>
internal static class ReferenceFaults
{
    private static readonly HashSet<string> Products =
    [
        "MatMul", "Gemm", "QLinearMatMul", "MatMulInteger", "FusedMatMul", "Einsum", "Conv", "ConvTranspose", "ConvInteger", "QLinearConv", "QGemm", "MatMulIntegerToFloat",
        "DynamicQuantizeMatMul", "MatMulNBits", "FusedGemm", "FusedConv",
    ];

    /// <summary>Why a step is to be left out; null where nothing speaks against it.</summary>
    /// <param name="step">The step.</param>
    /// <param name="find">Type and shape of the values in a run; null for what is not known.</param>
    public static string? Find(FuzzStep step, Func<string, OnnxRuntimeTensor?> find) => step.Nodes.Select(node => Find(node, find)).FirstOrDefault(static fault => fault is not null);

    /// <summary>Whether ONNX Runtime refuses a run that ONNX has a result for.</summary>
    /// <param name="message">What it says.</param>
    public static bool IsRefusalOfItsOwn(string message) =>
        // The body's outputs declare no shapes, which they need not.
        message.Contains("Subgraph must have the shape set", StringComparison.Ordinal)
        // A stride longer than the window needs no padding for SAME, which is computed as negative.
        || message.Contains("padding values must be non-negative", StringComparison.Ordinal)
        // The window is larger than the input by no more than a stride: an empty result, which Conv gives where it is one element larger.
        || (message.Contains("Conv", StringComparison.Ordinal) && message.Contains("Invalid input shape", StringComparison.Ordinal));

    private static string? Find(NodeProto node, Func<string, OnnxRuntimeTensor?> find)
    {
        bool IsEmpty(string name) => find(name) is { } value && Elements.Count(value.Shape) == 0;
        bool HasElements(string name) => find(name) is not { } value || Elements.Count(value.Shape) > 0;

        // Sums of no products are 0 and get their bias, zero point and factors. ONNX Runtime's memory of such results is not written at all, or has the bias without its factor
        // (Gemm), or 0 for the zero point (QLinearMatMul).
        if (Products.Contains(node.OpType) && node.Input.Any(IsEmpty) && node.Output.Any(HasElements))
        {
            return $"{node.OpType} of depth 0";
        }

        switch (node.OpType)
        {
            // The size of the padding is computed without the dilations, so that the result is too small.
            case "MaxPool" or "AveragePool" or "LpPool" when Text(node, "auto_pad").StartsWith("SAME", StringComparison.Ordinal) && node.Attribute.Any(static attribute => attribute.Name == "dilations"):
                return $"{node.OpType} with dilations and padding to the same size";

            // The quotient of what the window sticks out and the stride is rounded towards 0, so that there is a place for a window that is larger than the input.
            case "MaxPool" or "AveragePool" or "LpPool" when find(node.Input[0]) is { } x && HasLargerWindow(node, x.Shape):
                return $"{node.OpType} with a window larger than the input";

            // The indices' rows are dealt out among the data's batches whatever their sizes; ONNX wants these to be the same.
            case "GatherND" when find(node.Input[0]) is { } data && find(node.Input[1]) is { } indices && Number(node, "batch_dims") is > 0 and var batches
                && !data.Shape.Take((int)batches).SequenceEqual(indices.Shape.Take((int)batches)):
                return "GatherND with other batches of indices than of data";

            // Empty parts are left out before anybody looks at their sizes, which need not fit then.
            case "Concat" or "QLinearConcat" or "ConcatFromSequence" when node.Input.Any(IsEmpty):
                return $"{node.OpType} of empty parts";

            // Cubic filters read beyond the border from where the position is; in ONNX's reference the position is moved to the border first.
            case "GridSample" when Text(node, "mode") is "cubic" or "bicubic" && Text(node, "padding_mode") is "border" or "reflection":
                return "GridSample with a cubic filter at the border";

            // A single position along an axis is 1; ONNX's reference says -1.
            case "AffineGrid" when Number(node, "align_corners") == 1 && node.Output.Any(name => find(name)?.Shape[1..^1].Contains(1) ?? false):
                return "AffineGrid of one aligned position";

            // Means of nothing are 0, and other reductions leave the axis as it is.
            case var type when type.StartsWith("Reduce", StringComparison.Ordinal) && node.Input.Take(1).Any(IsEmpty):
                return $"{type} of nothing";

            // One letter stands for one size; that a size of 1 goes with others is numpy's.
            case "Einsum" when node.Input.Select(find).OfType<OnnxRuntimeTensor>().SelectMany(static tensor => tensor.Shape).Contains(1):
                return "Einsum of size 1";

            // Far below 0 it is 0, and the formula log(e^x + 1) has lost its digits before that.
            case "Softplus" or "Mish" or "Sigmoid" or "Swish" or "QuickGelu" when find(node.Input[0]) is { Bytes.Length: > 0 } x && Elements.IsFloat((ElementType)x.ElementType)
                && Elements.Numbers(x).Any(number => number < (node.OpType is "Swish" or "QuickGelu" ? -8 : -14)):
                return $"{node.OpType} of what is far below 0";

            // Slices that do not exist are left out; ONNX's reference refuses to take them.
            case "Compress" when find(node.Input[0]) is { } x && find(node.Input[1]) is { } condition:
                long axis = node.Attribute.Any(static attribute => attribute.Name == "axis") ? Number(node, "axis") : -x.Shape.Length - 1;
                long size = axis < -x.Shape.Length ? Elements.Count(x.Shape) : x.Shape[(axis + x.Shape.Length) % x.Shape.Length];
                return condition.Shape[0] > size ? "Compress with a condition longer than the axis" : null;

            // Rows are read as if they had as many features as there are coefficients.
            case "LinearRegressor" when find(node.Input[0]) is { Shape.Length: 2 } x
                && x.Shape[1] * Number(node, "targets") != node.Attribute.First(static attribute => attribute.Name == "coefficients").Floats.Count:
                return "LinearRegressor of other features";

            // Computed in float32 whatever the type.
            case "Shrink" when find(node.Input[0]) is { } x && (ElementType)x.ElementType == ElementType.Float64:
                return "Shrink of float64";
            case "Cast" when find(node.Input[0]) is { Bytes.Length: > 0 } x && Elements.IsFloat((ElementType)x.ElementType):
                return Cast(Elements.Numbers(x), (ElementType)Number(node, "to"));
            default:
                return null;
        }
    }

    private static string? Cast(double[] numbers, ElementType to)
    {
        // An approximation that ends in a number next to nothing, or in 0.
        if (to == ElementType.Boolean)
        {
            return numbers.Any(static number => number != 0 && Math.Abs(number) < 1e-20) ? "Cast of nearly 0 to boolean" : null;
        }

        // Numbers that do not fit become whatever the machine gives.
        (double low, double high) = to switch
        {
            ElementType.UInt8 or ElementType.UInt16 or ElementType.UInt32 or ElementType.UInt64 => (0, 255),
            ElementType.Int8 or ElementType.Int16 or ElementType.Int32 or ElementType.Int64 => (-128, 127),
            _ => (double.NegativeInfinity, double.PositiveInfinity),
        };
        return numbers.Any(number => !(number >= low && number <= high)) && double.IsFinite(low) ? $"Cast to {to} of what does not fit" : null;
    }

    private static bool HasLargerWindow(NodeProto node, long[] shape)
    {
        long[] window = Numbers(node, "kernel_shape");
        long[] pads = Numbers(node, "pads");
        long[] dilations = Numbers(node, "dilations");
        return Text(node, "auto_pad") is "" or "NOTSET" or "VALID" && window.Where((size, axis) =>
            shape[axis + 2] + pads.ElementAtOrDefault(axis) + pads.ElementAtOrDefault(axis + window.Length) < ((size - 1) * (dilations.Length > 0 ? dilations[axis] : 1)) + 1).Any();
    }

    private static long[] Numbers(NodeProto node, string name) => [.. node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.Ints ?? []];

    private static long Number(NodeProto node, string name) => node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.I ?? 0;

    private static string Text(NodeProto node, string name) => node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.S.ToStringUtf8() ?? "";
}

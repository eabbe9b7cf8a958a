using System.Runtime.InteropServices;
using Cameo.Generator.Onnx.Proto;
using Cameo.Kernels;
using Cameo.Tests.Infrastructure;
using Cameo.Threading;

namespace Cameo.Tests.Kernels;

/// <summary>Turns the attributes of a convolution, pooling or resize node into a shape and calls the kernel.</summary>
internal static unsafe class ConvolutionBackendNode
{
    /// <summary>Runs a node; false if it asks for something the kernels do not do (indices in column order, cubic, cropping, antialiasing, resizes by policy or axes).</summary>
    public static bool TryRun(
        NodeProto node, StoredTensor?[] inputs, IReadOnlyList<long> outputShape, Workers workers, float[] output, long[]? indices)
    {
        if (node.OpType == "Resize")
        {
            return TryResize(node, inputs, outputShape, workers, output);
        }

        if (Integer(node, "storage_order", 0) != 0)
        {
            return false;
        }

        float[] x = Floats(inputs[0]!);
        fixed (float* source = x, destination = output)
        {
            if (node.OpType is "Conv" or "ConvTranspose")
            {
                RunConvolution(node, inputs, outputShape, workers, source, destination);
                return true;
            }

            SpatialAxis[] axes = Axes(node, inputs[0]!.Shape, outputShape, [.. Integers(node, "kernel_shape")!], false);
            var shape = new PoolingShape((int)outputShape[0], (int)outputShape[1], axes[0], axes[1], axes[2]);
            fixed (long* index = indices)
            {
                if (node.OpType == "AveragePool")
                {
                    Pooling.Average(workers, shape, Integer(node, "count_include_pad", 0) == 1, source, destination, default(NoChannelEpilogue));
                }
                else if (indices is null)
                {
                    Pooling.Max(workers, shape, source, destination, default(NoChannelEpilogue));
                }
                else
                {
                    Pooling.MaxWithIndices(workers, shape, source, destination, index, default(NoChannelEpilogue));
                }
            }
        }

        return true;
    }

    private static void RunConvolution(
        NodeProto node, StoredTensor?[] inputs, IReadOnlyList<long> outputShape, Workers workers, float* source, float* destination)
    {
        bool transposed = node.OpType == "ConvTranspose";
        long[] kernel = [.. inputs[1]!.Shape.Skip(2)];
        SpatialAxis[] axes = Axes(node, inputs[0]!.Shape, outputShape, kernel, transposed);
        var shape = new ConvolutionShape(
            (int)outputShape[0], (int)inputs[0]!.Shape[1], (int)outputShape[1], (int)Integer(node, "group", 1), axes[0], axes[1], axes[2]);
        var packed = new float[(int)Convolution.PackedWeightCount(shape)];
        fixed (float* weights = Floats(inputs[1]!), panels = packed)
        {
            if (transposed)
            {
                ConvolutionTranspose.PackWeights(shape, weights, panels);
                ConvolutionTranspose.Direct(workers, shape, source, panels, destination, default(NoChannelEpilogue));
            }
            else
            {
                Convolution.PackWeights(shape, weights, panels);
                Convolution.Direct(workers, shape, source, panels, destination, default(NoChannelEpilogue));
            }
        }
    }

    private static bool TryResize(
        NodeProto node, StoredTensor?[] inputs, IReadOnlyList<long> outputShape, Workers workers, float[] output)
    {
        string mode = Text(node, "mode", "nearest");
        string transformation = Text(node, "coordinate_transformation_mode", "half_pixel");
        bool possible = mode is "nearest" or "linear"
            && transformation != "tf_crop_and_resize"
            && Integer(node, "antialias", 0) == 0
            && Integers(node, "axes") is null
            && node.Attribute.All(attribute => attribute.Name != "keep_aspect_ratio_policy");
        if (!possible)
        {
            return false;
        }

        IReadOnlyList<long> inputShape = inputs[0]!.Shape;
        float[]? scales = inputs.Length > 2 && inputs[2] is { Bytes.Length: > 0 } given ? Floats(given) : null;
        ResizeAxis Axis(int axis) => new(
            (int)inputShape[axis], (int)outputShape[axis], scales?[axis] ?? (float)outputShape[axis] / inputShape[axis]);
        ResizeCoordinates coordinates = transformation switch
        {
            "half_pixel" => ResizeCoordinates.HalfPixel,
            "half_pixel_symmetric" => ResizeCoordinates.HalfPixelSymmetric,
            "pytorch_half_pixel" => ResizeCoordinates.PytorchHalfPixel,
            "align_corners" => ResizeCoordinates.AlignCorners,
            "asymmetric" => ResizeCoordinates.Asymmetric,
            _ => throw new InvalidOperationException(transformation),
        };
        ResizeRounding rounding = Text(node, "nearest_mode", "round_prefer_floor") switch
        {
            "round_prefer_floor" => ResizeRounding.RoundPreferFloor,
            "round_prefer_ceil" => ResizeRounding.RoundPreferCeiling,
            "floor" => ResizeRounding.Floor,
            _ => ResizeRounding.Ceiling,
        };
        fixed (float* source = Floats(inputs[0]!), destination = output)
        {
            (int batch, int channels) = ((int)inputShape[0], (int)inputShape[1]);
            if (mode == "linear")
            {
                Resize.Linear(workers, batch, channels, Axis(2), Axis(3), coordinates, source, destination, default(NoChannelEpilogue));
            }
            else
            {
                Resize.Nearest(workers, batch, channels, Axis(2), Axis(3), coordinates, rounding, source, destination, default(NoChannelEpilogue));
            }
        }

        return true;
    }

    /// <summary>The node's spatial axes, outermost first, filled up to three.</summary>
    private static SpatialAxis[] Axes(NodeProto node, IReadOnlyList<long> input, IReadOnlyList<long> output, long[] kernel, bool transposed)
    {
        SpatialAxis[] axes = [SpatialAxis.Single, SpatialAxis.Single, SpatialAxis.Single];
        string autoPad = Text(node, "auto_pad", "NOTSET");
        for (int axis = 0; axis < kernel.Length; axis++)
        {
            int stride = (int)(Integers(node, "strides")?[axis] ?? 1);
            int dilation = (int)(Integers(node, "dilations")?[axis] ?? 1);
            int padBegin = (int)(Integers(node, "pads")?[axis] ?? 0);
            int padEnd = (int)(Integers(node, "pads")?[axis + kernel.Length] ?? 0);
            (int from, int to) = ((int)input[axis + 2], (int)output[axis + 2]);
            int reach = (((int)kernel[axis] - 1) * dilation) + 1;
            if (autoPad.StartsWith("SAME", StringComparison.Ordinal) || (transposed && Integers(node, "output_shape") is not null))
            {
                int total = Math.Max(0, transposed
                    ? ((from - 1) * stride) + reach + (int)(Integers(node, "output_padding")?[axis] ?? 0) - to
                    : ((to - 1) * stride) + reach - from);

                // The odd element goes to the end for SAME_UPPER and for a given output shape of a transposed convolution to the beginning.
                bool smallerFirst = autoPad == "SAME_UPPER";
                padBegin = smallerFirst ? total / 2 : total - (total / 2);
                padEnd = total - padBegin;
            }

            axes[axis + 3 - kernel.Length] = new SpatialAxis(from, to, (int)kernel[axis], stride, dilation, padBegin, padEnd);
        }

        return axes;
    }

    private static float[] Floats(StoredTensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.Bytes).ToArray();

    private static IReadOnlyList<long>? Integers(NodeProto node, string name) =>
        node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.Ints;

    private static long Integer(NodeProto node, string name, long missing) =>
        node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.I ?? missing;

    private static string Text(NodeProto node, string name, string missing) =>
        node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.S.ToStringUtf8() ?? missing;
}

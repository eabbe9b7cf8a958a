using Cameo.Generator.Onnx.Proto;

namespace Cameo.Fuzzing.Oracle;

/// <summary>Operators that move or choose elements, or whose result is the same in every right implementation: they make no rounding errors of their own.</summary>
internal static class ExactOperators
{
    private static readonly HashSet<string> Names =
    [
        "Abs", "And", "ArgMax", "ArgMin", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "Cast", "CastLike", "Ceil", "CenterCropPad", "Clip", "Compress",
        "Concat", "Constant", "ConstantOfShape", "DepthToSpace", "Dropout", "Equal", "Expand", "EyeLike", "Flatten", "Floor", "Gather", "GatherElements", "GatherND",
        "GlobalMaxPool", "Greater", "GreaterOrEqual", "Hardmax", "Identity", "IsInf", "IsNaN", "Less", "LessOrEqual", "Max", "MaxPool", "Min", "Neg", "NonZero", "Not", "OneHot", "Or", "Pad",
        "Range", "ReduceMax", "ReduceMin", "Relu", "Reshape", "ReverseSequence", "Round", "Scatter", "ScatterElements", "ScatterND", "Shape", "Shrink", "Sign", "Size", "Slice",
        "SpaceToDepth", "Split", "Squeeze", "ThresholdedRelu", "Tile", "TopK", "Transpose", "Trilu", "Unique", "Unsqueeze", "Where", "Xor",
    ];

    /// <summary>Whether nothing that the node computes is rounded.</summary>
    public static bool Contains(NodeProto node) => node.Domain.Length == 0 && Names.Contains(node.OpType);
}

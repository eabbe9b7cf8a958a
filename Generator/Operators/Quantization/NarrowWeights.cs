using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// How a matrix of narrow constants lies in the weight file: panels of words, scales and zero points in panels of as many columns. Integers are stored in one signedness per
/// width, which shifts them and their zero points alike: 8 bits signed, 4 bits unsigned. Elements of 2 bits take 4.
/// </summary>
internal sealed class NarrowWeights
{
    private const int PanelWidth = 32;

    private readonly View _words;
    private readonly View? _scales;
    private readonly View? _zeros;
    private readonly long _blockSize;
    private readonly long _depth;
    private readonly long _columns;

    private NarrowWeights(Node node, WeightExpression weights, LoweringContext context)
    {
        (Format, int bits, int offset) = Storage(weights.ElementType)!.Value;
        _depth = weights.Shape[0];
        _columns = weights.Shape[1];
        _blockSize = Math.Min(node.IntegerAttribute("block_size", _depth), _depth);
        string name = node.Input(1).Name;
        WeightExpression stored = offset == 0 ? weights : new WeightOffset(weights, offset, bits == 8 ? ElementType.Int8 : ElementType.UInt4);
        _words = context.AddWeight($"{name} (words)", new WeightWords(new WeightReshape(stored, [1, _depth, _columns]), bits, PanelWidth));
        if (node.OptionalInput(2) is not { } scales)
        {
            return;
        }

        WeightExpression scaleElements = context.TryGetWeight(scales)!;
        // Scales that are float16 numbers are read as such: with blocks of 32, a tenth less memory than float32.
        scaleElements = AsHalf(scaleElements) ?? scaleElements;
        _scales = Panels($"{name} (scales)", scaleElements, context);
        WeightExpression? zeros = node.OptionalInput(3) is { } given ? context.TryGetWeight(given)! : null;
        if (zeros is null && NeedsZeros(weights.ElementType))
        {
            zeros = new WeightFill([0], weights.ElementType, scaleElements.Shape);
        }

        if (zeros is not null)
        {
            zeros = offset == 0 || zeros.ElementType == ElementType.Float32 ? zeros : new WeightOffset(zeros, offset, bits == 8 ? ElementType.Int8 : ElementType.UInt4);
            _zeros = Panels($"{name} (zero points)", zeros, context);
        }
    }

    /// <summary>The kernel's name of the format.</summary>
    public string Format { get; }

    /// <summary>The views that the kernel reads.</summary>
    public IEnumerable<View> Reads => new[] { _words, _scales, _zeros }.OfType<View>();

    /// <summary>Whether the kernels take the node's weights as they are; everything must be constant.</summary>
    public static bool IsSupported(Node node)
    {
        Value weights = node.Input(1);
        if (weights.Constant is null || weights.Shape.Rank != 2 || Storage(weights.ElementType) is null)
        {
            return false;
        }

        if (weights.ElementType.IsFloat())
        {
            return node.OptionalInput(2) is null;
        }

        long depth = weights.Shape[0].Constant, columns = weights.Shape[1].Constant;
        long blockSize = node.IntegerAttribute("block_size", depth);
        long blocks = (depth + blockSize - 1) / blockSize;
        bool IsPerBlock(Value value) => value.Constant is not null && value.Shape.Equals(Shape.Of(blocks, columns));
        return (blocks == 1 || blockSize % 8 == 0) && node.OptionalInput(2) is { } scales && IsPerBlock(scales)
            && (node.OptionalInput(3) is not { } zeros || (IsPerBlock(zeros) && (zeros.ElementType == weights.ElementType || (zeros.ElementType == ElementType.Float32 && weights.ElementType == ElementType.UInt4))));
    }

    /// <summary>Packs the weights of a node for which <see cref="IsSupported"/> holds.</summary>
    public static NarrowWeights Create(Node node, LoweringContext context) => new(node, context.TryGetWeight(node.Input(1))!, context);

    /// <summary>Writes the local <c>weights</c> of the kernel's method.</summary>
    public void Write(KernelWriter writer)
    {
        string scales = _scales is null ? "" : $" {(_scales.ElementType == ElementType.Float16 ? "HalfScales" : "Scales")} = {writer.Pointer(_scales)},";
        string zeros = _zeros is null ? "" : _zeros.ElementType == ElementType.Float32 ? $" FloatZeroPoints = {writer.Pointer(_zeros)}," : $" ZeroPoints = {KernelText.Bytes(writer, _zeros)},";
        writer.Line($"var weights = new NarrowMatrix {{ Words = {writer.Pointer(_words)},{scales}{zeros} Depth = {_depth}, Columns = {_columns}, BlockSize = {_blockSize} }};");
    }

    private View Panels(string name, WeightExpression perBlock, LoweringContext context) =>
        context.AddWeight(name, new WeightPanels(new WeightReshape(perBlock, [1, .. perBlock.Shape]), PanelWidth));

    /// <summary>The same elements as float16, if an expression only moves such: some that it converted to float32, or that import found to be float16 numbers.</summary>
    private static WeightExpression? AsHalf(WeightExpression expression) => expression switch
    {
        WeightCast { Input.ElementType: ElementType.Float16 } cast => cast.Input,
        WeightSource { IsHalf: true } source => new WeightCast(source, ElementType.Float16),
        WeightTranspose transpose => AsHalf(transpose.Input) is { } input ? new WeightTranspose(input, transpose.Permutation) : null,
        WeightReshape reshape => AsHalf(reshape.Input) is { } input ? new WeightReshape(input, reshape.Shape) : null,
        _ => null,
    };

    /// <summary>Format, bits in a word, and what is added to an element before it is stored.</summary>
    private static (string Format, int Bits, int Offset)? Storage(ElementType type) => type switch
    {
        ElementType.Int8 => ("Int8Format", 8, 0),
        ElementType.UInt8 => ("Int8Format", 8, -128),
        ElementType.Int4 or ElementType.Int2 => ("UInt4Format", 4, 8),
        ElementType.UInt4 or ElementType.UInt2 => ("UInt4Format", 4, 0),
        ElementType.Float16 => ("HalfFormat", 16, 0),
        ElementType.BFloat16 => ("BFloat16Format", 16, 0),
        _ => null,
    };

    /// <summary>Whether the zero point that is meant where none is given is not the format's own: the middle of the stored range.</summary>
    private static bool NeedsZeros(ElementType type) => type is ElementType.UInt8 or ElementType.UInt4 or ElementType.UInt2;
}

using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// How a matrix of narrow constants lies in the weight file: panels of words, scales and zero points in panels of as many columns. Integers are stored in one signedness per
/// width, which shifts them and their zero points alike: 8 bits signed, 4 bits unsigned. Elements of 2 bits take 4.
/// </summary>
internal sealed class NarrowWeights : ProductWeights
{
    private readonly Panels _words;
    private readonly Panels? _scales;
    private readonly Panels? _zeros;
    private readonly long _blockSize;
    private readonly string _method;
    private readonly ElementType _elements;

    private NarrowWeights(NarrowWeights like, IReadOnlyList<NarrowWeights> matrices, bool inTurn, LoweringContext context)
    {
        (Depth, Columns, Format, _blockSize, _method, _elements) = (like.Depth, JoinedColumns(matrices), like.Format, like._blockSize, like._method, like._elements);
        _words = Joined(matrix => matrix._words);
        _scales = like._scales is null ? null : Joined(matrix => matrix._scales!);
        _zeros = like._zeros is null ? null : Joined(matrix => matrix._zeros!);

        Panels Joined(Func<NarrowWeights, Panels> array) => new(array(like).View.Buffer.Name, Join([.. matrices.Select(matrix => array(matrix).Expression)], inTurn), context);
    }

    private NarrowWeights(Value source, Value? givenScales, Value? givenZeros, long? blockSize, bool hasByteActivations, LoweringContext context)
    {
        WeightExpression weights = context.TryGetWeight(source)!;
        (Format, int bits, int offset) = Storage(weights.ElementType)!.Value;
        Depth = weights.Shape[0];
        Columns = weights.Shape[1];
        _blockSize = Math.Min(blockSize ?? Depth, Depth);
        _method = hasByteActivations ? "PackedDynamic" : "Packed";
        _elements = source.ElementType;
        string name = source.Name;
        WeightExpression stored = offset == 0 ? weights : new WeightOffset(weights, offset, bits == 8 ? ElementType.Int8 : ElementType.UInt4);
        _words = new Panels($"{name} (words)", new WeightWords(new WeightReshape(stored, [1, Depth, Columns]), bits, PanelWidth), context);
        if (givenScales is not { } scales)
        {
            return;
        }

        WeightExpression scaleElements = context.TryGetWeight(scales)!;
        // Scales that are float16 numbers are read as such: with blocks of 32, a tenth less memory than float32.
        scaleElements = AsHalf(scaleElements) ?? scaleElements;
        _scales = PerBlock($"{name} (scales)", scaleElements, context);
        WeightExpression? zeros = givenZeros is null ? null : context.TryGetWeight(givenZeros)!;
        if (zeros is null && NeedsZeros(weights.ElementType))
        {
            zeros = new WeightFill([0], weights.ElementType, scaleElements.Shape);
        }

        if (zeros is not null)
        {
            zeros = offset == 0 || zeros.ElementType == ElementType.Float32 ? zeros : new WeightOffset(zeros, offset, bits == 8 ? ElementType.Int8 : ElementType.UInt4);
            _zeros = PerBlock($"{name} (zero points)", zeros, context);
        }
    }

    /// <summary>The kernel's name of the format.</summary>
    public string Format { get; }

    public override long Depth { get; }

    public override long Columns { get; }

    public override IReadOnlyList<View> Reads => [.. new[] { _words, _scales, _zeros }.OfType<Panels>().Select(panels => panels.View)];

    public override string Kind => "quantized matmul";

    public override string LeftNote => _method == "Packed" ? "" : " as int8";

    public override string Description => _elements.OnnxName();

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
    /// <param name="node">The node.</param>
    /// <param name="hasByteActivations">Whether the kernel quantises the left operand to int8.</param>
    /// <param name="context">Where weights are kept.</param>
    public static NarrowWeights Create(Node node, bool hasByteActivations, LoweringContext context) =>
        new(node.Input(1), node.OptionalInput(2), node.OptionalInput(3), node.IntegerAttribute("block_size", node.Input(1).Shape[0].Constant), hasByteActivations, context);

    /// <summary>Packs a constant matrix [depth, columns] of 8-bit integers with constant scales and zero points [1, columns].</summary>
    public static NarrowWeights Create(Value weights, Value scales, Value? zeros, LoweringContext context) => new(weights, scales, zeros, null, hasByteActivations: false, context);

    public override bool Fits(ProductWeights other) => other is NarrowWeights narrow
        && (narrow.Depth, narrow.Format, narrow._blockSize, narrow._method, narrow._elements) == (Depth, Format, _blockSize, _method, _elements)
        && narrow._scales?.View.ElementType == _scales?.View.ElementType && narrow._zeros?.View.ElementType == _zeros?.View.ElementType;

    public override ProductWeights Join(IReadOnlyList<ProductWeights> matrices, bool inTurn, LoweringContext context) =>
        new NarrowWeights(this, [.. matrices.Cast<NarrowWeights>()], inTurn, context);

    public override void WriteCall(KernelWriter writer, string left, ElementType leftType, string output, string rows, ElementType outputType, string epilogue)
    {
        writer.Line($"var weights = {Construct(writer)};");
        writer.Line($"NarrowMatrixMultiply.{_method}<{Format}, {StructParameters.TypeName(leftType)}, {StructParameters.TypeName(outputType)}, {KernelText.ConstructedType(epilogue)}>(Workers, {left}, weights, {output}, {rows}, {epilogue});");
    }

    /// <summary>C# that constructs the runtime's matrix.</summary>
    public string Construct(KernelWriter writer)
    {
        string scales = _scales is null ? "" : $" {(_scales.View.ElementType == ElementType.Float16 ? "HalfScales" : "Scales")} = {writer.Pointer(_scales.View)},";
        string zeros = _zeros is null ? ""
            : _zeros.View.ElementType == ElementType.Float32 ? $" FloatZeroPoints = {writer.Pointer(_zeros.View)},"
            : $" ZeroPoints = {KernelText.Bytes(writer, _zeros.View)},";
        return $"new NarrowMatrix {{ Words = {writer.Pointer(_words.View)},{scales}{zeros} Depth = {Depth}, Columns = {Columns}, BlockSize = {_blockSize} }}";
    }

    private static Panels PerBlock(string name, WeightExpression perBlock, LoweringContext context) =>
        new(name, new WeightPanels(new WeightReshape(perBlock, [1, .. perBlock.Shape]), PanelWidth), context);

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

    /// <summary>An array in panels of the matrix's columns.</summary>
    private sealed class Panels(string name, WeightExpression expression, LoweringContext context)
    {
        public WeightExpression Expression { get; } = expression;

        public View View { get; } = context.AddWeight(name, expression);
    }
}

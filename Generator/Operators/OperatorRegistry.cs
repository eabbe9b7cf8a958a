using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>All operators the compiler knows: the one table, filled from one list a family.</summary>
internal static class OperatorRegistry
{
    /// <summary>The newest opset of ONNX's own domain that expansions are written in.</summary>
    public const int NewestOpset = 24;

    /// <summary>The domain of canonical operators that ONNX does not have; models may not use it.</summary>
    public const string InternalDomain = "cameo";

    private static readonly Dictionary<string, Operator> Known = Families().SelectMany(family => family)
        .ToDictionary(known => Key(known.Domain, known.Type), StringComparer.Ordinal);

    public static IEnumerable<Operator> All => Known.Values;

    /// <summary>The operator of a node, or <see langword="null"/> when Cameo does not know it.</summary>
    public static Operator? Find(Node node) => Known.TryGetValue(Key(node.Domain, node.Type), out Operator? known) ? known : null;

    /// <summary>The since-version that a node's opset means.</summary>
    public static int ResolveVersion(Operator known, Node node)
    {
        int version = known.Versions.LastOrDefault(since => since <= node.Version);
        if (version == 0 || node.Version >= known.UnsupportedFrom)
        {
            throw ModelException.Unsupported(node, $"opset {node.Version} is not supported; known versions are {string.Join(", ", known.Versions)}");
        }

        return version;
    }

    private static string Key(string domain, string type) => domain is "" or "ai.onnx" ? type : $"{domain}.{type}";

    private static IEnumerable<IEnumerable<Operator>> Families() =>
    [
        ArithmeticOperators.All,
        AsSizesOperator.All,
        NonZeroOperator.All,
        CompressOperator.All,
        UniqueOperator.All,
        NonMaxSuppressionOperator.All,
        DynamicTimeWarpingOperator.All,
        IfOperator.All,
        LoopOperator.All,
        ScanOperator.All,
        RecurrentOperators.All,
        SequenceConstructOperator.All,
        SequenceEditOperators.All,
        SequenceReadOperators.All,
        SequenceLengthOperator.All,
        SequenceMapOperator.All,
        SplitToSequenceOperator.All,
        OptionalOperators.All,
        RecurrenceOperator.All,
        PadOperator.All,
        ArgumentOperators.All,
        TopKOperator.All,
        CumulativeOperators.All,
        DepthOperators.All,
        OneHotOperators.All,
        LrnOperator.All,
        EinsumOperator.All,
        AttentionOperator.All,
        CanonicalAttentionOperator.All,
        RotaryEmbeddingOperators.All,
        MathOperators.All,
        ActivationOperators.All,
        ContribActivationOperators.All,
        BinaryOperators.All,
        VariadicOperators.All,
        PowerOperator.All,
        WhereOperator.All,
        ClipOperator.All,
        CastOperators.All,
        ConstantOperator.All,
        ConstantOfShapeOperator.All,
        ShapeOperators.All,
        RangeOperator.All,
        IdentityOperators.All,
        ReshapeOperator.All,
        FlattenOperator.All,
        SqueezeOperators.All,
        TransposeOperator.All,
        SliceOperator.All,
        ConcatOperator.All,
        SplitOperator.All,
        ExpandOperator.All,
        GatherOperator.All,
        ReduceOperators.All,
        CompositeReduceOperators.All,
        GlobalPoolOperators.All,
        SoftmaxOperators.All,
        NormalizationOperators.All,
        SkipNormalizationOperators.All,
        ChannelNormalizationOperators.All,
        LpNormalizationOperators.All,
        GemmOperator.All,
        MatMulOperator.All,
        ConvOperator.All,
        ConvTransposeOperator.All,
        PoolOperators.All,
        TriluOperator.All,
        TileOperator.All,
        FusedMatMulOperator.All,
        IndexedOperators.All,
        GroupQueryAttentionOperator.All,
        TensorScatterOperator.All,
        MultiHeadAttentionOperator.All,
        DecoderMaskedAttentionOperator.All,
        ContribAttentionOperator.All,
        QuantizedContribOperators.All,
        EmbedLayerNormalizationOperator.All,
        LinearQuantizationOperators.All,
        DynamicQuantizeLinearOperator.All,
        IntegerMatMulOperator.All,
        IntegerConvOperator.All,
        QuantizedMatMulOperator.All,
        IntegerProductOperators.All,
        QuantizedProductOperators.All,
        QuantizedElementOperators.All,
        QuantizedLayerOperators.All,
        MatMulNBitsOperator.All,
        MatMulBnb4Operator.All,
        MatMulFpQ4Operator.All,
        NhwcMaxPoolOperator.All,
        LossOperators.All,
        LinearAttentionOperator.All,
        CausalConvWithStateOperator.All,
        GatherBlockQuantizedOperator.All,
        ResizeOperators.All,
        AliasOperator.All,
        CenterCropPadOperator.All,
        FusedContractionOperators.All,
        BitCastOperator.All,
        WindowOperators.All,
        LegacyImageOperators.All,
        UnfoldOperators.All,
        PairwiseDistanceOperator.All,
        MatrixInverseOperators.All,
        DftOperator.All,
        StftOperator.All,
        MelWeightMatrixOperator.All,
        ContribFourierOperators.All,
        RandomOperator.All,
        RandomTensorOperators.All,
        MultinomialOperator.All,
        DropoutOperator.All,
        OptimizerOperators.All,
        FlexAttentionOperator.All,
        TransformerOperators.All,
        PackedAttentionOperators.All,
        SparseAttentionOperator.All,
        PagedAttentionOperator.All,
        RemovePaddingOperator.All,
        PositionOperators.All,
        DecoderOperators.All,
        LongformerAttentionOperator.All,
        SearchOperators.All,
        MixtureOfExpertsOperators.All,
        ExpertsOperator.All,
        AttentionRecurrentOperator.All,
        QuantizedRecurrentOperator.All,
        TextCastOperator.All,
        StringConcatOperator.All,
        RegexFullMatchOperator.All,
        MurmurHash3Operator.All,
        WordConvEmbeddingOperator.All,
        TfIdfVectorizerOperator.All,
        FeatureOperators.All,
        LinearModelOperators.All,
        SupportVectorOperators.All,
        TreeEnsembleOperators.All,
        LabelOperators.All,
        MapReadOperators.All,
        ZipMapOperator.All,
        GridSampleOperator.All,
        AffineGridOperator.All,
        RoiOperators.All,
        DeformConvOperator.All,
        Col2ImOperator.All,
        MaxUnpoolOperator.All,
        ReverseSequenceOperator.All,
        MaxpoolWithMaskOperator.All,
        NGramRepeatBlockOperator.All,
        BifurcationDetectorOperator.All,
        ConvTransposeWithDynamicPadsOperator.All,
        StringSplitOperator.All,
        StringNormalizerOperator.All,
        TokenizerOperator.All,
        GradientOperator.All,
        ImageDecoderOperator.All,
    ];
}

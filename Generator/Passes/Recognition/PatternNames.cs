namespace Cameo.Generator.Passes.Recognition;

/// <summary>What patterns are called in reports.</summary>
internal static class PatternNames
{
    public const string Gelu = "gelu";
    public const string BiasGelu = "biasgelu";
    public const string HardSwish = "hardswish";
    public const string HardSigmoid = "hardsigmoid";
    public const string Swish = "swish";
    public const string LayerNormalization = "layernorm";
    public const string RootMeanSquareNormalization = "rmsnorm";
    public const string SkipNormalization = "skipnorm";
    public const string GroupNormalization = "groupnorm";
    public const string RotaryEmbedding = "rotary";
    public const string QuantizedProduct = "quantized";
    public const string Attention = "attention";

    /// <summary>Only missed: an attention was recognised, but its mask is computed as a tensor.</summary>
    public const string AttentionMask = "mask";

    /// <summary>Only missed: an attention was recognised, but its past and new keys are joined by a copy.</summary>
    public const string KeyValueCache = "cache";
}

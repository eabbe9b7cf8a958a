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
    public const string Attention = "attention";
}

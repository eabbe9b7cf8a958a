namespace Cameo.Generator;

/// <summary>Names of the pipeline's steps, by which tests look up why a step ran.</summary>
internal static class OnnxGeneratorStepNames
{
    public const string GraphTexts = nameof(GraphTexts);
    public const string Models = nameof(Models);
    public const string Sources = nameof(Sources);
    public const string Diagnostics = nameof(Diagnostics);
}

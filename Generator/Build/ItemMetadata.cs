namespace Cameo.Generator.Build;

/// <summary>Names of the metadata with which items go from task to task and to the targets.</summary>
internal static class ItemMetadata
{
    /// <summary>The model's file.</summary>
    public const string Model = "CameoModel";

    /// <summary>The index of where the weights lie.</summary>
    public const string Index = "CameoIndex";

    /// <summary>"file" or "embed".</summary>
    public const string WeightsMode = "CameoWeightsMode";
}

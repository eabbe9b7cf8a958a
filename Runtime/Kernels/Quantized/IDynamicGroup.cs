namespace Cameo.Kernels;

/// <summary>How quantised activations that meet one word of weights stand in eight bytes.</summary>
internal unsafe interface IDynamicGroup
{
    /// <summary>Elements of a group, which are those of a word.</summary>
    static abstract int Elements { get; }

    /// <summary>The eight bytes.</summary>
    static abstract ulong Arrange(sbyte* quantized);
}

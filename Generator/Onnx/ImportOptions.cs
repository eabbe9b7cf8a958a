namespace Cameo.Generator.Onnx;

/// <summary>How to import a model.</summary>
internal sealed record ImportOptions
{
    public static ImportOptions Default { get; } = new();

    /// <summary>The project's options, see <see cref="GraphOptions"/>. They become part of the graph text.</summary>
    public IReadOnlyDictionary<string, string> GraphOptions { get; init; } = new Dictionary<string, string>();

    /// <summary>The longest data of a tensor that stand in the graph text, in bytes.</summary>
    public int InlineBytes { get; init; } = 1024;

    /// <summary>The same for int32 and int64 tensors, from which shapes are computed.</summary>
    public int InlineIntegerBytes { get; init; } = 4096;

    /// <summary>
    /// The same for floating-point initializers, in elements. They are what training changes: were a layer's small bias part of the text, a model
    /// would be compiled again after each training. Scalars and scale factors remain. Tensors in attributes are not trained and follow
    /// <see cref="InlineBytes"/>, as do those that determine the shape of a Resize.
    /// </summary>
    public int InlineFloatingPointElements { get; init; } = 4;
}

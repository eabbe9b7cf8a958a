using System.Numerics.Tensors;
using Cameo.Sessions;
using Tensor = Cameo.Sessions.Tensor;

namespace Cameo.ModelRunner;

/// <summary>A model of the test data.</summary>
/// <param name="Folder">Its folder.</param>
/// <param name="Load">Loads the compiled model.</param>
/// <param name="RunTyped">Calls the generated typed method; null for the language model, whose typed methods have checks of their own.</param>
internal sealed record StoredModel(string Folder, Func<CompiledModel> Load, StoredModel.TypedRun? RunTyped)
{
    public const string StoriesFolder = "stories260K_opset23";

    /// <summary>Runs a model with one input and one output.</summary>
    public delegate void TypedRun(CompiledSession session, Tensor input, Span<float> output);

    public static IReadOnlyList<StoredModel> All { get; } =
    [
        new("mnist_8", static () => new Mnist(), static (session, input, output) => ((Mnist.Session)session).Run(Span(input, stackalloc nint[input.Rank])).CopyTo(output)),
        new("micro_kws_static_fp32", static () => new KeywordSpotting(), static (session, input, output) => ((KeywordSpotting.Session)session).Run(input.AsSpan<float>()).CopyTo(output)),
        new("ppocr_v2_cls", static () => new TextDirection(), static (session, input, output) => ((TextDirection.Session)session).Run(Span(input, stackalloc nint[input.Rank])).FlattenTo(output)),
        new(StoriesFolder, static () => new Stories(), null),
    ];

    private static ReadOnlyTensorSpan<float> Span(Tensor tensor, scoped Span<nint> lengths)
    {
        for (int dimension = 0; dimension < lengths.Length; dimension++)
        {
            lengths[dimension] = (nint)tensor.Shape[dimension];
        }

        return new ReadOnlyTensorSpan<float>(tensor.AsSpan<float>(), lengths);
    }
}

using System.Numerics.Tensors;
using Cameo.Sessions;
using Tensor = Cameo.Sessions.Tensor;

namespace Cameo.ModelRunner;

/// <summary>The typed methods of models with one input and one output that the program knows by name.</summary>
internal static class TypedRuns
{
    /// <summary>Runs a model with one input and one output.</summary>
    public delegate void TypedRun(CompiledSession session, Tensor input, Span<float> output);

    /// <summary>The typed method of a model; null for one whose method is not known here.</summary>
    public static TypedRun? Find(string folder) => folder switch
    {
        "mnist_8" => static (session, input, output) => ((Model_mnist_8.Session)session).Run(Span(input, stackalloc nint[input.Rank])).CopyTo(output),
        "micro_kws_static_fp32" => static (session, input, output) => ((Model_micro_kws_static_fp32.Session)session).Run(input.AsSpan<float>()).CopyTo(output),
        "ppocr_v2_cls" => static (session, input, output) => ((Model_ppocr_v2_cls.Session)session).Run(Span(input, stackalloc nint[input.Rank])).FlattenTo(output),
        _ => null,
    };

    private static ReadOnlyTensorSpan<float> Span(Tensor tensor, scoped Span<nint> lengths)
    {
        for (int dimension = 0; dimension < lengths.Length; dimension++)
        {
            lengths[dimension] = (nint)tensor.Shape[dimension];
        }

        return new ReadOnlyTensorSpan<float>(tensor.AsSpan<float>(), lengths);
    }
}

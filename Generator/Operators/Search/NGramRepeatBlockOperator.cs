using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// com.microsoft.NGramRepeatBlock: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.NGramRepeatBlock. Scores of float32, with -∞ for every token that
/// would complete a phrase of <c>ngram_size</c> tokens for the second time.
/// </summary>
internal sealed class NGramRepeatBlockOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new NGramRepeatBlockOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "NGramRepeatBlock";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        SpatialText.RequireType(node, 0, ElementType.Int64);
        SpatialText.RequireType(node, 1, ElementType.Float32);
        SpatialText.RequireRank(node, 0, 2, "the tokens");
        SpatialText.RequireRank(node, 1, 2, "the scores");
        SpatialText.RequireEqual(node, context, node.Input(0).Shape[0], node.Input(1).Shape[0], "the rows of the tokens and of the scores");
        if (node.IntegerAttribute("ngram_size", 0) is < 1 or > int.MaxValue)
        {
            throw new ModelException(node, $"attribute 'ngram_size' is {node.IntegerAttribute("ngram_size", 0)}");
        }

        context.SetType(node.Output, node.Input(1).RequiredType);
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View tokens = context.ReadContiguous(node.Input(0));
        View scores = context.ReadContiguous(node.Input(1));
        View output = context.Write(node.Output);
        context.Add(new Kernel("search", node, [tokens, scores], [output], writer => writer.Line(
            $"RepeatedPhrases.Forbid({writer.Pointer(tokens)}, {writer.Size(tokens.Shape[0])}, {writer.Size(tokens.Shape[1])}, {node.IntegerAttribute("ngram_size", 0)}, " +
            $"{writer.Pointer(scores)}, {writer.Size(scores.Shape[1])}, {writer.Pointer(output)}, {KernelText.Name(node)});"))
        {
            Summary = $"{scores.Shape}",
        });
    }
}

using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// com.microsoft.BifurcationDetector: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.BifurcationDetector. Appends to the current tokens what was
/// predicted as far as it agrees with the source, and one token more, so that the length is a size of the run; and finds where the source goes on after the last tokens. Lists of int64.
/// </summary>
internal sealed class BifurcationDetectorOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new BifurcationDetectorOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "BifurcationDetector";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        for (int input = 0; input < node.Inputs.Count; input++)
        {
            if (input < 3 || node.OptionalInput(input) is not null)
            {
                SpatialText.RequireType(node, input, ElementType.Int64);
            }

            if (input != 2 && node.OptionalInput(input) is not null)
            {
                SpatialText.RequireRank(node, input, 1, "a list of tokens");
            }
        }

        SpatialText.RequireEqual(node, context, node.Input(2).Shape.ElementCount, 1, "the number of previous matches and 1");
        (long minimum, long maximum) = Sizes(node);
        if (minimum < 1 || maximum < minimum)
        {
            throw new ModelException(node, $"phrases of {minimum} to {maximum} tokens");
        }

        Dimension current = node.Input(1).Shape[0];
        Dimension length = node.OptionalInput(3) is { } predicted ? context.DataSize(node, "length", current + predicted.Shape[0]) : current;
        context.SetType(node.Output, new TensorType(ElementType.Int64, new Shape([length])));
        if (node.OptionalOutput(1) is { } match)
        {
            context.SetType(match, node.Input(2).RequiredType);
        }
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View source = context.ReadContiguous(node.Input(0)), current = context.ReadContiguous(node.Input(1)), previous = context.ReadContiguous(node.Input(2));
        View? predicted = node.OptionalInput(3) is { } given ? context.ReadContiguous(given) : null;
        View tokens = context.Write(node.Output);
        View match = node.OptionalOutput(1) is { } second ? context.Write(second) : context.Scratch(node, ElementType.Int64, Shape.Of(1));
        (long minimum, long maximum) = Sizes(node);
        if (predicted is not null)
        {
            context.Add(new Kernel("search", node, [source, current, previous, predicted], [], writer => writer.SetSize(DataSizes.Of(node, "length"),
                $"Bifurcation.Length({writer.Pointer(source)}, {writer.Size(source.Shape[0])}, {writer.Pointer(previous)}, {writer.Pointer(predicted)}, {writer.Size(predicted.Shape[0])}, " +
                $"{writer.Size(current.Shape[0])}, {KernelText.Name(node)})"))
            {
                Sizes = DataSizes.Names(node),
            });
        }

        context.Add(new Kernel("write", node, predicted is null ? [source, current] : [source, current, predicted], [tokens, match], writer => writer.Line(
            $"Bifurcation.Write({writer.Pointer(source)}, {writer.Size(source.Shape[0])}, {writer.Pointer(current)}, {writer.Size(current.Shape[0])}, {(predicted is null ? "null" : writer.Pointer(predicted))}, " +
            $"{minimum}, {maximum}, {writer.Pointer(tokens)}, {writer.Size(tokens.Shape[0])}, {writer.Pointer(match)});")));
    }

    private static (long Minimum, long Maximum) Sizes(Node node) => (node.IntegerAttribute("min_ngram_size", 1), node.IntegerAttribute("max_ngram_size", 3));
}

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// EmbedLayerNormalization of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. Adds the embeddings of words, positions and (where
/// given) segments and normalises the sum. Inputs: words and segments [batch, sequence], the three tables, gamma, beta, mask [batch, sequence], positions (0, 1, … where
/// absent). Outputs: the result, the number of ones in each row of the mask (0 without one), the sum. Becomes Gather, Add and LayerNormalization.
/// </summary>
internal sealed class EmbedLayerNormalizationOperator : Operator
{
    private const int Segments = 1;
    private const int WordTable = 2;
    private const int PositionTable = 3;
    private const int SegmentTable = 4;
    private const int Gamma = 5;
    private const int Beta = 6;
    private const int Mask = 7;
    private const int Positions = 8;

    // The default of ONNX Runtime's schema.
    private const float DefaultEpsilon = 1e-12f;

    public static readonly IReadOnlyList<Operator> All = [new EmbedLayerNormalizationOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "EmbedLayerNormalization";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context) => InferOutputs(node, node.Input(WordTable).ElementType, context);

    /// <summary>The outputs' types, of which the first and the last have the given element type.</summary>
    public static void InferOutputs(Node node, ElementType elementType, InferenceContext context)
    {
        Shape words = node.Input(0).Shape;
        Shape table = node.Input(WordTable).Shape;
        if (words.Rank != 2 || table.Rank != 2 || node.Input(PositionTable).Shape.Rank != 2)
        {
            throw new ModelException(node, $"words of shape {words} and tables of shapes {table} and {node.Input(PositionTable).Shape} must have rank 2");
        }

        if (node.OptionalInput(Segments) is null != node.OptionalInput(SegmentTable) is null)
        {
            throw new ModelException(node, "segments and their table must be given together");
        }

        var type = new TensorType(elementType, new Shape([words[0], words[1], table[1]]));
        context.SetType(node.Output, type);
        if (node.OptionalOutput(1) is { } counts)
        {
            context.SetType(counts, new TensorType(ElementType.Int32, new Shape([words[0]])));
        }

        if (node.OptionalOutput(2) is { } sum)
        {
            context.SetType(sum, type);
        }
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value words = node.Input(0);
        Value positions = node.OptionalInput(Positions)
            ?? context.Add("Range", context.Literal(0, ElementType.Int64), context.Size(words.Shape[1]), context.Literal(1, ElementType.Int64));
        Value sum = formula.Add(context.Add("Gather", node.Input(WordTable), words), context.Add("Gather", node.Input(PositionTable), positions));
        if (node.OptionalInput(Segments) is { } segments)
        {
            sum = formula.Add(sum, context.Add("Gather", node.Input(SegmentTable), segments));
        }

        Value result = context.Add(
            "LayerNormalization",
            [("axis", -1L), ("epsilon", node.FloatAttribute("epsilon", DefaultEpsilon))],
            sum, node.Input(Gamma), node.Input(Beta));
        context.Replace(node.Output, result);
        context.Replace(node.OptionalOutput(2), sum);
        if (node.OptionalOutput(1) is { } counts)
        {
            context.Replace(counts, Counts(node, formula, context));
        }

        return true;
    }

    private static Value Counts(Node node, Formula formula, ExpansionContext context)
    {
        Value source = node.OptionalInput(Mask) ?? node.Input(0);
        Value one = context.Literal(1, source.ElementType);
        Value ones = formula.Cast(context.Add("Equal", source, one), ElementType.Int32);
        if (node.OptionalInput(Mask) is null)
        {
            ones = formula.Multiply(ones, context.Literal(0, ElementType.Int32));
        }

        return formula.Sum(ones, [1], keepsAxes: false);
    }
}

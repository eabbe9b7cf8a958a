using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// The compiler's own: <c>cameo.LinearScores</c> transforms rows of scores, <c>cameo.LinearClasses</c> finds their labels too. What a linear model does after its matrix product.
/// </summary>
internal sealed class LinearScoresOperator(string type) : MachineLearningOperator
{
    public override string Domain => OperatorRegistry.InternalDomain;

    public override string Type => type;

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        Shape shape = node.Input(0).Shape;
        if (Type == "LinearScores")
        {
            context.SetType(node.Output, node.Input(0).RequiredType);
            return;
        }

        ClassLabels labels = ClassLabels.Read(node, "classlabels_ints", isRequired: false);
        context.SetType(node.Outputs[0]!, new TensorType(labels.ElementType, new Shape([shape[0]])));
        context.SetType(node.Outputs[1]!, new TensorType(ElementType.Float32, new Shape([shape[0], Classes(shape, labels)])));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View scores = context.ReadContiguous(node.Input(0));
        string transform = Transform(node);
        if (Type == "LinearScores")
        {
            View transformed = context.Write(node.Output);
            context.Add(new Kernel("scores", node, [scores], [transformed], writer => writer.Line(
                $"LinearScores.Transform(Workers, {writer.Pointer(scores)}, {writer.Size(scores.Shape[0])}, {writer.Size(scores.Shape[1])}, {transform}, {writer.Pointer(transformed)});")));
            return;
        }

        ClassLabels labels = ClassLabels.Read(node, "classlabels_ints", isRequired: false);
        View table = labels.Table(node, context, isDecision: true);
        View chosen = context.Write(node.Outputs[0]!);
        View results = context.Write(node.Outputs[1]!);
        Dimension classes = Classes(scores.Shape, labels);
        context.Add(new Kernel("scores", node, [scores, table], [chosen, results], writer => writer.Line(
            $"LinearScores.Classify(Workers, {writer.Pointer(scores)}, {writer.Size(scores.Shape[0])}, {writer.Size(scores.Shape[1])}, {transform}, (long*){writer.Pointer(table)}, {writer.Size(classes)}, (long*){writer.Pointer(chosen)}, {writer.Pointer(results)});")));
    }

    private static Dimension Classes(Shape sums, ClassLabels labels) => sums[1].Value == 1 && labels.Count == 2 ? 2 : sums[1];
}

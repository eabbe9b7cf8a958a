using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Sizes of a recurrent layer of com.microsoft, whose sequences come first and whose results are float32.</summary>
internal sealed record RecurrentSizes(Dimension Steps, Dimension Batch, long Input, long Hidden, int Directions)
{
    /// <summary>Sets the types of the results: hidden states of all steps, then the last hidden and cell states.</summary>
    public void SetTypes(Node node, InferenceContext context)
    {
        for (int index = 0; index < node.Outputs.Count; index++)
        {
            if (node.Outputs[index] is { } output)
            {
                Shape shape = index == 0 ? new Shape([Steps, Directions, Batch, Hidden]) : new Shape([Directions, Batch, Hidden]);
                context.SetType(output, new TensorType(ElementType.Float32, shape));
            }
        }
    }
}

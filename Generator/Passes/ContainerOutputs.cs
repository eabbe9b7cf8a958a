using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes;

/// <summary>
/// Sets the model's outputs that are sequences or optionals apart from those that are tensors, when types are known.
/// <para>Before: outputs <c>y: float[2], s: sequence(float)</c>. After: output <c>y</c>, container output <c>s</c>.</para>
/// </summary>
internal static class ContainerOutputs
{
    public static void Run(Graph graph)
    {
        for (int index = 0; index < graph.Outputs.Count; index++)
        {
            if (graph.Outputs[index].Container is not null)
            {
                graph.ContainerOutputs.Add(graph.Outputs[index]);
                graph.ContainerOutputNames.Add(graph.OutputName(index));
                graph.OutputNames.RemoveAt(index);
                graph.Outputs.RemoveAt(index);
                index--;
            }
        }
    }
}

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes;

/// <summary>Forgets what was inferred of a body, at any depth, before it is inferred with other types of its inputs: a value that was known may not be any more.</summary>
internal static class BodyReset
{
    public static void Run(Graph body)
    {
        body.Requirements.Clear();
        foreach (Node node in body.Nodes)
        {
            foreach (Value output in node.Outputs.OfType<Value>())
            {
                output.Type = null;
                output.Container = null;
                output.Constant = null;
                output.Elements = null;
            }

            foreach (Graph inner in node.Bodies)
            {
                Run(inner);
            }
        }
    }
}

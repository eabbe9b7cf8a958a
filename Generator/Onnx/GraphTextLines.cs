namespace Cameo.Generator.Onnx;

/// <summary>Finds the lines of a graph text at which the nodes of the main graph stand, for diagnostics.</summary>
internal static class GraphTextLines
{
    private const string GraphLine = " \"graph\": {";
    private const string GraphEndLine = " }";
    private const string NodesLine = "  \"node\": [";
    private const string NodesEndLine = "  ]";

    // The indentation of the main graph's nodes; what stands deeper belongs to a nested graph.
    private const string NodeStart = "   {";

    /// <summary>The line of each node of the main graph, in order; the first line of the text is 1.</summary>
    public static IReadOnlyList<int> FindNodes(string graphText)
    {
        List<int> lines = [];
        bool inGraph = false;
        bool inNodes = false;
        int line = 1;
        using StringReader reader = new(graphText);
        for (; reader.ReadLine() is { } text; line++)
        {
            inGraph = (inGraph || text == GraphLine) && !text.StartsWith(GraphEndLine, StringComparison.Ordinal);
            inNodes = inGraph && (inNodes || text == NodesLine) && !text.StartsWith(NodesEndLine, StringComparison.Ordinal);
            if (inNodes && text.StartsWith(NodeStart, StringComparison.Ordinal))
            {
                lines.Add(line);
            }
        }

        return lines;
    }
}

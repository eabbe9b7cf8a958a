using Cameo.Generator.Onnx.Proto;
using Google.Protobuf.Collections;

namespace Cameo.Generator.Onnx;

/// <summary>Finds the floating-point values that determine shapes: the scales and regions of Resize and Upsample.</summary>
internal static class ShapeInputs
{
    /// <summary>The names of those values in all graphs; a name that means several values in different graphs counts for all of them.</summary>
    public static HashSet<string> Find(ModelProto model)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        if (model.Graph is not null)
        {
            AddNodes(names, model.Graph.Node);
        }

        foreach (FunctionProto function in model.Functions)
        {
            AddNodes(names, function.Node);
        }

        return names;
    }

    private static void AddNodes(HashSet<string> names, RepeatedField<NodeProto> nodes)
    {
        foreach (NodeProto node in nodes)
        {
            if (node.OpType is "Resize" or "Upsample")
            {
                // The first input is the image.
                names.UnionWith(node.Input.Skip(1));
            }

            foreach (AttributeProto attribute in node.Attribute)
            {
                if (attribute.G is not null)
                {
                    AddNodes(names, attribute.G.Node);
                }

                foreach (GraphProto graph in attribute.Graphs)
                {
                    AddNodes(names, graph.Node);
                }
            }
        }
    }
}

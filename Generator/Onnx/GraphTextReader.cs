using Cameo.Generator.Onnx.Proto;
using Google.Protobuf;

namespace Cameo.Generator.Onnx;

/// <summary>Reads the graph text, the protobuf JSON of a <see cref="ModelProto"/>.</summary>
internal static class GraphTextReader
{
    /// <summary>
    /// The deepest nesting of JSON objects. The import stops at 32 nested graphs of three objects each (graph, node, attribute), and the protobuf library at
    /// 100 nested types inside the innermost one.
    /// </summary>
    private const int RecursionLimit = 250;

    private static readonly JsonParser Parser = new(new JsonParser.Settings(RecursionLimit).WithIgnoreUnknownFields(true));

    /// <exception cref="InvalidGraphTextException">The text is not the JSON of a model.</exception>
    public static ModelProto Read(string text)
    {
        try
        {
            return Parser.Parse<ModelProto>(text);
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or InvalidJsonException or InvalidOperationException or FormatException or OverflowException)
        {
            throw new InvalidGraphTextException("The graph text can't be read: " + exception.Message, exception);
        }
    }
}

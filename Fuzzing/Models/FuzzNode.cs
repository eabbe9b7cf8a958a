using Cameo.Generator.Onnx.Proto;
using Cameo.Tests.Infrastructure;

namespace Cameo.Fuzzing.Models;

/// <summary>Makes nodes.</summary>
internal static class FuzzNode
{
    /// <summary>A node named after its first result.</summary>
    public static NodeProto Create(string domain, string type, IEnumerable<string> inputs, IEnumerable<string> outputs, params IEnumerable<(string Name, object Value)> attributes)
    {
        string[] results = [.. outputs];
        return OnnxParts.Node(domain, type, $"{results.First(static name => name.Length > 0)}_{type}", inputs, results, attributes);
    }
}

using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// Integer products whose sums are only read as floating-point numbers, as behind DynamicQuantizeLinear: converted as they leave the product, so that what follows is its epilogue.
/// <para>Before: <c>i = cameo.IntegerMatMul(q, w, z) to=int32; f = Cast(i); y = Mul(f, s)</c>. After: <c>f = cameo.IntegerMatMul(q, w, z) to=float; y = Mul(f, s)</c>.</para>
/// </summary>
internal sealed class IntegerSumPattern : Pattern
{
    public override bool IsAnchor(Node node) => node is { Domain: "", Type: "Cast" };

    public override void Rewrite(Node node, RecognitionContext context)
    {
        if (node.Output.ElementType != ElementType.Float32 || node.Input(0).Producer is not { Domain: OperatorRegistry.InternalDomain, Type: "IntegerMatMul" or "IntegerConv" } product
            || product.Output.ElementType != ElementType.Int32 || Matching.OnlyReader(product.Output, context.Graph) != node)
        {
            return;
        }

        ExpansionContext nodes = context.Rewrite(node.Output, [.. product.Inputs.OfType<Value>()]).Nodes;
        (string, object)[] attributes = [.. product.Attributes.Values.Select(attribute => (attribute.Name, attribute.Name == "to" ? (long)ElementType.Float32 : attribute.Value))];
        Value sums = nodes.Add($"{OperatorRegistry.InternalDomain}.{product.Type}", attributes, [.. product.Inputs]);
        context.Recognize(PatternNames.QuantizedProduct, sums);
        context.Graph.ReplaceUses(node.Output, sums);
    }
}

using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>Identity: https://onnx.ai/onnx/operators/onnx__Identity.html, from version 14 on of sequences too and from version 16 on of optionals.</summary>
internal sealed class IdentityOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new IdentityOperators()];

    public override string Type => "Identity";

    public override IReadOnlyList<int> Versions => [1, 13, 14, 16, 19, 21, 23, 24, 25];

    public override bool TakesContainers => true;

    public override void Infer(Node node, InferenceContext context)
    {
        Value input = node.Input(0);
        if (input.Container is not { } container)
        {
            ReshapingOperator.SetReshaped(node.Output, input, input.Shape, context);
            return;
        }

        node.Output.Container = node.Version >= (container.IsOptional ? 16 : 14)
            ? container
            : throw new ModelException(node, $"'{input.Name}' is {container}, and version {node.Version} takes tensors");
    }

    /// <summary>Nothing but a name for its input.</summary>
    public override bool Normalize(Node node, ExpansionContext context)
    {
        // A body hands out what it makes itself: nothing would know that a value from outside is read there.
        Graph graph = context.Graph;
        if (graph.IsBody && graph.IsOutput(node.Output) && (node.Input(0).Producer is not { } producer || !graph.Nodes.Contains(producer)))
        {
            return false;
        }

        context.Replace(node.Output, node.Input(0));
        return true;
    }

    public override void Lower(Node node, LoweringContext context)
    {
        if (node.Input(0).Container is not null)
        {
            context.Sequences.SetAlias(node.Output, node.Input(0));
            return;
        }

        context.SetView(node.Output, context.Read(node.Input(0)));
    }
}

using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>Identity: https://onnx.ai/onnx/operators/onnx__Identity.html. Sequences and optionals (versions 14 and 16) are refused.</summary>
internal sealed class IdentityOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new IdentityOperators()];

    public override string Type => "Identity";

    public override IReadOnlyList<int> Versions => [1, 13, 14, 16, 19, 21, 23, 24, 25];

    public override void Infer(Node node, InferenceContext context) => ReshapingOperator.SetReshaped(node.Output, node.Input(0), node.Input(0).Shape, context);

    /// <summary>Nothing but a name for its input.</summary>
    public override bool Normalize(Node node, ExpansionContext context)
    {
        context.Replace(node.Output, node.Input(0));
        return true;
    }

    public override void Lower(Node node, LoweringContext context) => context.SetView(node.Output, context.Read(node.Input(0)));
}

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>An operator of com.microsoft that is a few others: its outputs' types, and the nodes that make them.</summary>
/// <param name="type">The operator's name.</param>
/// <param name="infer">Checks the node and gives the types of its outputs.</param>
/// <param name="write">Writes the nodes and returns the outputs; null for those that cannot be asked for.</param>
internal sealed class ComposedOperator(string type, Func<Node, InferenceContext, IReadOnlyList<TensorType?>> infer, Func<Node, ExpansionContext, IReadOnlyList<Value?>> write) : Operator
{
    public ComposedOperator(string type, Func<Node, IReadOnlyList<TensorType?>> infer, Func<Node, ExpansionContext, IReadOnlyList<Value?>> write)
        : this(type, (node, _) => infer(node), write)
    {
    }

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => type;

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        IReadOnlyList<TensorType?> types = infer(node, context);
        for (int output = 0; output < node.Outputs.Count; output++)
        {
            if (node.Outputs[output] is { } value)
            {
                context.SetType(value, output < types.Count && types[output] is { } known ? known : throw ModelException.Unsupported(node, $"output {output}"));
            }
        }
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        IReadOnlyList<Value?> results = write(node, context);
        for (int output = 0; output < node.Outputs.Count; output++)
        {
            if (node.Outputs[output] is { } value)
            {
                context.Replace(value, results[output]!);
            }
        }

        return true;
    }
}

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Gradient of ai.onnx.preview.training: https://onnx.ai/onnx/operators/onnx_aionnxpreviewtraining_Gradient.html. Reverse-mode differentiation while the model is compiled: the nodes
/// between the tensors that <c>xs</c> names and the one that <c>y</c> names are gone through from the last to the first, and what each adds to the gradient is written as ordinary operators, which
/// are compiled like all others (and can be differentiated again). Where the node's inputs are other tensors than those that <c>xs</c> and <c>zs</c> name, the nodes between are written a second time for
/// them. The gradient of a tensor is that of the sum of its elements. <see cref="DerivativeRules"/> has the operators; others are differentiated where they can be written
/// with simpler ones, else refused.
/// </summary>
internal sealed class GradientOperator : Operator
{
    /// <summary>Says that the tensors which attributes name stand behind the inputs.</summary>
    private const string Resolved = "cameo.resolved";

    public static readonly IReadOnlyList<Operator> All = [new GradientOperator()];

    public override string Domain => OptimizerOperators.TrainingDomain;

    public override string Type => "Gradient";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        string[] xs = node.StringsAttribute("xs") ?? throw new ModelException(node, "attribute 'xs' is missing");
        string[] zs = node.StringsAttribute("zs") ?? [];
        int given = xs.Length + zs.Length;
        if (!node.HasAttribute(Resolved))
        {
            if (node.Inputs.Count != given || node.Outputs.Count > xs.Length)
            {
                throw new ModelException(node, $"{node.Inputs.Count} inputs and {node.Outputs.Count} outputs for {given} names in 'xs' and 'zs', of which {xs.Length} are in 'xs'");
            }

            Value[] named = [.. xs.Concat(zs).Append(node.StringAttribute("y", "")).Select(name => Find(node, name, context.Graph))];
            foreach (Value value in named)
            {
                node.AddInput(value);
            }

            node.SetAttribute(Resolved, 1L);
        }

        Value y = node.Input(2 * given);
        if (y.Type is null)
        {
            return;
        }

        if (!y.ElementType.IsFloat())
        {
            throw new ModelException(node, $"'{y.Name}' has elements of type {y.ElementType.OnnxName()}, which have no gradient");
        }

        for (int index = 0; index < given; index++)
        {
            Value value = node.Input(index), name = node.Input(given + index);
            if (value.ElementType != name.ElementType || value.Shape.Rank != name.Shape.Rank || (index < xs.Length && !value.ElementType.IsFloat()))
            {
                throw new ModelException(node, $"input {index} is {value.Type} and stands for '{name.Name}', which is {name.Type}{(index < xs.Length ? "; gradients are those of floating-point numbers" : "")}");
            }

            if (index < node.Outputs.Count && node.Outputs[index] is { } output)
            {
                context.SetType(output, value.RequiredType);
            }
        }
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        int variables = node.StringsAttribute("xs")!.Length, given = (node.Inputs.Count - 1) / 2;
        Value[] inputs = [.. Enumerable.Range(0, given).Select(node.Input)], named = [.. Enumerable.Range(given, given).Select(node.Input)];
        if (!inputs.SequenceEqual(named))
        {
            node.SetInput(2 * given, Differentiation.Rewrite(node, context, node.Input(2 * given), named, inputs));
        }

        // The values that stay what they are when others change: nothing is differentiated behind them.
        var ends = new HashSet<Value>(inputs);
        Value?[] gradients = Differentiation.Run(node, context, [.. inputs.Take(variables)], ends);
        for (int index = 0; index < node.Outputs.Count; index++)
        {
            if (node.Outputs[index] is { } output)
            {
                context.Replace(output, gradients[index] ?? Differentiation.Filled(context, inputs[index], 0));
            }
        }

        return true;
    }

    private static Value Find(Node node, string name, Graph graph)
    {
        int place = graph.Nodes.IndexOf(node);
        Value? value = graph.Inputs.FirstOrDefault(input => input.Name == name)
            ?? graph.Nodes.Take(place).SelectMany(earlier => earlier.Outputs.Concat(earlier.Inputs)).Concat(node.Inputs).FirstOrDefault(value => value?.Name == name);
        return value ?? throw new ModelException(node, $"no value '{name}' is computed before the node");
    }
}

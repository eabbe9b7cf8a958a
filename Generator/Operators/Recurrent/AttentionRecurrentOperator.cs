using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// com.microsoft.AttnLSTM: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.AttnLSTM. An LSTM whose input is joined by the state of Bahdanau's attention over a
/// memory: W is [directions, 4 · hidden, input + attention]. All attributes and inputs of LSTM, without a layout; the attention's layer AW is optional. float32; float64 is refused.
/// </summary>
internal sealed class AttentionRecurrentOperator : Operator
{
    private const int QueryWeights = 8, MemoryWeights = 9, Vector = 10, Memory = 11, MemoryLengths = 12, LayerWeights = 13;

    public static readonly IReadOnlyList<Operator> All = [new AttentionRecurrentOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "AttnLSTM";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        RecurrentSizes sizes = Check(node);
        sizes.SetTypes(node, context);
        _ = RecurrentActivation.Read(node, "LSTM", sizes.Directions);
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        RecurrentSizes sizes = Check(node);
        Value[][] results = [.. Enumerable.Range(0, sizes.Directions).Select(direction => Direction(node, sizes, direction, context))];
        RecurrentLayer.Replace(node, results, batchFirst: false, context);
        return true;
    }

    private static Value[] Direction(Node node, RecurrentSizes sizes, int direction, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value Part(int input) => RecurrentLayer.Part(node.Input(input), direction, 0, context);
        Value? Optional(int input) => node.OptionalInput(input) is null ? null : Part(input);
        Value weights = formula.Transpose(Part(1), 1, 0);
        long all = weights.Shape[0].Constant;
        Value projections = context.Add("MatMul", node.Input(0), RecurrentLayer.Slice(weights, 0, sizes.Input, 0, context));
        if (Optional(3) is { } biases)
        {
            long gates = 4 * sizes.Hidden;
            Value both = formula.Add(RecurrentLayer.Slice(biases, 0, gates, 0, context), RecurrentLayer.Slice(biases, gates, 2 * gates, 0, context));
            projections = formula.Add(projections, both);
        }

        context.AddWithOutputs(
            $"{OperatorRegistry.InternalDomain}.Recurrence",
            RecurrentLayer.Attributes(node, "LSTM", sizes.Directions, direction, batchFirst: false),
            [
                projections, formula.Transpose(Part(2), 1, 0), null, null, Optional(7), node.OptionalInput(4), Optional(5), Optional(6),
                RecurrentLayer.Slice(weights, sizes.Input, all, 0, context),
                Part(QueryWeights),
                context.Add("MatMul", node.Input(Memory), Part(MemoryWeights)),
                Part(Vector),
                node.Input(Memory),
                node.OptionalInput(MemoryLengths),
                Optional(LayerWeights),
            ],
            3,
            out Node added);
        return [.. added.Outputs.Select(output => output!)];
    }

    private static RecurrentSizes Check(Node node)
    {
        for (int input = 0; input < node.Inputs.Count; input++)
        {
            if (node.Inputs[input] is { } value && value.ElementType != (input is 4 or MemoryLengths ? ElementType.Int32 : ElementType.Float32))
            {
                throw ModelException.Unsupported(node, $"input {input} is {value.Type}; Cameo runs recurrent networks in float32, with lengths in int32");
            }
        }

        int directions = RecurrentLayer.Directions(node);
        Shape x = RecurrentLayer.Ranked(node, 0, 3);
        Shape recurrence = RecurrentLayer.Ranked(node, 2, 3);
        Shape memory = RecurrentLayer.Ranked(node, Memory, 3);
        if (recurrence[2].Value is not { } hidden || x[2].Value is not { } inputSize || memory[2].Value is not { } memoryDepth || RecurrentLayer.Ranked(node, Vector, 2)[1].Value is not { } depth)
        {
            throw ModelException.Unsupported(node, $"inputs {x}, recurrence weights {recurrence} and memory {memory} must have known numbers of elements");
        }

        if (node.IntegerAttribute("hidden_size", hidden) != hidden || hidden < 1)
        {
            throw new ModelException(node, $"attribute 'hidden_size' is {node.IntegerAttribute("hidden_size", hidden)} but the recurrence weights have {hidden} columns");
        }

        Dimension attention = node.OptionalInput(LayerWeights) is null ? memoryDepth : RecurrentLayer.Ranked(node, LayerWeights, 3)[2];
        Dimension batch = x[1];
        RecurrentLayer.Require(node, 1, RecurrentLayer.Ranked(node, 1, 3), [directions, 4 * hidden, attention + inputSize]);
        RecurrentLayer.Require(node, 2, recurrence, [directions, 4 * hidden, hidden]);
        RecurrentLayer.RequireOptional(node, 3, [directions, 8 * hidden]);
        RecurrentLayer.RequireOptional(node, 4, [batch]);
        RecurrentLayer.RequireOptional(node, 5, [directions, batch, hidden]);
        RecurrentLayer.RequireOptional(node, 6, [directions, batch, hidden]);
        RecurrentLayer.RequireOptional(node, 7, [directions, 3 * hidden]);
        RecurrentLayer.Require(node, QueryWeights, RecurrentLayer.Ranked(node, QueryWeights, 3), [directions, hidden, depth]);
        RecurrentLayer.Require(node, MemoryWeights, RecurrentLayer.Ranked(node, MemoryWeights, 3), [directions, memoryDepth, depth]);
        RecurrentLayer.Require(node, Vector, RecurrentLayer.Ranked(node, Vector, 2), [directions, depth]);
        RecurrentLayer.Require(node, Memory, memory, [batch, memory[1], memoryDepth]);
        RecurrentLayer.RequireOptional(node, MemoryLengths, [batch]);
        RecurrentLayer.RequireOptional(node, LayerWeights, [directions, memoryDepth + hidden, attention]);
        return new RecurrentSizes(x[0], batch, inputSize, hidden, directions);
    }
}

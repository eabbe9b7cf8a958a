using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// RNN, GRU and LSTM: https://onnx.ai/onnx/operators/onnx__RNN.html, https://onnx.ai/onnx/operators/onnx__GRU.html, https://onnx.ai/onnx/operators/onnx__LSTM.html. All attributes:
/// directions, activations with parameters, clip, <c>linear_before_reset</c>, <c>input_forget</c>, <c>layout</c> (version 14), lengths of sequences, initial states, peepholes. Version 3
/// of GRU added <c>linear_before_reset</c>, version 7 dropped <c>output_sequence</c>, which only said which outputs are wanted. float32, 16-bit floating-point numbers by way of it, and float64.
/// <para>A direction becomes one product of all inputs with their weights, to which both biases are added, and <c>cameo.Recurrence</c>, which does the steps.</para>
/// </summary>
internal sealed class RecurrentOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new RecurrentOperators("RNN", [1, 7, 14, 22], 1),
        new RecurrentOperators("GRU", [1, 3, 7, 14, 22], 3),
        new RecurrentOperators("LSTM", [1, 7, 14, 22], 4),
    ];

    private const int LengthsInput = 4;

    private readonly int _gates;

    private RecurrentOperators(string type, int[] versions, int gates)
    {
        Type = type;
        Versions = versions;
        _gates = gates;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    public override void Infer(Node node, InferenceContext context)
    {
        Sizes sizes = Check(node, context);
        Shape all = IsBatchFirst(node)
            ? new Shape([sizes.Batch, sizes.Steps, sizes.Directions, sizes.Hidden])
            : new Shape([sizes.Steps, sizes.Directions, sizes.Batch, sizes.Hidden]);
        Shape last = IsBatchFirst(node)
            ? new Shape([sizes.Batch, sizes.Directions, sizes.Hidden])
            : new Shape([sizes.Directions, sizes.Batch, sizes.Hidden]);
        for (int index = 0; index < node.Outputs.Count; index++)
        {
            if (node.Outputs[index] is { } output)
            {
                context.SetType(output, new TensorType(node.Input(0).ElementType, index == 0 ? all : last));
            }
        }

        _ = RecurrentActivation.Read(node, Type, sizes.Directions);
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        if (node.Input(0).ElementType is ElementType.Float16 or ElementType.BFloat16)
        {
            var formula = new Formula(context);
            Node wide = context.AddCopy(node, [.. node.Inputs.Select((input, index) => input is null || index == LengthsInput ? input : formula.Widen(input))]);
            for (int index = 0; index < node.Outputs.Count; index++)
            {
                if (node.Outputs[index] is { } output)
                {
                    context.Replace(output, formula.Cast(wide.Outputs[index]!, output.ElementType));
                }
            }

            return true;
        }

        Sizes sizes = Check(node);
        bool batchFirst = IsBatchFirst(node);
        int states = Type == "LSTM" ? 3 : 2;
        Value[][] results = [.. Enumerable.Range(0, sizes.Directions).Select(direction => Direction(node, sizes, direction, states, context))];
        RecurrentLayer.Replace(node, results, batchFirst, context);
        return true;
    }

    private Value[] Direction(Node node, Sizes sizes, int direction, int states, ExpansionContext context)
    {
        long hidden = sizes.Hidden;
        bool batchFirst = IsBatchFirst(node);
        bool resetsAfter = Type == "GRU" && node.IntegerAttribute("linear_before_reset", 0) != 0;
        Value weights = context.Add("Transpose", [("perm", new long[] { 1, 0 })], RecurrentLayer.Part(node.Input(1), direction, 0, context));
        Value recurrence = context.Add("Transpose", [("perm", new long[] { 1, 0 })], RecurrentLayer.Part(node.Input(2), direction, 0, context));
        Value projections = context.Add("MatMul", node.Input(0), weights);
        Value? hiddenBias = null;
        if (node.OptionalInput(3) is { } biases)
        {
            Value both = RecurrentLayer.Part(biases, direction, 0, context);
            Value input = RecurrentLayer.Slice(both, 0, _gates * hidden, 0, context);
            Value recurrent = RecurrentLayer.Slice(both, _gates * hidden, 2 * _gates * hidden, 0, context);
            if (resetsAfter)
            {
                // The hidden gate's recurrence bias is reset with the product.
                hiddenBias = RecurrentLayer.Slice(recurrent, 2 * hidden, 3 * hidden, 0, context);
                Value others = context.Add("Add", RecurrentLayer.Slice(input, 0, 2 * hidden, 0, context), RecurrentLayer.Slice(recurrent, 0, 2 * hidden, 0, context));
                input = context.Add("Concat", [("axis", 0L)], others, RecurrentLayer.Slice(input, 2 * hidden, 3 * hidden, 0, context));
            }
            else
            {
                input = context.Add("Add", input, recurrent);
            }

            projections = context.Add("Add", projections, input);
        }

        Value? hiddenRecurrence = null;
        if (Type == "GRU" && !resetsAfter)
        {
            hiddenRecurrence = RecurrentLayer.Slice(recurrence, 2 * hidden, 3 * hidden, 1, context);
            recurrence = RecurrentLayer.Slice(recurrence, 0, 2 * hidden, 1, context);
        }

        int stateAxis = batchFirst ? 1 : 0;
        Value? initialHidden = node.OptionalInput(5) is { } h ? RecurrentLayer.Part(h, direction, stateAxis, context) : null;
        Value? initialCell = node.OptionalInput(6) is { } c ? RecurrentLayer.Part(c, direction, stateAxis, context) : null;
        Value? peepholes = node.OptionalInput(7) is { } p ? RecurrentLayer.Part(p, direction, 0, context) : null;
        context.AddWithOutputs(
            $"{OperatorRegistry.InternalDomain}.Recurrence",
            RecurrentLayer.Attributes(node, Type, sizes.Directions, direction, batchFirst),
            [projections, recurrence, hiddenRecurrence, hiddenBias, peepholes, node.OptionalInput(4), initialHidden, initialCell],
            states,
            out Node added);
        return [.. added.Outputs.Select(output => output!)];
    }

    private static bool IsBatchFirst(Node node) => node.IntegerAttribute("layout", 0) != 0;

    /// <summary>The sizes, after checks; while types are inferred, of open sizes too.</summary>
    private Sizes Check(Node node, InferenceContext? context = null)
    {
        for (int input = 0; input < node.Inputs.Count; input++)
        {
            if (node.Inputs[input] is { } value && (input == LengthsInput
                ? value.ElementType != ElementType.Int32
                : value.ElementType != node.Input(0).ElementType || value.ElementType is not (ElementType.Float32 or ElementType.Float64 or ElementType.Float16 or ElementType.BFloat16)))
            {
                throw ModelException.Unsupported(node, $"input {input} is {value.Type}; Cameo runs recurrent networks in float32, float64, float16 or bfloat16, with lengths in int32");
            }
        }

        int directions = RecurrentLayer.Directions(node);
        Shape x = RecurrentLayer.Ranked(node, 0, 3);
        Shape weights = RecurrentLayer.Ranked(node, 1, 3);
        Shape recurrence = RecurrentLayer.Ranked(node, 2, 3);
        long hidden = recurrence[2].Value ?? throw ModelException.Unsupported(node, $"the hidden size '{recurrence[2]}' is not known");
        if (node.IntegerAttribute("hidden_size", hidden) != hidden || hidden < 1)
        {
            throw new ModelException(node, $"attribute 'hidden_size' is {node.IntegerAttribute("hidden_size", hidden)} but the recurrence weights have {hidden} columns");
        }

        (Dimension batch, Dimension steps) = IsBatchFirst(node) ? (x[0], x[1]) : (x[1], x[0]);
        RecurrentLayer.Require(node, 1, weights, [directions, _gates * hidden, x[2]], context);
        RecurrentLayer.Require(node, 2, recurrence, [directions, _gates * hidden, hidden], context);
        RecurrentLayer.RequireOptional(node, 3, [directions, 2 * _gates * hidden], context);
        RecurrentLayer.RequireOptional(node, 4, [batch], context);
        Dimension[] state = IsBatchFirst(node) ? [batch, directions, hidden] : [directions, batch, hidden];
        RecurrentLayer.RequireOptional(node, 5, state, context);
        RecurrentLayer.RequireOptional(node, 6, state, context);
        RecurrentLayer.RequireOptional(node, 7, [directions, 3 * hidden], context);
        return new Sizes(steps, batch, hidden, directions);
    }

    private sealed record Sizes(Dimension Steps, Dimension Batch, long Hidden, int Directions);
}

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// com.microsoft.DynamicQuantizeLSTM: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.DynamicQuantizeLSTM. An LSTM with weights [directions, input, 4 · hidden] and
/// recurrence weights [directions, hidden, 4 · hidden] of 8-bit integers, a scale and zero point for a direction or for each column. Inputs of all steps, and the hidden states of each step, are rounded
/// to 8 bits with one scale before their products. Constant weights stay integers in memory.
/// </summary>
internal sealed class QuantizedRecurrentOperator : Operator
{
    private const int WeightScale = 8, RecurrenceScale = 10;

    public static readonly IReadOnlyList<Operator> All = [new QuantizedRecurrentOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "DynamicQuantizeLSTM";

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
        Value inputs = RoundedInputs(node, context);
        Value[][] results = [.. Enumerable.Range(0, sizes.Directions).Select(direction => Direction(node, sizes, inputs, direction, context))];
        RecurrentLayer.Replace(node, results, batchFirst: false, context);
        return true;
    }

    /// <summary>The inputs rounded to 8 bits. Steps behind the end of the longest sequence do not count for the range.</summary>
    private static Value RoundedInputs(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value x = node.Input(0);
        if (node.OptionalInput(4) is { } lengths)
        {
            Value longest = context.Add("ReduceMax", [("keepdims", 0L)], formula.Cast(lengths, ElementType.Int64));
            Value zero = context.Graph.AddConstant("zero", ConstantElements.FromIntegers([0], new TensorType(ElementType.Int64, Shape.Scalar)));
            Value one = context.Graph.AddConstant("one", ConstantElements.FromIntegers([1], new TensorType(ElementType.Int64, Shape.Scalar)));
            Value steps = formula.AlongAxis(context.Add("Range", zero, context.Size(x.Shape[0]), one), 0, 3);
            x = formula.Where(context.Add("Less", steps, longest), x, formula.Number(0, x));
        }

        context.AddWithOutputs("DynamicQuantizeLinear", [], [x], 3, out Node quantized);
        return context.Add("DequantizeLinear", quantized.Outputs[0], quantized.Outputs[1], quantized.Outputs[2]);
    }

    private static Value[] Direction(Node node, RecurrentSizes sizes, Value inputs, int direction, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value Part(int input) => RecurrentLayer.Part(node.Input(input), direction, 0, context);
        Value? Optional(int input) => node.OptionalInput(input) is null ? null : Part(input);
        long gates = 4 * sizes.Hidden;
        (Value scales, Value? zeros) = Parameters(node, WeightScale, direction, gates, context);
        Value projections = QuantizedMatMulOperator.Write(context, inputs, Part(1), scales, zeros, sizes.Input, 0);
        if (Optional(3) is { } biases)
        {
            Value both = formula.Add(RecurrentLayer.Slice(biases, 0, gates, 0, context), RecurrentLayer.Slice(biases, gates, 2 * gates, 0, context));
            projections = formula.Add(projections, both);
        }

        (Value? recurrenceScales, Value? recurrenceZeros) = Parameters(node, RecurrenceScale, direction, gates, context);
        Value recurrence = Part(2);
        if (recurrence.Constant is null || recurrenceScales.Constant is null || recurrenceZeros is { Constant: null })
        {
            Value elements = formula.Cast(recurrence, ElementType.Float32);
            elements = recurrenceZeros is null ? elements : formula.Subtract(elements, formula.Cast(recurrenceZeros, ElementType.Float32));
            recurrence = formula.Multiply(elements, recurrenceScales);
            recurrenceScales = recurrenceZeros = null;
        }

        context.AddWithOutputs(
            $"{OperatorRegistry.InternalDomain}.Recurrence",
            [.. RecurrentLayer.Attributes(node, "LSTM", sizes.Directions, direction, batchFirst: false), ("quantizes_state", 1L)],
            [
                projections, recurrence, null, null, Optional(7), node.OptionalInput(4), Optional(5), Optional(6),
                null, null, null, null, null, null, null, recurrenceScales, recurrenceZeros,
            ],
            3,
            out Node added);
        return [.. added.Outputs.Select(output => output!)];
    }

    /// <summary>Scales and zero points of a direction as [1, columns].</summary>
    private static (Value Scales, Value? Zeros) Parameters(Node node, int input, int direction, long columns, ExpansionContext context)
    {
        Value Columns(Value given)
        {
            Value part = RecurrentLayer.Slice(given, direction, direction + 1, 0, context);
            var formula = new Formula(context);
            return given.Shape.Rank == 2 ? part : context.Add("Expand", formula.Reshape(part, 1, 1), context.Integers(1, columns));
        }

        return (Columns(node.Input(input)), node.OptionalInput(input + 1) is { } zeros ? Columns(zeros) : null);
    }

    private static RecurrentSizes Check(Node node)
    {
        for (int input = 0; input < node.Inputs.Count; input++)
        {
            ElementType[] allowed = input switch
            {
                1 or 2 => [ElementType.Int8, ElementType.UInt8],
                4 => [ElementType.Int32],
                WeightScale + 1 => [node.Input(1).ElementType],
                RecurrenceScale + 1 => [node.Input(2).ElementType],
                _ => [ElementType.Float32],
            };
            if (node.Inputs[input] is { } value && !allowed.Contains(value.ElementType))
            {
                throw new ModelException(node, $"input {input} is {value.Type} and must have elements of type {string.Join(" or ", allowed.Select(type => type.OnnxName()))}");
            }
        }

        int directions = RecurrentLayer.Directions(node);
        Shape x = RecurrentLayer.Ranked(node, 0, 3);
        Shape recurrence = RecurrentLayer.Ranked(node, 2, 3);
        if (recurrence[1].Value is not { } hidden || x[2].Value is not { } inputSize)
        {
            throw ModelException.Unsupported(node, $"inputs {x} and recurrence weights {recurrence} must have known numbers of elements");
        }

        if (node.IntegerAttribute("hidden_size", hidden) != hidden || hidden < 1)
        {
            throw new ModelException(node, $"attribute 'hidden_size' is {node.IntegerAttribute("hidden_size", hidden)} but the recurrence weights have {hidden} rows");
        }

        Dimension batch = x[1];
        RecurrentLayer.Require(node, 1, RecurrentLayer.Ranked(node, 1, 3), [directions, inputSize, 4 * hidden]);
        RecurrentLayer.Require(node, 2, recurrence, [directions, hidden, 4 * hidden]);
        RecurrentLayer.RequireOptional(node, 3, [directions, 8 * hidden]);
        RecurrentLayer.RequireOptional(node, 4, [batch]);
        RecurrentLayer.RequireOptional(node, 5, [directions, batch, hidden]);
        RecurrentLayer.RequireOptional(node, 6, [directions, batch, hidden]);
        RecurrentLayer.RequireOptional(node, 7, [directions, 3 * hidden]);
        foreach (int input in new[] { WeightScale, WeightScale + 1, RecurrenceScale, RecurrenceScale + 1 })
        {
            if (node.OptionalInput(input) is { } parameter)
            {
                RecurrentLayer.Require(node, input, parameter.Shape, parameter.Shape.Rank switch
                {
                    1 => [directions],
                    2 => [directions, 4 * hidden],
                    _ => throw new ModelException(node, $"input {input} has the shape {parameter.Shape} and must have a number for each direction or each of its columns"),
                });
            }
        }

        return new RecurrentSizes(x[0], batch, inputSize, hidden, directions);
    }
}

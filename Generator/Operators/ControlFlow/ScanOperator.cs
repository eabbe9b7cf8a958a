using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Scan: https://onnx.ai/onnx/operators/onnx__Scan.html. From version 9 on: any axes and directions of what is scanned and collected. Version 8, with its batch axis and lengths of
/// sequences, is written as two of them as the model is read. States keep their shapes.
/// </summary>
internal sealed class ScanOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new ScanOperator()];

    public override string Type => "Scan";

    public override IReadOnlyList<int> Versions => [8, 9, 11, 16, 19, 21, 23, 24, 25];

    public override void Infer(Node node, InferenceContext context)
    {
        Graph body = Body(node, out int states, out int scanned);
        Dimension trips = Trips(node, states, scanned);
        LoopRegion.DeclareIteration(node, trips, context);
        for (int index = 0; index < states; index++)
        {
            body.Inputs[index].Type = node.Input(index).RequiredType;
        }

        for (int index = 0; index < scanned; index++)
        {
            Value input = node.Input(states + index);
            int axis = InputAxis(node, index, input);
            if ((input.Shape[axis] - trips).Value is { } difference && difference != 0)
            {
                throw new ModelException(node, $"input {states + index} has {input.Shape[axis]} parts and the first that is scanned {trips}");
            }

            if (input.Shape[axis] != trips)
            {
                context.Require(input.Shape[axis] - trips, 0, $"difference between the lengths of what {node} scans");
            }

            body.Inputs[states + index].Type = new TensorType(input.ElementType, new Shape([.. input.Shape.Where((_, current) => current != axis)]));
        }

        foreach (Value input in body.Inputs)
        {
            input.Container = null;
        }

        bool isValid = context.InferBodies(node);
        if (body.Outputs.FirstOrDefault(output => output.Container is not null) is { } container)
        {
            throw new ModelException(node, $"the body gives {container.Container}, and only tensors can be carried and collected");
        }

        if (!isValid || body.Outputs.Any(output => output.Type is null))
        {
            return;
        }

        for (int index = 0; index < node.Outputs.Count; index++)
        {
            TensorType result = body.Outputs[index].RequiredType;
            if (index < states && !result.Shape.Equals(node.Input(index).Shape))
            {
                throw ModelException.Unsupported(node, $"state {index} changes its shape from {node.Input(index).Shape} to {result.Shape}");
            }

            if (node.Outputs[index] is { } output)
            {
                List<Dimension> sizes = [.. result.Shape];
                if (index >= states)
                {
                    sizes.Insert(OutputAxis(node, index - states, result.Rank + 1), trips);
                }

                context.SetType(output, new TensorType(result.ElementType, new Shape(sizes)));
            }
        }
    }

    public override void Lower(Node node, LoweringContext context)
    {
        Graph body = Body(node, out int states, out int scanned);
        Dimension trips = Trips(node, states, scanned);
        Dimension iteration = LoopRegion.Iteration(node);
        var region = new LoopRegion(node, body, context);
        Dimension Position(string attribute, int index) => Entry(node, attribute, index) == 1 ? trips - 1 - iteration : iteration;
        for (int index = 0; index < scanned; index++)
        {
            Value input = node.Input(states + index);
            View whole = context.Read(input);
            context.SetView(body.Inputs[states + index], LoopRegion.Part(whole, InputAxis(node, index, input), Position("scan_input_directions", index)));
        }

        View[] results = new View[node.Outputs.Count];
        for (int index = 0; index < results.Length; index++)
        {
            if (index < states)
            {
                results[index] = region.Carry(node.Input(index), body.Inputs[index], body.Outputs[index]);
            }
            else if (node.Outputs[index] is { } output)
            {
                int axis = OutputAxis(node, index - states, output.Shape.Rank);
                results[index] = region.Collect(output, body.Outputs[index], axis, Position("scan_output_directions", index - states));
            }
        }

        region.Add("scan", $"{trips} iterations", null, (writer, index) => $"{index} < {writer.Size(trips)}");
        for (int index = 0; index < results.Length; index++)
        {
            if (node.Outputs[index] is { } output)
            {
                context.SetView(output, results[index]);
            }
        }
    }

    private static Graph Body(Node node, out int states, out int scanned)
    {
        Graph body = node.GraphAttribute("body") ?? throw new ModelException(node, "attribute 'body' is missing");
        long count = node.IntegerAttribute("num_scan_inputs", 0);
        if (count < 1 || count > node.Inputs.Count)
        {
            throw new ModelException(node, $"attribute 'num_scan_inputs' is {count} with {node.Inputs.Count} inputs");
        }

        scanned = (int)count;
        states = node.Inputs.Count - scanned;
        return body.Inputs.Count == node.Inputs.Count && body.Outputs.Count == node.Outputs.Count && node.Outputs.Count >= states
            ? body
            : throw new ModelException(node, $"the body has {body.Inputs.Count} inputs and {body.Outputs.Count} outputs, the node {node.Inputs.Count} and {node.Outputs.Count}");
    }

    private static Dimension Trips(Node node, int states, int scanned)
    {
        Dimension? known = null;
        for (int index = 0; index < scanned; index++)
        {
            Value input = node.Input(states + index);
            Dimension size = input.Shape[InputAxis(node, index, input)];
            known = known is null || (size.IsStatic && !known.IsStatic) ? size : known;
        }

        return known!;
    }

    private static int InputAxis(Node node, int index, Value input) => ShapeMath.Axis(node, Entry(node, "scan_input_axes", index), input.Shape.Rank);

    private static int OutputAxis(Node node, int index, int rank) => ShapeMath.Axis(node, Entry(node, "scan_output_axes", index), rank);

    private static long Entry(Node node, string attribute, int index)
    {
        long[]? entries = node.IntegersAttribute(attribute);
        return entries is null ? 0
            : index < entries.Length ? entries[index]
            : throw new ModelException(node, $"attribute '{attribute}' has {entries.Length} entries");
    }
}

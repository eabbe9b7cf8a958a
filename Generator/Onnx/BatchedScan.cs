using Cameo.Generator.Graphs;
using Cameo.Generator.Onnx.Proto;

namespace Cameo.Generator.Onnx;

/// <summary>
/// Writes Scan of version 8, which scans every sequence of a batch, with Scan of today: https://onnx.ai/onnx/operators/onnx__Scan.html.
/// <para>Before: <c>s, y = Scan₈(lengths, s0: [batch, …], x: [batch, steps, …]) { body }</c>.
/// After: <c>s, y = Scan(s0, x, lengths) { Scan(s0ᵢ, xᵢ) { body } }</c>, the outer one over the batch.</para>
/// From a sequence's length on its states stay as they are, and its results are zeros. A sequence that is scanned backwards begins at its last element that counts: it is turned round before.
/// </summary>
internal static class BatchedScan
{
    /// <summary>Overload of nodes that are written here: they mean the newest version of their operators, whatever the model imports.</summary>
    public const string Mark = "cameo.batch";

    public static bool Is(NodeProto node, int version) => version == 8 && node is { OpType: "Scan", Domain: "" or "ai.onnx" } && node.Overload != Mark;

    public static NodeProto Rewrite(NodeProto node, string name)
    {
        AttributeProto? Attribute(string wanted) => node.Attribute.FirstOrDefault(attribute => attribute.Name == wanted);
        var described = new Node(name, "", node.OpType, 8);
        GraphProto body = Attribute("body")?.G ?? throw new ModelException(described, "attribute 'body' is missing");
        int count = node.Input.Count - 1, scanned = (int)(Attribute("num_scan_inputs")?.I ?? 0), states = count - scanned;
        if (scanned < 1 || states < 0 || body.Input.Count != count || body.Output.Count < states || node.Output.Count > body.Output.Count)
        {
            throw new ModelException(described, $"the body has {body.Input.Count} inputs and {body.Output.Count} outputs for {count} inputs of which {scanned} are scanned");
        }

        bool hasLengths = node.Input[0].Length > 0;
        AttributeProto? directions = Attribute("directions");
        string[] inputs = [.. Enumerable.Range(0, count).Select(index => $"{name}/part {index}")], outputs = [.. body.Output.Select((_, index) => $"{name}/result {index}")];
        string length = $"{name}/length", step = $"{name}/step";
        NodeProto sequence = Scan($"{name}/sequence", hasLengths ? Gated(body, states, name, length) : body, scanned);
        var batch = new GraphProto { Name = $"{name}/batch" };
        bool[] turns = [.. Enumerable.Range(0, count).Select(index => hasLengths && index >= states && directions?.Ints.ElementAtOrDefault(index - states) == 1)];
        string[] scannedInputs = [.. inputs.Select((input, index) => turns[index] ? Turn(batch, input, length) : input)];
        sequence.Input.Add(hasLengths ? [$"{name}/zero", .. scannedInputs] : inputs);
        sequence.Output.Add(hasLengths ? [step, .. outputs] : outputs);
        if (directions is not null && !hasLengths)
        {
            AttributeProto renamed = directions.Clone();
            renamed.Name = "scan_input_directions";
            sequence.Attribute.Add(renamed);
        }

        batch.Node.Add(sequence);
        batch.Input.Add((hasLengths ? [.. inputs, length] : inputs).Select(input => new ValueInfoProto { Name = input }));
        batch.Output.Add(outputs.Take(node.Output.Count).Select(output => new ValueInfoProto { Name = output }));
        if (hasLengths)
        {
            batch.Initializer.Add([Number($"{name}/zero", 0), List($"{length}/axis", 0)]);
            batch.Node.Insert(0, New("Unsqueeze", $"{length}/list", length, $"{length}/axis"));
        }

        NodeProto result = Scan(name, batch, hasLengths ? count + 1 : count);
        result.Input.Add(node.Input.Skip(1));
        if (hasLengths)
        {
            result.Input.Add(node.Input[0]);
        }

        result.Output.Add(node.Output);
        return result;
    }

    /// <summary>A sequence whose elements up to its length are in reverse order.</summary>
    private static string Turn(GraphProto batch, string input, string length)
    {
        string axis = $"{input}/axis", batched = $"{input}/batched", turned = $"{input}/turned", result = $"{input}/reverse";
        batch.Initializer.Add(List(axis, 1));
        NodeProto reverse = New("ReverseSequence", turned, batched, $"{length}/list");
        reverse.Attribute.Add(
        [
            new AttributeProto { Name = "time_axis", Type = AttributeProto.Types.AttributeType.Int, I = 0 },
            new AttributeProto { Name = "batch_axis", Type = AttributeProto.Types.AttributeType.Int, I = 1 },
        ]);
        batch.Node.Add([New("Unsqueeze", batched, input, axis), reverse, New("Squeeze", result, turned, axis)]);
        return result;
    }

    /// <summary>The body with the number of the step as first state, which from the sequence's length on changes nothing.</summary>
    private static GraphProto Gated(GraphProto body, int states, string name, string length)
    {
        GraphProto gated = body.Clone();
        string step = $"{name}/number", isActive = $"{name}/active";
        gated.Input.Insert(0, new ValueInfoProto { Name = step });
        gated.Initializer.Add([Number($"{name}/one", 1), Number($"{name}/nothing", 0)]);
        gated.Node.Add([New("Add", $"{name}/next", step, $"{name}/one"), New("Less", isActive, step, length)]);
        gated.Output.Clear();
        gated.Output.Add(new ValueInfoProto { Name = $"{name}/next" });
        for (int index = 0; index < body.Output.Count; index++)
        {
            string made = body.Output[index].Name, kept = $"{name}/kept {index}";
            string otherwise = index < states ? body.Input[index].Name : $"{name}/blank {index}";
            if (index >= states)
            {
                gated.Node.Add(New("CastLike", otherwise, $"{name}/nothing", made));
            }

            gated.Node.Add(New("Where", kept, isActive, made, otherwise));
            gated.Output.Add(new ValueInfoProto { Name = kept });
        }

        return gated;
    }

    private static NodeProto Scan(string name, GraphProto body, int scanned)
    {
        var node = new NodeProto { OpType = "Scan", Name = name, Overload = Mark };
        node.Attribute.Add(new AttributeProto { Name = "body", Type = AttributeProto.Types.AttributeType.Graph, G = body });
        node.Attribute.Add(new AttributeProto { Name = "num_scan_inputs", Type = AttributeProto.Types.AttributeType.Int, I = scanned });
        return node;
    }

    private static NodeProto New(string type, string output, params string[] inputs)
    {
        var node = new NodeProto { OpType = type, Name = output, Overload = Mark };
        node.Input.Add(inputs);
        node.Output.Add(output);
        return node;
    }

    private static TensorProto List(string name, long value)
    {
        TensorProto tensor = Number(name, value);
        tensor.Dims.Add(1);
        return tensor;
    }

    private static TensorProto Number(string name, long value)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)TensorProto.Types.DataType.Int64 };
        tensor.Int64Data.Add(value);
        return tensor;
    }
}

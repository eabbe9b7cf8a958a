using Cameo.Fuzzing.Models;
using Cameo.Generator.Onnx.Proto;
using Cameo.Sessions;
using Cameo.Tests.Infrastructure;

namespace Cameo.Fuzzing.Generation.Productions;

/// <summary>If, Loop and Scan with small bodies that also read what stands around them, and recurrent layers.</summary>
internal static class ControlFlowProductions
{
    public static IReadOnlyList<Production> All { get; } =
    [
        new("if", 1.2, If),
        new("loop", 1.2, Loop),
        new("scan", 0.8, Scan),
        new("recurrent", 1, Recurrent),
    ];

    private static ValueInfoProto Value(string name, ElementType type, long[]? shape) => OnnxParts.Describe(name, (int)type, shape is null ? null : [.. shape.Cast<object?>()]);

    /// <summary>A few element by element nodes on a value; the last name is the result.</summary>
    private static string Chain(RandomGraph graph, GraphProto body, string name, FuzzValue? around)
    {
        int length = graph.Integer(1, 3);
        for (int index = 0; index < length; index++)
        {
            string result = graph.NewName("b");
            body.Node.Add(around is not null && graph.Chance(0.4)
                ? FuzzNode.Create("", graph.OneOf("Add", "Mul", "Sub"), [name, around.Name], [result])
                : FuzzNode.Create("", graph.OneOf("Tanh", "Sigmoid", "Relu", "Neg", "Abs"), [name], [result]));
            name = result;
        }

        return name;
    }

    private static void If(RandomGraph graph)
    {
        FuzzValue x = graph.Single(0, 4);
        FuzzValue other = graph.Operand(ElementType.Float32, graph.Chance(0.7) ? x.Shape : [], -2, 2);
        GraphProto Branch()
        {
            var body = new GraphProto { Name = graph.NewName("branch") };
            string result = Chain(graph, body, x.Name, graph.Chance(0.7) ? other : null);
            body.Output.Add(Value(result, ElementType.Float32, null));
            return body;
        }

        FuzzValue condition = graph.Integer(0, 2) switch
        {
            0 => graph.Constant(ElementType.Boolean, [], [graph.Integer(0, 1)]),
            1 => graph.Node("Greater", [graph.Node("ReduceSum", [x], ("keepdims", 0)), graph.Constant(ElementType.Float32, [], [0.1])]),
            _ => graph.Input(ElementType.Boolean, []),
        };
        graph.Node("If", [condition], ("then_branch", Branch()), ("else_branch", Branch()));
    }

    private static void Loop(RandomGraph graph)
    {
        FuzzValue x = graph.Single(0, 3);
        FuzzValue around = graph.Operand(ElementType.Float32, graph.Chance(0.7) ? x.Shape : [], -1, 1);
        var body = new GraphProto { Name = graph.NewName("body") };
        (string iteration, string condition, string carried) = (graph.NewName("i"), graph.NewName("go"), graph.NewName("state"));
        body.Input.Add([Value(iteration, ElementType.Int64, []), Value(condition, ElementType.Boolean, []), Value(carried, ElementType.Float32, null)]);
        string next = carried;
        string sum = graph.NewName("b");
        body.Node.Add(FuzzNode.Create("", "Mul", [carried, around.Name], [sum]));
        next = Chain(graph, body, sum, around);
        if (graph.Chance(0.4))
        {
            (string number, string added) = (graph.NewName("b"), graph.NewName("b"));
            body.Node.Add(FuzzNode.Create("", "Cast", [iteration], [number], ("to", (int)ElementType.Float32)));
            body.Node.Add(FuzzNode.Create("", "Add", [next, number], [added]));
            next = added;
        }

        string again = graph.NewName("go");
        if (graph.Chance(0.3))
        {
            string limit = graph.NewName("b");
            body.Node.Add(FuzzNode.Create("", "Constant", [], [limit], ("value", Elements.ToProto("", Elements.Create(ElementType.Int64, [], [graph.Integer(0, 4)])))));
            body.Node.Add(FuzzNode.Create("", "Less", [iteration, limit], [again]));
        }
        else
        {
            body.Node.Add(FuzzNode.Create("", "Identity", [condition], [again]));
        }

        body.Output.Add([Value(again, ElementType.Boolean, null), Value(next, ElementType.Float32, null)]);
        bool scans = graph.Chance(0.5);
        if (scans)
        {
            string scanned = graph.NewName("b");
            body.Node.Add(FuzzNode.Create("", "Neg", [next], [scanned]));
            body.Output.Add(Value(scanned, ElementType.Float32, null));
        }

        FuzzValue count = graph.Chance(0.8) ? graph.Constant(ElementType.Int64, [], [graph.Integer(0, 5)]) : graph.Input(ElementType.Int64, [], 0, 5);
        FuzzValue? start = graph.Chance(0.5) ? null : graph.Chance(0.8) ? graph.Constant(ElementType.Boolean, [], [1]) : graph.Input(ElementType.Boolean, []);
        graph.Nodes("Loop", [count, start, x], scans ? 2 : 1, ("body", body));
    }

    private static void Scan(RandomGraph graph)
    {
        FuzzValue sequence = graph.Single(1, 3);
        long[] row = sequence.Shape[1..];
        FuzzValue initial = graph.Operand(ElementType.Float32, row);
        var body = new GraphProto { Name = graph.NewName("body") };
        (string state, string item) = (graph.NewName("state"), graph.NewName("item"));
        body.Input.Add([Value(state, ElementType.Float32, null), Value(item, ElementType.Float32, null)]);
        string sum = graph.NewName("b");
        body.Node.Add(FuzzNode.Create("", graph.OneOf("Add", "Mul", "Max"), [state, item], [sum]));
        string next = Chain(graph, body, sum, null);
        string result = Chain(graph, body, next, null);
        body.Output.Add([Value(next, ElementType.Float32, null), Value(result, ElementType.Float32, null)]);
        List<(string, object)> attributes = [("body", body), ("num_scan_inputs", 1)];
        if (graph.Chance(0.3))
        {
            attributes.Add(("scan_input_directions", new long[] { 1 }));
        }

        if (graph.Chance(0.3))
        {
            attributes.Add(("scan_output_directions", new long[] { 1 }));
        }

        graph.Nodes("Scan", [initial, sequence], 2, [.. attributes]);
    }

    private static void Recurrent(RandomGraph graph)
    {
        long steps = graph.Integer(1, 6), batch = graph.Integer(1, 3), width = graph.OneOf<long>(1, 3, 4, 8, 17), hidden = graph.OneOf<long>(1, 3, 4, 8, 16, 17);
        string direction = graph.OneOf("forward", "forward", "reverse", "bidirectional");
        long directions = direction == "bidirectional" ? 2 : 1;
        (string type, long gates, int outputs) = graph.OneOf(("LSTM", 4L, 3), ("GRU", 3L, 2), ("RNN", 1L, 2));
        FuzzValue x = graph.Find(static value => value.Type == ElementType.Float32 && value.Rank == 3 && value.Count > 0 && value.IsFinite && value.Shape[0] <= 20) ?? graph.Input(ElementType.Float32, [steps, batch, width]);
        (steps, batch, width) = (x.Shape[0], x.Shape[1], x.Shape[2]);
        FuzzValue weights = graph.Constant(ElementType.Float32, [directions, gates * hidden, width]);
        FuzzValue recurrence = graph.Constant(ElementType.Float32, [directions, gates * hidden, hidden]);
        FuzzValue? bias = graph.Chance(0.6) ? graph.Constant(ElementType.Float32, [directions, 2 * gates * hidden]) : null;
        FuzzValue? lengths = graph.Chance(0.2) ? graph.Operand(ElementType.Int32, [batch], 1, steps) : null;
        FuzzValue? initial = graph.Chance(0.4) ? graph.Operand(ElementType.Float32, [directions, batch, hidden], -1, 1) : null;
        FuzzValue? cell = type == "LSTM" && initial is not null && graph.Chance(0.8) ? graph.Operand(ElementType.Float32, [directions, batch, hidden], -1, 1) : null;
        List<(string, object)> attributes = [("hidden_size", hidden), ("direction", direction)];
        if (type == "GRU" && graph.Chance(0.5))
        {
            attributes.Add(("linear_before_reset", 1));
        }

        graph.Nodes(type, [x, weights, recurrence, bias, lengths, initial, cell], outputs, [.. attributes]);
    }
}

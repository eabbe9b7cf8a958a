using Cameo.Fuzzing.Models;
using Cameo.Generator.Onnx.Proto;
using Cameo.Sessions;
using Cameo.Tests.Infrastructure;

namespace Cameo.Fuzzing.Generation.Productions;

/// <summary>Bodies within bodies, and functions that the model brings along.</summary>
internal static class NestingProductions
{
    private const string Domain = "local";

    // A branch in a loop in a branch: deeper ones repeat what these have.
    private const int DeepestNesting = 3;

    public static IReadOnlyList<Production> All { get; } =
    [
        new("nested", 1, Nest),
        new("function", 0.8, Function),
        new("function-nested", 0.5, Nested),
    ];

    private static ValueInfoProto Describe(string name, ElementType type, params object?[]? sizes) => OnnxParts.Describe(name, (int)type, sizes);

    private static void Nest(RandomGraph graph)
    {
        FuzzValue x = graph.Single(1, 3);
        FuzzValue other = graph.Operand(ElementType.Float32, graph.Chance(0.7) ? x.Shape : [], -1, 1);
        var body = new GraphProto();
        Add(graph, body, x.Name, other.Name, graph.Integer(2, DeepestNesting));
        graph.Add(FuzzStep.Of([.. body.Node]));
    }

    /// <summary>Adds nodes that make a value of the same shape, and gives its name.</summary>
    private static string Add(RandomGraph graph, GraphProto body, string x, string other, int depth)
    {
        string result = graph.NewName("b");
        if (depth == 0)
        {
            body.Node.Add(graph.Chance(0.5)
                ? FuzzNode.Create("", graph.OneOf("Add", "Sub", "Mul"), [x, other], [result])
                : FuzzNode.Create("", graph.OneOf("Tanh", "Sigmoid", "Relu", "Neg"), [x], [result]));
            return result;
        }

        switch (graph.Integer(0, 2))
        {
            case 0:
                (string sum, string limit, string condition) = (graph.NewName("b"), graph.NewName("b"), graph.NewName("b"));
                body.Node.Add(FuzzNode.Create("", "ReduceMax", [x], [sum], ("keepdims", 0)));
                body.Node.Add(FuzzNode.Create("", "Constant", [], [limit], ("value", Elements.ToProto("", Elements.Create(ElementType.Float32, [], [graph.Number(-1, 2)])))));
                body.Node.Add(FuzzNode.Create("", "Greater", [sum, limit], [condition]));
                body.Node.Add(FuzzNode.Create("", "If", [condition], [result], ("then_branch", Branch(graph, x, other, depth - 1)), ("else_branch", Branch(graph, x, other, graph.Integer(0, depth - 1)))));
                return result;
            case 1:
                string count = graph.NewName("b");
                body.Node.Add(FuzzNode.Create("", "Constant", [], [count], ("value", Elements.ToProto("", Elements.Create(ElementType.Int64, [], [graph.Integer(0, 3)])))));
                body.Node.Add(FuzzNode.Create("", "Loop", [count, "", x], [result], ("body", LoopBody(graph, other, depth - 1))));
                return result;
            default:
                // A state that takes part in every row, and the rows that come of it.
                string last = graph.NewName("b"), start = graph.NewName("b");
                body.Node.Add(FuzzNode.Create("", "Constant", [], [start], ("value", Elements.ToProto("", Elements.Create(ElementType.Float32, [], [0.5])))));
                body.Node.Add(FuzzNode.Create("", "Scan", [start, x], [last, result], ("num_scan_inputs", 1), ("body", ScanBody(graph, depth - 1))));
                return result;
        }
    }

    private static GraphProto Branch(RandomGraph graph, string x, string other, int depth)
    {
        var body = new GraphProto { Name = graph.NewName("branch") };
        body.Output.Add(Describe(Add(graph, body, x, other, depth), ElementType.Float32, null));
        return body;
    }

    private static GraphProto LoopBody(RandomGraph graph, string other, int depth)
    {
        var body = new GraphProto { Name = graph.NewName("body") };
        (string number, string condition, string carried, string again) = (graph.NewName("i"), graph.NewName("go"), graph.NewName("state"), graph.NewName("go"));
        body.Input.Add([Describe(number, ElementType.Int64), Describe(condition, ElementType.Boolean), Describe(carried, ElementType.Float32, null)]);
        body.Node.Add(FuzzNode.Create("", "Identity", [condition], [again]));
        string next = Add(graph, body, carried, other, depth);
        body.Output.Add([Describe(again, ElementType.Boolean), Describe(next, ElementType.Float32, null)]);
        return body;
    }

    private static GraphProto ScanBody(RandomGraph graph, int depth)
    {
        var body = new GraphProto { Name = graph.NewName("body") };
        (string state, string row, string next) = (graph.NewName("state"), graph.NewName("row"), graph.NewName("state"));
        body.Input.Add([Describe(state, ElementType.Float32), Describe(row, ElementType.Float32, null)]);
        body.Node.Add(FuzzNode.Create("", graph.OneOf("Tanh", "Neg"), [state], [next]));

        // A row may have no axis to scan; branches and loops do without.
        string result = Add(graph, body, row, state, 0);
        if (depth > 0)
        {
            string inner = graph.NewName("b"), count = graph.NewName("b");
            body.Node.Add(FuzzNode.Create("", "Constant", [], [count], ("value", Elements.ToProto("", Elements.Create(ElementType.Int64, [], [graph.Integer(0, 2)])))));
            body.Node.Add(FuzzNode.Create("", "Loop", [count, "", result], [inner], ("body", LoopBody(graph, state, 0))));
            result = inner;
        }

        body.Output.Add([Describe(next, ElementType.Float32), Describe(result, ElementType.Float32, null)]);
        return body;
    }

    private static FunctionProto Create(RandomGraph graph, string name)
    {
        var function = new FunctionProto { Name = name, Domain = Domain };
        function.Input.Add(["a", "b"]);
        function.Output.Add("y");
        function.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = graph.Opset });
        function.OpsetImport.Add(new OperatorSetIdProto { Domain = Domain, Version = 1 });
        return function;
    }

    private static FunctionProto Simple(RandomGraph graph, string name)
    {
        FunctionProto function = Create(graph, name);
        function.Attribute.Add("slope");
        NodeProto leaky = FuzzNode.Create("", "LeakyRelu", ["a"], ["t"]);
        leaky.Attribute.Add(new AttributeProto { Name = "alpha", RefAttrName = "slope", Type = AttributeProto.Types.AttributeType.Float });
        function.Node.Add(leaky);
        function.Node.Add(FuzzNode.Create("", graph.OneOf("Tanh", "Sigmoid", "Identity", "Abs"), ["t"], ["u"]));
        function.Node.Add(FuzzNode.Create("", graph.OneOf("Add", "Mul", "Sub", "Max"), ["u", "b"], ["y"]));
        return function;
    }

    private static void Function(RandomGraph graph)
    {
        var step = new StepBuilder(graph);
        FuzzValue x = graph.Single(0, 4);
        string name = graph.NewName("F");
        step.Functions.Add(Simple(graph, name));
        step.Finish(Domain, name, [x.Name, ElementwiseProductions.Partner(graph, x, -2, 2).Name], 1, ("slope", (float)graph.Number(0, 0.5)));
    }

    /// <summary>A function that calls another one twice.</summary>
    private static void Nested(RandomGraph graph)
    {
        var step = new StepBuilder(graph);
        FuzzValue x = graph.Single(0, 4);
        (string inner, string outer) = (graph.NewName("F"), graph.NewName("F"));
        step.Functions.Add(Simple(graph, inner));
        FunctionProto function = Create(graph, outer);
        function.Node.Add(FuzzNode.Create(Domain, inner, ["a", "b"], ["t"], ("slope", 0.2f)));
        function.Node.Add(FuzzNode.Create(Domain, inner, ["t", "b"], ["y"], ("slope", 0.1f)));
        step.Functions.Add(function);
        step.Finish(Domain, outer, [x.Name, graph.Operand(ElementType.Float32, x.Shape).Name], 1);
    }
}

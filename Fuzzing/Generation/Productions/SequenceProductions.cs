using Cameo.Fuzzing.Models;
using Cameo.Generator.Onnx.Proto;
using Cameo.Sessions;
using Cameo.Tests.Infrastructure;

namespace Cameo.Fuzzing.Generation.Productions;

/// <summary>Sequences and optionals, from tensors and back to tensors.</summary>
internal static class SequenceProductions
{
    public static IReadOnlyList<Production> All { get; } =
    [
        new("sequence", 0.8, Sequence),
        new("split-sequence", 0.6, Split),
        new("sequence-loop", 0.5, Loop),
        new("sequence-map", 0.5, Map),
        new("optional", 0.5, Optional),
    ];

    private static FuzzValue Position(RandomGraph graph, int low, int high) =>
        graph.Chance(0.7) ? graph.Constant(ElementType.Int64, [], [graph.Integer(low, high)]) : graph.Input(ElementType.Int64, [], low, high);

    private static string Construct(RandomGraph graph, StepBuilder step, FuzzValue x, out int length)
    {
        length = graph.Integer(1, 4);
        string sequence = step.Add("SequenceConstruct", [x.Name, .. Enumerable.Range(1, length - 1).Select(_ => graph.Operand(x.Type, x.Shape).Name)]);
        if (graph.Chance(0.4))
        {
            sequence = step.Add("SequenceInsert", [sequence, graph.Operand(x.Type, x.Shape).Name, .. graph.Chance(0.6) ? new[] { Position(graph, -length, length).Name } : []]);
            length++;
        }

        if (length > 1 && graph.Chance(0.3))
        {
            sequence = step.Add("SequenceErase", [sequence, .. graph.Chance(0.6) ? new[] { Position(graph, -length, length - 1).Name } : []]);
            length--;
        }

        return sequence;
    }

    private static void Consume(RandomGraph graph, StepBuilder step, string sequence, int length, int rank)
    {
        switch (graph.Integer(0, 4))
        {
            case 0:
                step.Finish("SequenceLength", [sequence]);
                break;
            case 1 or 2 when length > 0:
                step.Finish("SequenceAt", [sequence, Position(graph, -length, length - 1).Name]);
                break;
            case 3 when rank > 0:
                step.Finish("ConcatFromSequence", [sequence], ("axis", graph.Integer(-rank, rank - 1)));
                break;
            default:
                step.Finish("ConcatFromSequence", [sequence], ("axis", graph.Integer(0, rank)), ("new_axis", 1));
                break;
        }
    }

    private static void Sequence(RandomGraph graph)
    {
        var step = new StepBuilder(graph);
        FuzzValue x = graph.Any(0, 3);
        Consume(graph, step, Construct(graph, step, x, out int length), length, x.Rank);
    }

    private static void Split(RandomGraph graph)
    {
        var step = new StepBuilder(graph);
        FuzzValue x = graph.Single(1, 3);
        long axis = graph.Axis(x.Rank), size = x.Shape[(axis + x.Rank) % x.Rank];
        if (size == 0)
        {
            throw new RejectedException("nothing to split");
        }

        bool keeps = graph.Chance(0.5);
        (string? split, int length) = graph.Integer(0, 2) switch
        {
            0 => (null, (int)size),
            1 when size > 2 => (graph.Constant(ElementType.Int64, [], [2]).Name, (int)((size + 1) / 2)),
            _ when size > 1 => (graph.Integers(1, size - 1).Name, 2),
            _ => (null, (int)size),
        };
        string sequence = step.Add("SplitToSequence", split is null ? [x.Name] : [x.Name, split], ("axis", axis), ("keepdims", keeps ? 1 : 0));
        if (graph.Chance(0.5))
        {
            step.Finish("SequenceAt", [sequence, Position(graph, -length, length - 1).Name]);
            return;
        }

        bool isLower = split is null && !keeps;
        step.Finish("ConcatFromSequence", [sequence], isLower ? [("axis", 0), ("new_axis", 1)] : [("axis", axis)]);
    }

    /// <summary>A loop that appends to a sequence.</summary>
    private static void Loop(RandomGraph graph)
    {
        var step = new StepBuilder(graph);
        FuzzValue x = graph.Single(0, 2);
        string empty = step.Add("SequenceEmpty", [], ("dtype", (int)ElementType.Float32));
        var body = new GraphProto { Name = graph.NewName("body") };
        (string number, string condition, string carried) = (graph.NewName("i"), graph.NewName("go"), graph.NewName("list"));
        body.Input.Add([OnnxParts.Describe(number, (int)ElementType.Int64, []), OnnxParts.Describe(condition, (int)ElementType.Boolean, []), Describe(carried)]);
        (string again, string factor, string item, string next) = (graph.NewName("b"), graph.NewName("b"), graph.NewName("b"), graph.NewName("b"));
        body.Node.Add(FuzzNode.Create("", "Identity", [condition], [again]));
        body.Node.Add(FuzzNode.Create("", "Cast", [number], [factor], ("to", (int)ElementType.Float32)));
        body.Node.Add(FuzzNode.Create("", "Mul", [x.Name, factor], [item]));
        body.Node.Add(FuzzNode.Create("", "SequenceInsert", [carried, item], [next]));
        body.Output.Add([OnnxParts.Describe(again, (int)ElementType.Boolean, []), Describe(next)]);
        string list = step.Add("Loop", [Position(graph, 1, 5).Name, "", empty], ("body", body));
        if (graph.Chance(0.3))
        {
            step.Finish("SequenceAt", [list, graph.Constant(ElementType.Int64, [], [-1]).Name]);
            return;
        }

        step.Finish("ConcatFromSequence", [list], ("axis", graph.Integer(0, x.Rank)), ("new_axis", 1));
    }

    private static void Map(RandomGraph graph)
    {
        var step = new StepBuilder(graph);
        FuzzValue x = graph.Single(1, 3);
        string sequence = Construct(graph, step, x, out int length);
        var body = new GraphProto { Name = graph.NewName("body") };
        (string item, string result) = (graph.NewName("item"), graph.NewName("b"));
        body.Input.Add(OnnxParts.Describe(item, (int)ElementType.Float32, null));
        body.Node.Add(FuzzNode.Create("", graph.OneOf("Relu", "Tanh", "Neg", "Abs"), [item], [result]));
        body.Output.Add(OnnxParts.Describe(result, (int)ElementType.Float32, null));
        Consume(graph, step, step.Add("SequenceMap", [sequence], ("body", body)), length, x.Rank);
    }

    private static void Optional(RandomGraph graph)
    {
        var step = new StepBuilder(graph);
        FuzzValue x = graph.Single(0, 3);
        string optional = step.Add("Optional", [x.Name]);
        if (graph.Chance(0.3))
        {
            step.Finish("OptionalHasElement", [optional]);
            return;
        }

        step.Finish(graph.OneOf("Neg", "Relu", "Abs"), [step.Add("OptionalGetElement", [optional])]);
    }

    private static ValueInfoProto Describe(string name) => new()
    {
        Name = name,
        Type = new TypeProto { SequenceType = new TypeProto.Types.Sequence { ElemType = OnnxParts.Describe("", (int)ElementType.Float32, null).Type } },
    };
}

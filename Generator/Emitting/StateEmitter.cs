using System.Text.RegularExpressions;
using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;
using Cameo.Generator.Outlining;

namespace Cameo.Generator.Emitting;

/// <summary>Writes how a session makes its states and how the model describes them: in loops where the states of repeated blocks differ in numbers only.</summary>
internal static class StateEmitter
{
    /// <summary>Stands for the element that receives the values of a combined cache.</summary>
    private const string ValuesMark = "@values";

    private static readonly Regex Numbers = new("[0-9]+", RegexOptions.CultureInvariant);

    /// <summary>Writes the statements of the session's constructor.</summary>
    public static void WriteCreation(CodeWriter code, EmissionModel model)
    {
        // The values of a combined cache are made with its keys.
        StatePair[] states = [.. model.Graph.States.Where(state => state.Part == 0)];
        string[] creations = [.. states.Select(state => Creation(state, model.Graph.Sequence))];
        Write(code, WithoutRemainders(RepetitionFinder.Find(RepetitionFinder.Number(creations))), [], [0], (loops, indices) =>
        {
            var value = new RepeatedValue(loops, model.Size, null, isIndex: true);
            string Element(int part) => model.States.Element(
                states[indices[0]], value.Write([.. indices.Select(state => Dimension.Of(model.States.IndexInField(states[state]) + part))], "state"));
            string creation = states[indices[0]].IsCombined ? creations[indices[0]].Replace(ValuesMark, Element(1)) : creations[indices[0]];
            code.Line($"{Element(0)} = {creation};");
        });
    }

    /// <summary>Writes the method that describes the states.</summary>
    /// <param name="code">The class.</param>
    /// <param name="model">The states.</param>
    /// <param name="describe">C# that makes the description of a state, given C# of its input's and output's name.</param>
    /// <param name="outputName">Name of a state's output.</param>
    public static void WriteDescriptions(CodeWriter code, EmissionModel model, Func<StatePair, string, string, string> describe, Func<StatePair, string> outputName)
    {
        StatePair[] states = [.. model.Graph.States.Where(state => state.Part == 0)];
        string[] keys = [.. states.Select(state => describe(state, Numbers.Replace(state.Input.Name, "#"), Numbers.Replace(outputName(state), "#")))];
        using (code.Block("private static StateDescription[] DescribeStates()"))
        {
            code.Line($"var states = new StateDescription[{states.Length}];");
            Write(code, Loops(keys, states, outputName), [], [0], (loops, indices) =>
            {
                var value = new RepeatedValue(loops, model.Size, null, isIndex: true);
                string index = value.Write([.. indices.Select(state => Dimension.Of(state))], "state");
                string input = NameText([.. indices.Select(state => states[state].Input.Name)], loops);
                string output = NameText([.. indices.Select(state => outputName(states[state]))], loops);
                code.Line($"states[{index}] = {describe(states[indices[0]], input, output)};");
            });
            code.Line("return states;");
        }
    }

    private static string Creation(StatePair state, SequencePlan? sequence)
    {
        Shape past = state.Past.Shape;
        string type = $"(ElementType){(int)state.Input.ElementType}";
        string sizes = string.Join(", ", state.Input.Shape.Select(size => size.Value ?? -1));
        return state.Kind switch
        {
            StateKind.KeyValueCache when state.IsCombined => $"AddCombinedState({type}, {past[1]}, {past[3]}, out {ValuesMark})",
            StateKind.KeyValueCache => $"AddKeyValueState({type}, {past[1]}, {past[3]})",
            StateKind.FixedCache when sequence?.Lengths.Kind == RowLengthsKind.WritePositions => $"AddFixedCache({type}, {ColumnAxis(state)}, [{sizes}])",
            StateKind.FixedCache => $"AddCarriedState(StateUpdate.InPlace, {type}, [{sizes}])",
            StateKind.Kept => $"AddCarriedState(StateUpdate.Kept, {type}, [{sizes}])",
            _ => $"AddCarriedState(StateUpdate.Replaced, {type}, [{sizes}])",
        };
    }

    /// <summary>The axis of a fixed cache's tokens: what writes it says so, or it has the usual layout [rows, heads, columns, …].</summary>
    private static int ColumnAxis(StatePair state) => state.Output?.Producer is { } writer && TensorScatterOperator.Is(writer) ? TensorScatterOperator.Axis(writer) : Math.Min(2, state.Input.Shape.Rank - 1);

    /// <summary>The repetitions among the states, or all one by one where their names don't count along.</summary>
    private static IReadOnlyList<ScheduleNode> Loops(string[] keys, IReadOnlyList<StatePair> states, Func<StatePair, string> outputName)
    {
        IReadOnlyList<ScheduleNode> nodes = WithoutRemainders(RepetitionFinder.Find(RepetitionFinder.Number(keys)));
        bool counts = nodes.OfType<ScheduleLoop>().All(loop => loop.Body.All(node => node is ScheduleStep
            && Names(node, loop, state => state.Input.Name) is not null && Names(node, loop, outputName) is not null));
        return counts ? nodes : [.. Enumerable.Range(0, states.Count).Select(index => new ScheduleStep(index))];

        NamePattern? Names(ScheduleNode node, ScheduleLoop loop, Func<StatePair, string> name) =>
            NamePattern.Find([.. Enumerable.Range(0, loop.Count).Select(repetition => name(states[node.Start + repetition * loop.Period]))]);
    }

    /// <summary>States come in whole blocks; what follows the last is written out.</summary>
    private static IReadOnlyList<ScheduleNode> WithoutRemainders(IReadOnlyList<ScheduleNode> nodes) =>
        [.. nodes.SelectMany(node => node is ScheduleLoop { Remainder: > 0 } loop
            ? new[] { (ScheduleNode)(loop with { Remainder = 0 }) }.Concat(Enumerable.Range(loop.Start + loop.Count * loop.Period, loop.Remainder).Select(position => new ScheduleStep(position)))
            : [node])];

    private static string NameText(IReadOnlyList<string> names, IReadOnlyList<LoopVariable> loops) => loops.Count == 0
        ? CSharpText.Literal(names[0])
        : $"$\"{NamePattern.Find(names)!.Interpolate(text => Inner(CSharpText.Literal(text)).Replace("{", "{{").Replace("}", "}}"), loops[0].Name)}\"";

    private static string Inner(string literal) => literal.Substring(1, literal.Length - 2);

    private static void Write(CodeWriter code, IReadOnlyList<ScheduleNode> nodes, IReadOnlyList<LoopVariable> loops, int[] shifts, Action<IReadOnlyList<LoopVariable>, int[]> write)
    {
        foreach (ScheduleNode node in nodes)
        {
            if (node is not ScheduleLoop loop)
            {
                write(loops, [.. shifts.Select(shift => node.Start + shift)]);
                continue;
            }

            var variable = new LoopVariable(loops.Count == 0 ? "index" : $"index{loops.Count}", loop.Count);
            using (code.Block($"for (int {variable.Name} = 0; {variable.Name} < {loop.Count}; {variable.Name}++)"))
            {
                Write(code, loop.Body, [.. loops, variable], [.. shifts.SelectMany(shift => Enumerable.Range(0, loop.Count).Select(repetition => shift + repetition * loop.Period))], write);
            }

            code.Line();
        }
    }
}

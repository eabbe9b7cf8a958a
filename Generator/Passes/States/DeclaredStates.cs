using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.States;

/// <summary>Pairs of input and output that <c>OnnxState</c> declares, such as "h=hn; c=cn": those that were not found anyhow become tensors that each run replaces.</summary>
internal static class DeclaredStates
{
    public static void Run(StateContext context, ModelOptions options)
    {
        Graph graph = context.Graph;
        foreach (string entry in options.DeclaredStates)
        {
            string[] names = [.. entry.Split(['='], 2).Select(name => name.Trim())];
            if (names.Length != 2 || names[0].Length == 0 || names[1].Length == 0)
            {
                context.Refuse($"OnnxState: '{entry}' is neither 'auto' nor 'none' nor 'input=output'.");
                continue;
            }

            Value? input = graph.Inputs.FirstOrDefault(candidate => candidate.Name == names[0]);
            int index = Enumerable.Range(0, graph.Outputs.Count).FirstOrDefault(candidate => graph.OutputName(candidate) == names[1], -1);
            if (input is null || index < 0)
            {
                context.Refuse(input is null
                    ? $"OnnxState: the model has no input '{names[0]}'; it has {string.Join(", ", graph.Inputs.Select(known => known.Name))}."
                    : $"OnnxState: the model has no output '{names[1]}'; it has {string.Join(", ", graph.Outputs.Select((_, known) => graph.OutputName(known)))}.");
                continue;
            }

            Declare(context, input, graph.Outputs[index], names);
        }
    }

    private static void Declare(StateContext context, Value input, Value output, string[] names)
    {
        StatePair? known = context.Graph.States.FirstOrDefault(state => state.Input == input || state.Output == output);
        if (known is not null)
        {
            if (known.Input != input || (known.Output != output && known.Part == 0))
            {
                context.Refuse($"OnnxState: '{names[0]}={names[1]}' contradicts the state '{known.Input.Name}', which was found or declared already.");
            }

            return;
        }

        if (context.Unify(input, output) is { } reason)
        {
            context.Refuse($"OnnxState: '{names[0]}={names[1]}' cannot be a state: {reason}; only a state that attention appends to may grow.");
            return;
        }

        context.Graph.States.Add(new StatePair(input == output ? StateKind.Kept : StateKind.Carried, input, output));
    }

    private static int FirstOrDefault(this IEnumerable<int> numbers, Func<int, bool> predicate, int fallback)
    {
        foreach (int number in numbers)
        {
            if (predicate(number))
            {
                return number;
            }
        }

        return fallback;
    }
}

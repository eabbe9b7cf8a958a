using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.States;

/// <summary>
/// Finds tensors that go from run to run as a whole: hidden vectors of recurrent layers, the tails that causal convolutions keep, and keys and values that a decoder
/// only reads.
/// <para>Before: <c>y, hn, cn = LSTM(x, w, r, b, _, h, c)</c> with <c>h</c> and <c>c</c> graph inputs and <c>hn</c> and <c>cn</c> graph outputs.
/// After: the same node, with the pairs (h, hn) and (c, cn) among the graph's states.</para>
/// A name alone never makes a state: an output must be computed from the input, have its shape, and either be the recurrence of a layer, or the tail of a
/// concatenation, or be named as what follows a state.
/// </summary>
internal sealed class CarriedTensorRecognition(StateContext context)
{
    private const int FirstState = 5;

    private Graph Graph => context.Graph;

    public void Run()
    {
        FindKept();
        Dictionary<Value, HashSet<(Node, int)>> read = RecurrentInputs();
        foreach (Value input in Graph.Inputs.Where(input => !context.IsState(input)).ToArray())
        {
            foreach (Value output in Graph.Outputs.Where(output => !context.IsStateOutput(output) && output != input).ToArray())
            {
                if (!Continues(input, output, read) || !StateFlow.DependsOn(output, input))
                {
                    continue;
                }

                if (context.Unify(input, output) is { } reason)
                {
                    context.Miss($"'{input.Name}', which '{OutputName(output)}' continues,", reason);
                    continue;
                }

                Graph.States.Add(new StatePair(StateKind.Carried, input, output));
                break;
            }
        }
    }

    /// <summary>Keys and values that attention reads as they come: passed on to an output, or named as a cache.</summary>
    private void FindKept()
    {
        foreach (Value input in Graph.Inputs.Where(input => !context.IsState(input)).ToArray())
        {
            if (!input.ElementType.IsFloat() || input.Shape.Rank < 3 || !StateFlow.IsOnlyAttended(input))
            {
                continue;
            }

            if (Graph.IsOutput(input))
            {
                Graph.States.Add(new StatePair(StateKind.Kept, input, input));
            }
            else if (StateNames.IsCache(input.Name))
            {
                Graph.States.Add(new StatePair(StateKind.Kept, input, null));
            }
        }
    }

    private bool Continues(Value input, Value output, Dictionary<Value, HashSet<(Node, int)>> read) =>
        (read.TryGetValue(input, out HashSet<(Node, int)>? places) && places.SetEquals(RecurrentOutputs(output)))
        || StateFlow.IsTail(output, input)
        || (StateNames.IsState(input.Name) && StateNames.Correspond(input.Name, OutputName(output)));

    private string OutputName(Value output) => Graph.OutputName(Graph.Outputs.IndexOf(output));

    private static bool IsRecurrent(Node node) =>
        node is { Domain: "", Type: "LSTM" or "GRU" or "RNN" } or { Domain: PointwiseFunction.MicrosoftDomain, Type: "AttnLSTM" or "DynamicQuantizeLSTM" };

    /// <summary>For each graph input, the initial states of recurrent layers that are made of it.</summary>
    private Dictionary<Value, HashSet<(Node Node, int State)>> RecurrentInputs()
    {
        var read = new Dictionary<Value, HashSet<(Node, int)>>();
        foreach (Node node in Graph.Nodes.Where(IsRecurrent))
        {
            for (int state = 0; state < 2; state++)
            {
                if (node.OptionalInput(FirstState + state) is not { } initial)
                {
                    continue;
                }

                foreach (Value source in StateFlow.Sources(initial).Where(Graph.Inputs.Contains))
                {
                    if (!read.TryGetValue(source, out HashSet<(Node, int)>? places))
                    {
                        read[source] = places = [];
                    }

                    places.Add((node, state));
                }
            }
        }

        return read;
    }

    /// <summary>The final states of recurrent layers that an output is made of; empty where it is made of anything else too.</summary>
    private static HashSet<(Node, int)> RecurrentOutputs(Value output)
    {
        HashSet<(Node, int)> places = [];
        foreach (Value source in StateFlow.Sources(output))
        {
            if (source.Producer is not { } node || !IsRecurrent(node) || source == node.Outputs[0])
            {
                return [];
            }

            places.Add((node, node.Outputs[1] == source ? 0 : 1));
        }

        return places;
    }
}

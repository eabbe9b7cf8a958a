using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>The loop of a search: makes its body of the decoder's graph.</summary>
internal sealed class SearchLoop
{
    private readonly Node _node;
    private readonly SearchWriter _outside;
    private readonly Graph _body;
    private readonly Value _trips;
    private readonly Value?[] _parameters;

    /// <summary>Takes the decoder's graph.</summary>
    /// <param name="node">The search.</param>
    /// <param name="outside">Where the loop goes.</param>
    /// <param name="decoder">The decoder.</param>
    /// <param name="start">Tokens of a sequence before the first iteration: a list of one number.</param>
    /// <param name="trips">Iterations at most: a list of one number.</param>
    public SearchLoop(Node node, SearchWriter outside, Graph decoder, Value start, Value trips)
    {
        _node = node;
        _outside = outside;
        _body = decoder;
        _trips = trips;
        Parameters = [.. decoder.Inputs];
        _parameters = [.. Parameters];
        Results = [.. decoder.Outputs];
        decoder.Inputs.Clear();
        decoder.Outputs.Clear();
        Writer = new SearchWriter(decoder, node, static () => -1);
        int first = 0;
        Before = new SearchWriter(decoder, node, () => first++);
        Value iteration = AddInput("iteration");
        AddInput("condition");
        Length = Writer.Add("Add", Writer.Add("Reshape", iteration, Writer.Numbers(1)), start);
    }

    /// <summary>Writes behind the decoder's nodes.</summary>
    public SearchWriter Writer { get; }

    /// <summary>Writes before the decoder's nodes.</summary>
    public SearchWriter Before { get; }

    /// <summary>The decoder's inputs.</summary>
    public IReadOnlyList<Value> Parameters { get; }

    /// <summary>What the decoder gives.</summary>
    public IReadOnlyList<Value> Results { get; }

    /// <summary>Tokens of a sequence in an iteration: a list of one number.</summary>
    public Value Length { get; }

    /// <summary>Puts values that stay the same in the place of inputs of the decoder.</summary>
    public void Bind(int first, IReadOnlyList<Value> values)
    {
        // The places are those of inputs that are still free.
        int[] free = [.. Enumerable.Range(0, _parameters.Length).Where(index => _parameters[index] is not null)];
        for (int index = 0; index < values.Count; index++)
        {
            int place = free[first + index];
            _body.ReplaceUses(_parameters[place]!, values[index]);
            _parameters[place] = null;
        }
    }

    /// <summary>Makes the inputs of the decoder that are still free carried values.</summary>
    /// <param name="count">How many there are.</param>
    /// <param name="twin">For some of them another one, and an axis along which both are equally long in every iteration: then the decoder sees one size and not two.</param>
    public Value[] Take(int count, Func<int, (int Other, int Axis)?> twin)
    {
        Value[] taken = [.. _parameters.OfType<Value>()];
        if (taken.Length != count)
        {
            throw new InvalidOperationException($"The decoder of {_node} has {taken.Length} inputs that change, not {count}.");
        }

        for (int index = 0; index < count; index++)
        {
            taken[index].DeclaredType = null;
            if (twin(index) is not { } equal)
            {
                _body.Inputs.Add(taken[index]);
                continue;
            }

            Value carried = AddInput($"{taken[index].Name} (carried)");
            Value shape = Before.Add("Shape", carried);
            Value[] front = equal.Axis > 0 ? [Before.Gather(shape, Before.Numbers([.. Enumerable.Range(0, equal.Axis).Select(axis => (long)axis)]), 0)] : [];
            Value size = Before.Size(taken[equal.Other], equal.Axis);
            Before.AddNode("Reshape", [carried, Before.Concat(0, [.. front, size, Before.Add("Slice", shape, Before.Numbers(equal.Axis + 1), Before.Numbers(int.MaxValue))])], 0).AddOutput(taken[index]);
        }

        return taken;
    }

    /// <summary>One more carried value.</summary>
    public Value AddInput(string name)
    {
        Value input = _body.AddValue(name);
        _body.Inputs.Add(input);
        return input;
    }

    /// <summary>What an iteration leaves in the carried values, and whether another one follows.</summary>
    public void Carry(IEnumerable<Value?> values, Value goesOn)
    {
        _body.Outputs.Add(goesOn);
        _body.Outputs.AddRange(values.OfType<Value>());
    }

    /// <summary>Adds the loop, with what the carried values begin with.</summary>
    public Node Finish(IEnumerable<Value?> initial)
    {
        Value truth = _outside.Graph.AddConstant($"{_node.Name}/true", ConstantElements.FromIntegers([1], new TensorType(ElementType.Boolean, Shape.Scalar)));
        Value[] carried = [.. initial.OfType<Value>()];
        Node loop = _outside.AddNode("Loop", [_trips, truth, .. carried], carried.Length);
        loop.SetAttribute("body", _body);
        _node.RemoveAttribute("decoder");
        return loop;
    }
}

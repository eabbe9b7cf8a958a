using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes;

/// <summary>
/// Resolves operations on sequences and optionals whose content the graph tells, so that they cost nothing at run time.
/// <para>Before: <c>s = SplitToSequence(x, {2, 4}); t = SequenceInsert(s, y); z = SequenceAt(t, -1); c = ConcatFromSequence(t)</c>.
/// After: <c>a, b = Split(x, {2, 4}); z = y; c = Concat(a, b, y)</c>.</para>
/// Operations that make a sequence of known content become one SequenceConstruct, which is there for readers that need a sequence at run time and dead otherwise. A SequenceMap becomes a Loop.
/// </summary>
internal static class ContainerResolution
{
    /// <summary>Puts simpler nodes, or a value, in the node's place; false where it stays. Types of its inputs are known.</summary>
    public static bool TryReplace(Graph graph, Node node)
    {
        if (node.Domain.Length > 0 || node.Type is not ("SequenceInsert" or "SequenceErase" or "SequenceAt" or "ConcatFromSequence" or "SplitToSequence" or "SequenceMap" or "OptionalGetElement"))
        {
            return false;
        }

        OperatorRegistry.ResolveVersion(OperatorRegistry.Find(node)!, node);
        var rewriting = new ContainerRewriting(graph, node);
        IReadOnlyList<Value>? result;
        try
        {
            result = Replacement(node, rewriting);
        }
        catch (ModelException)
        {
            // Inference goes on behind the node, which must stand where it stood.
            rewriting.Undo();
            throw;
        }

        if (result is null)
        {
            return false;
        }

        for (int index = 0; index < node.Outputs.Count; index++)
        {
            if (node.Outputs[index] is { } output)
            {
                Replace(graph, node, output, result[index]);
            }
        }

        node.Detach();
        graph.Nodes.Remove(node);
        return true;
    }

    private static IReadOnlyList<Value>? Replacement(Node node, ContainerRewriting rewriting) => node.Type switch
    {
        "SequenceInsert" => Insert(node, rewriting),
        "SequenceErase" => Erase(node, rewriting),
        "SequenceAt" => At(node),
        "ConcatFromSequence" => Concatenate(node, rewriting),
        "SplitToSequence" => Split(node, rewriting),
        "SequenceMap" => [.. rewriting.AddLoop()],
        "OptionalGetElement" => Content(node),
        _ => null,
    };

    private static IReadOnlyList<Value>? Insert(Node node, ContainerRewriting rewriting)
    {
        SequenceItems.Sequence(node, 0);
        SequenceItems.Tensor(node, 1);
        if (SequenceItems.TryGet(node.Input(0)) is not { } items)
        {
            return null;
        }

        int? place = SequenceItems.Position(node, 2) is { } position ? SequenceItems.KnownPosition(node, position, items.Count, items.Count) : items.Count;
        if (place is null)
        {
            return null;
        }

        // An empty sequence has a type of its own, which a list of tensors does not remember.
        ElementType expected = node.Input(0).Container!.ElementType;
        if (expected != ElementType.Undefined && expected != node.Input(1).ElementType)
        {
            throw new ModelException(node, $"a {node.Input(1).Type} cannot be inserted in a {node.Input(0).Container}");
        }

        List<Value> inserted = [.. items];
        inserted.Insert(place.Value, node.Input(1));
        return [rewriting.Add("SequenceConstruct", [.. inserted])];
    }

    private static IReadOnlyList<Value>? Erase(Node node, ContainerRewriting rewriting)
    {
        ContainerType sequence = SequenceItems.Sequence(node, 0);
        if (SequenceItems.TryGet(node.Input(0)) is not { } items)
        {
            return null;
        }

        if (items.Count == 0)
        {
            throw new ModelException(node, "the sequence is empty");
        }

        int? place = SequenceItems.Position(node, 1) is { } position ? SequenceItems.KnownPosition(node, position, items.Count, items.Count - 1) : items.Count - 1;
        if (place is null)
        {
            return null;
        }

        List<Value> kept = [.. items];
        kept.RemoveAt(place.Value);
        return [kept.Count > 0 ? rewriting.Add("SequenceConstruct", [.. kept]) : rewriting.AddEmpty(sequence.ElementType)];
    }

    private static IReadOnlyList<Value>? At(Node node)
    {
        SequenceItems.Sequence(node, 0);
        return SequenceItems.TryGet(node.Input(0)) is { } items && SequenceItems.Position(node, 1) is { } position
            && SequenceItems.KnownPosition(node, position, items.Count, items.Count - 1) is { } place
            ? [items[place]]
            : null;
    }

    private static IReadOnlyList<Value>? Concatenate(Node node, ContainerRewriting rewriting)
    {
        SequenceItems.Sequence(node, 0);
        if (SequenceItems.TryGet(node.Input(0)) is not { } items)
        {
            return null;
        }

        if (items.Count == 0)
        {
            throw new ModelException(node, "the sequence is empty");
        }

        if (items.Any(item => item.Type is null))
        {
            return null;
        }

        if (items.FirstOrDefault(item => item.Shape.Rank != items[0].Shape.Rank) is { } other)
        {
            throw new ModelException(node, $"'{items[0].Name}' is {items[0].Type} and '{other.Name}' {other.Type}, which cannot be joined");
        }

        int axis = SequenceReadOperators.Axis(node, items[0].Shape.Rank);
        Value[] parts = [.. items];
        if (SequenceReadOperators.AddsAxis(node))
        {
            // What is stacked must have one shape; along an axis of size 1 a concatenation checks that.
            Value axes = rewriting.Integers(axis);
            parts = [.. parts.Select(part => rewriting.Add("Unsqueeze", [part, axes]))];
        }

        return [rewriting.Add("Concat", parts, ("axis", (long)axis))];
    }

    private static IReadOnlyList<Value>? Split(Node node, ContainerRewriting rewriting)
    {
        SequenceItems.Tensor(node, 0);
        if (SplitToSequenceOperator.Parts(node) is not { } sizes)
        {
            return null;
        }

        if (sizes.Count == 0)
        {
            return [rewriting.AddEmpty(node.Input(0).ElementType)];
        }

        int axis = SplitToSequenceOperator.Axis(node);
        bool keepsAxis = SplitToSequenceOperator.KeepsAxis(node);
        IReadOnlyList<Value> parts = rewriting.AddSplit(node.Input(0), axis, [.. sizes.Select(size => size.Constant)]);
        if (!keepsAxis)
        {
            Value axes = rewriting.Integers(axis);
            parts = [.. parts.Select(part => rewriting.Add("Squeeze", [part, axes]))];
        }

        return [rewriting.Add("SequenceConstruct", [.. parts])];
    }

    private static IReadOnlyList<Value>? Content(Node node)
    {
        Value optional = node.Input(0);
        return OptionalOperators.Opened(node) is null ? [optional]
            : SequenceItems.TryGet(optional) is not { } items ? null
            : items.Count > 0 ? [items[0]]
            : throw new ModelException(node, $"'{optional.Name}' is empty");
    }

    private static void Replace(Graph graph, Node node, Value output, Value result)
    {
        if (graph.IsOutput(output))
        {
            // Every output of a body is made by a node of it.
            Node name = graph.AddNode($"{node.Name}/output", "Identity", [result], OperatorRegistry.NewestOpset, graph.Nodes.IndexOf(node));
            name.Origins = node.Origins;
            name.AddOutput(graph.AddValue(output.Name));
            result = name.Output;
        }

        if (result.Producer is not null)
        {
            result.DeclaredType ??= output.DeclaredType;
            result.DeclaredContainer ??= output.DeclaredContainer;
        }

        graph.ReplaceUses(output, result);
    }
}

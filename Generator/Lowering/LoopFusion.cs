using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Lowering;

/// <summary>
/// Decides which nodes become one kernel.
/// <para>Before: <c>c = Conv(x, w); a = Add(c, b); r = Relu(a); m = ReduceMax(z); d = Sub(z, m); e = Exp(d)</c>.
/// After: groups {Conv, Add, Relu} and {ReduceMax, Sub, Exp}.</para>
/// Nodes are visited from the last to the first; a node joins the group of its readers when all of them are in one group and it fits there. So a group never has a
/// second result, and nothing outside it can lie between its members.
/// </summary>
internal static class LoopFusion
{
    /// <summary>Larger groups read from more streams than the processor follows and give the compiler's register allocator too much.</summary>
    private const int MaximumMembers = 48;

    /// <summary>The group of every node that is lowered by fusion (pointwise, reductions) or may lead a group (contractions).</summary>
    public static IReadOnlyDictionary<Node, FusionGroup> Run(Graph graph, Func<Value, bool> mustBeStored)
    {
        var groups = new Dictionary<Node, FusionGroup>();
        for (int index = graph.Nodes.Count - 1; index >= 0; index--)
        {
            Node node = graph.Nodes[index];
            Operator known = OperatorRegistry.Find(node)!;
            bool isContraction = known.EpilogueKind(node) != EpilogueKind.None;
            if (known is not (PointwiseOperator or ReductionOperator) && !isContraction)
            {
                continue;
            }

            if (FindConsumerGroup(node, groups, mustBeStored) is { } group && TryJoin(node, known, group))
            {
                group.Members.AddFirst(node);
                groups[node] = group;
            }
            else
            {
                groups[node] = Start(node, known, isContraction);
            }
        }

        return groups;
    }

    /// <summary>Whether the node is computed by vector code on float32 alone, as an epilogue must be.</summary>
    public static bool IsVectorizable(Node node)
    {
        if (NarrowStreams.IsLoad(node))
        {
            return true;
        }

        if (node.Output.ElementType != ElementType.Float32 || node.Inputs.Any(input => input is not null && input.ElementType != ElementType.Float32))
        {
            return false;
        }

        var known = OperatorRegistry.Find(node) as PointwiseOperator;
        return known is not null && VectorSpelling.Supports(known.Express(node, [.. node.Inputs.Select((input, index) => input is null ? null : (Expression)new InputExpression(index, input.ElementType))]));
    }

    private static FusionGroup Start(Node node, Operator known, bool isContraction)
    {
        var group = new FusionGroup(node);
        if (isContraction)
        {
            group.Contraction = node;
        }
        else if (known is ReductionOperator reduction)
        {
            group.Space = node.Input(0).Shape;
            group.ReducedAxes = reduction.Axes(node);
        }

        return group;
    }

    private static FusionGroup? FindConsumerGroup(Node node, Dictionary<Node, FusionGroup> groups, Func<Value, bool> mustBeStored)
    {
        if (node.Outputs.Count(output => output is not null) != 1 || mustBeStored(node.Output) || node.Output.Consumers.Count == 0)
        {
            return null;
        }

        FusionGroup? group = null;
        foreach (Node consumer in node.Output.Consumers)
        {
            if (!groups.TryGetValue(consumer, out FusionGroup? candidate) || (group is not null && group != candidate) || consumer == candidate.Contraction)
            {
                return null;
            }

            group = candidate;
        }

        return group!.Members.Count < MaximumMembers ? group : null;
    }

    private static bool TryJoin(Node node, Operator known, FusionGroup group)
    {
        Shape shape = node.Output.Shape;
        if (known is ReductionOperator reduction)
        {
            return TryJoinReduction(node, reduction, group);
        }

        if (known is PointwiseOperator)
        {
            if (!group.Reduces && group.Contraction is null && !shape.Equals(group.Space) && RowsAxes(node, group.Space) is { } axes)
            {
                // A value per row that comes from a reduction of what the group is computed on: the reduction follows.
                group.ReducedAxes = axes;
            }

            // Inside an epilogue only vector code on float32 can be computed.
            return (shape.Equals(group.Space) && (group.Contraction is null || IsVectorizable(node)))
                || (group.Reduces && shape.Equals(group.RowShape))
                || (group.Reduces && shape.Equals(group.SqueezedRowShape) && ReadersAreSqueezed(node, group));
        }

        // A contraction's results are still in registers when the group is computed on them.
        if (group.Contraction is not null || group.Reduces || !shape.Equals(group.Space)
            || !group.Members.All(member => IsVectorizable(member) || (member == group.Root && known.StoresNarrow(node) && NarrowStreams.IsStore(member))))
        {
            return false;
        }

        group.Contraction = node;
        return true;
    }

    /// <summary>The axes along which a value is the same for all elements of <paramref name="space"/>, if a reduction of exactly those axes of that space is among
    /// what it is computed from.</summary>
    private static IReadOnlyList<int>? RowsAxes(Node node, Shape space)
    {
        Shape shape = node.Output.Shape;
        if (shape.Rank != space.Rank)
        {
            return null;
        }

        int[] axes = [.. Enumerable.Range(0, space.Rank).Where(axis => shape[axis] != space[axis])];
        return axes.Length > 0 && axes.All(axis => shape[axis].Value == 1) && ComesFromReduction(node, space, axes, MaximumMembers) ? axes : null;
    }

    private static bool ComesFromReduction(Node node, Shape space, int[] axes, int depth) =>
        depth > 0 && OperatorRegistry.Find(node) switch
        {
            ReductionOperator reduction => node.Input(0).Shape.Equals(space) && reduction.Axes(node).SequenceEqual(axes),
            PointwiseOperator => node.Inputs.Any(input => input?.Producer is { } producer && !input.IsKnown && input.Shape.Equals(node.Output.Shape)
                && ComesFromReduction(producer, space, axes, depth - 1)),
            _ => false,
        };

    private static bool TryJoinReduction(Node node, ReductionOperator reduction, FusionGroup group)
    {
        if (group.Contraction is not null)
        {
            return false;
        }

        Shape space = node.Input(0).Shape;
        Shape result = node.Output.Shape;
        IReadOnlyList<int> axes = reduction.Axes(node);
        if (group.Reduces)
        {
            return space.Equals(group.Space) && axes.SequenceEqual(group.ReducedAxes!)
                && (result.Equals(group.RowShape) || (result.Equals(group.SqueezedRowShape) && ReadersAreSqueezed(node, group)));
        }

        var candidate = new FusionGroup(node) { Space = space, ReducedAxes = axes };
        bool broadcastsBack = space.Equals(group.Space) && result.Equals(candidate.RowShape);
        bool stays = result.Equals(group.Space);
        if (!broadcastsBack && !stays)
        {
            return false;
        }

        group.Space = space;
        group.ReducedAxes = axes;
        return true;
    }

    /// <summary>A value per row without the reduced axes lines up with others of its kind only, not with elements.</summary>
    private static bool ReadersAreSqueezed(Node node, FusionGroup group) =>
        node.Output.Consumers.All(consumer => consumer.Output.Shape.Equals(group.SqueezedRowShape) && OperatorRegistry.Find(consumer) is PointwiseOperator);
}

using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes;

/// <summary>
/// Puts the branch that an If takes in the If's place, where that is known when types are.
/// <para>Before: <c>c = Equal(Gather(Shape(x), 1), 1); y = If(c) { Squeeze(x, 1) } else { Identity(x) }</c> with <c>x: [batch, 1, 64]</c>.
/// After: <c>y = Squeeze(x, 1)</c>.</para>
/// A condition on sizes that are open, whose branches have results of different ranks, cannot stay a branch at run time: the rank of everything that follows depends on it. Then
/// one branch is taken for granted and every run checks that the condition holds: the only one that is valid, else the one with the declared rank, else the first, which
/// in the exporter's If around Squeeze is what the model was written for.
/// </summary>
internal static class BranchSelection
{
    /// <summary>Replaces the If by a branch, or returns false where both must stay.</summary>
    public static bool TryReplace(Graph graph, Node node, InferenceContext context)
    {
        if (node.Type != "If" || node.Domain.Length > 0)
        {
            return false;
        }

        Graph then = Branch(node, "then_branch");
        Graph otherwise = Branch(node, "else_branch");
        Value condition = node.Input(0);
        if (condition.Type is { } type && type.ElementType != ElementType.Boolean)
        {
            throw new ModelException(node, $"the condition is {type} and no boolean");
        }

        if (condition.Elements is not { Count: 1 } elements)
        {
            return false;
        }

        if (elements[0].Value is { } known)
        {
            if (context.IsTentative && DependsOnTypes(condition, []))
            {
                // The sizes that it asks about may still turn out to change.
                return false;
            }

            Splice(graph, node, known != 0 ? then : otherwise);
            context.SelectedBranches++;
            return true;
        }

        if (context.IsTentative || Prefer(node, then, otherwise, context) is not { } taken)
        {
            return false;
        }

        context.Diagnostics.Add(new DiagnosticInfo(DiagnosticIds.MissedOptimization, DiagnosticLevel.Info,
            $"{node}: whether '{condition.Name}' holds depends on the sizes of a run, and the branches' results differ in rank; the {(taken == then ? "then" : "else")} branch is taken and every run checks the condition.", node.Line));
        Splice(graph, node, taken);
        context.SelectedBranches++;
        context.Require(elements[0], taken == then ? 1 : 0, $"condition of {node}, of whose branches only one fits the rest of the model");
        return true;
    }

    private static bool DependsOnTypes(Value value, HashSet<Value> seen) =>
        seen.Add(value) && value.Producer is { } producer && (producer.Type is "Shape" or "Size" || producer.Inputs.OfType<Value>().Any(input => DependsOnTypes(input, seen)));

    /// <summary>A branch of an If, with as many outputs as the If has.</summary>
    public static Graph Branch(Node node, string name)
    {
        Graph branch = node.GraphAttribute(name) ?? throw new ModelException(node, $"attribute '{name}' is missing");
        return branch.Inputs.Count == 0 && branch.Outputs.Count == node.Outputs.Count
            ? branch
            : throw new ModelException(node, $"{name} has {branch.Inputs.Count} inputs and {branch.Outputs.Count} outputs; expected are none and {node.Outputs.Count}");
    }

    /// <summary>The branch to take for granted; null where both have results of the same ranks.</summary>
    private static Graph? Prefer(Node node, Graph then, Graph otherwise, InferenceContext context)
    {
        bool thenIsValid = IsValid(then, context);
        bool otherwiseIsValid = IsValid(otherwise, context);
        if (!thenIsValid || !otherwiseIsValid)
        {
            return thenIsValid ? then : otherwiseIsValid ? otherwise : null;
        }

        if (then.Outputs.Zip(otherwise.Outputs, (left, right) => left.Shape.Rank == right.Shape.Rank || IfOperator.AreSingle(left.Shape, right.Shape)).All(same => same))
        {
            return null;
        }

        int?[] declared = [.. node.Outputs.Select(output => output?.DeclaredType?.Rank)];
        return HasRanks(then, declared) || !HasRanks(otherwise, declared) ? then : otherwise;
    }

    private static bool IsValid(Graph branch, InferenceContext context) =>
        ShapePropagation.InferBody(branch, context).All(diagnostic => diagnostic.Severity != DiagnosticLevel.Error) && branch.Outputs.All(output => output.HasType);

    private static bool HasRanks(Graph branch, int?[] ranks) => branch.Outputs.Select((output, index) => ranks[index] is null || output.Type?.Rank == ranks[index]).All(fits => fits);

    private static void Splice(Graph graph, Node node, Graph branch)
    {
        int index = graph.Nodes.IndexOf(node);
        graph.Nodes.RemoveAt(index);
        graph.Nodes.InsertRange(index, branch.Nodes);
        for (int output = 0; output < node.Outputs.Count; output++)
        {
            if (node.Outputs[output] is { } replaced)
            {
                branch.Outputs[output].DeclaredType ??= replaced.DeclaredType;
                branch.Outputs[output].DeclaredContainer ??= replaced.DeclaredContainer;
                graph.ReplaceUses(replaced, branch.Outputs[output]);
            }
        }

        foreach (SizeRequirement requirement in branch.Requirements)
        {
            graph.Require(requirement);
        }

        // The branch's nodes are the graph's now; the other branch's leave the edges.
        branch.Nodes.Clear();
        node.Detach();
    }
}

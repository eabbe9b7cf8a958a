using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;
using Cameo.Generator.Passes;

namespace Cameo.Generator.Operators;

/// <summary>
/// A branch of an If whose sizes contradict each other is no fault of a model that never takes it: exporters leave such branches behind where sizes became fixed.
/// <para>Before: <c>y = If(c) { Add(a: [2], b: [3]) } else { Neg(a) }</c>. After: <c>y = If(c) { cameo.Refuse } else { Neg(a) }</c>, which ends a run that takes the branch, and a warning.</para>
/// What else is wrong with a branch (an operator that is not known, an attribute) stays an error of the build, and so does a contradiction in both branches.
/// </summary>
internal static class ContradictoryBranch
{
    /// <summary>Infers the branches of an If.</summary>
    public static void Infer(Node node, Graph then, Graph otherwise, InferenceContext context)
    {
        IReadOnlyList<DiagnosticInfo> left = ShapePropagation.InferBody(then, context), right = ShapePropagation.InferBody(otherwise, context);
        if (IsContradictory(left) && IsSound(otherwise, right))
        {
            left = Replace(node, then, otherwise, left, context);
        }
        else if (IsContradictory(right) && IsSound(then, left))
        {
            right = Replace(node, otherwise, then, right, context);
        }

        context.Diagnostics.AddRange(left);
        context.Diagnostics.AddRange(right);
        SetTypes(then, otherwise, context.Symbols);
        SetTypes(otherwise, then, context.Symbols);
    }

    private static bool IsContradictory(IReadOnlyList<DiagnosticInfo> found) =>
        found.Any(static diagnostic => diagnostic.IsContradiction) && found.All(static diagnostic => diagnostic.IsContradiction || diagnostic.Severity != DiagnosticLevel.Error);

    private static bool IsSound(Graph branch, IReadOnlyList<DiagnosticInfo> found) =>
        found.All(static diagnostic => diagnostic.Severity != DiagnosticLevel.Error) && branch.Outputs.All(static output => output.HasType);

    private static IReadOnlyList<DiagnosticInfo> Replace(Node node, Graph branch, Graph other, IReadOnlyList<DiagnosticInfo> found, InferenceContext context)
    {
        if (context.IsTentative)
        {
            // Sizes that contradict each other now may change yet; until they stay, nothing is taken away.
            for (int index = 0; index < branch.Outputs.Count; index++)
            {
                branch.Outputs[index].Type ??= other.Outputs[index].Type;
                branch.Outputs[index].Container ??= other.Outputs[index].Container;
            }

            return [];
        }

        foreach (Node inner in branch.Nodes)
        {
            inner.Detach();
        }

        branch.Nodes.Clear();
        branch.Requirements.Clear();
        Node refusal = branch.AddNode(node.Name, RefuseOperator.Name, [], 1, domain: OperatorRegistry.InternalDomain);
        refusal.Origins = node.Origins;
        refusal.Line = found.First(static diagnostic => diagnostic.IsContradiction).Line;
        refusal.SetAttribute(RefuseOperator.Reason, found.First(static diagnostic => diagnostic.IsContradiction).Message);
        for (int index = 0; index < branch.Outputs.Count; index++)
        {
            branch.Outputs[index] = branch.AddValue($"{node.Name}/never/{index}");
            refusal.AddOutput(branch.Outputs[index]);
        }

        return ShapePropagation.InferBody(branch, context);
    }

    /// <summary>A refused branch has results like the other's. Sizes that the other finds in data are not known here, and never asked for.</summary>
    private static void SetTypes(Graph branch, Graph other, SymbolTable symbols)
    {
        if (branch.Nodes is not [{ Type: RefuseOperator.Name, Domain: OperatorRegistry.InternalDomain }])
        {
            return;
        }

        for (int index = 0; index < branch.Outputs.Count; index++)
        {
            Value like = other.Outputs[index];
            branch.Outputs[index].Container = like.Container;
            branch.Outputs[index].Type = like.Type is null ? null
                : new TensorType(like.Type.ElementType, new Shape([.. like.Shape.Select(size => size.Symbols().Any(symbols.IsData) ? Dimension.Zero : size)]));
        }
    }
}

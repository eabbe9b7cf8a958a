using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes;

/// <summary>
/// Gives every value its type and, where it follows from the model and the symbols alone, its value.
/// <para>Before: <c>s = Shape(x); g = Gather(s, 0); c = Concat(g, {-1}); y = Reshape(x, c)</c>.
/// After: <c>c</c> has the elements <c>{batch, -1}</c>, <c>y</c> has the type <c>[batch, 768]</c>, and nothing reads s and g any more.</para>
/// A symbol that the model declares for an inferred size (<c>total</c> for <c>past + sequence</c>) is defined by it; the pass then runs again with the definition.
/// All errors are collected; what depends on a failed node is passed over.
/// </summary>
internal static class ShapePropagation
{
    /// <summary>Each round defines at least one more symbol; real models need two.</summary>
    private const int MaximumRounds = 32;

    public static void Run(Graph graph, List<DiagnosticInfo> diagnostics, CancellationToken cancellationToken)
    {
        for (int round = 0; round < MaximumRounds; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var found = new List<DiagnosticInfo>();
            foreach (Value input in graph.Inputs)
            {
                // A body's inputs have the types that its node gives.
                if ((graph.IsBody ? input.Type : input.DeclaredType) is { } type)
                {
                    input.Type = Resolve(type, graph.Symbols);
                }
            }

            var context = new InferenceContext(graph);
            bool defined = InferAll(graph, context, found);
            if (context.NeedsAnotherRound)
            {
                continue;
            }

            if (!defined || found.Any(diagnostic => diagnostic.Severity == DiagnosticLevel.Error))
            {
                diagnostics.AddRange(found);
                ResolveRequirements(graph, diagnostics);
                return;
            }
        }

        diagnostics.Add(new DiagnosticInfo(DiagnosticIds.UnsupportedUse, DiagnosticLevel.Error, $"The model's sizes were not found in {MaximumRounds} rounds of inference."));
    }

    /// <summary>With all symbols defined, some of what was taken for granted is known to hold, or not to.</summary>
    private static void ResolveRequirements(Graph graph, List<DiagnosticInfo> diagnostics)
    {
        for (int index = graph.Requirements.Count - 1; index >= 0; index--)
        {
            SizeRequirement requirement = graph.Requirements[index];
            Dimension size = graph.Symbols.Resolve(requirement.Size);
            graph.Requirements[index] = requirement with { Size = size };
            if (size.Value == requirement.Value)
            {
                graph.Requirements.RemoveAt(index);
            }
            else if (size.IsStatic)
            {
                diagnostics.Add(new DiagnosticInfo(DiagnosticIds.InvalidModel, DiagnosticLevel.Error, $"The {requirement.What} is {size} and must be {requirement.Value}."));
            }
        }

        foreach (Graph body in graph.Nodes.SelectMany(node => node.Bodies))
        {
            ResolveRequirements(body, diagnostics);
        }
    }

    /// <summary>Infers one node, as passes do for nodes they make.</summary>
    public static void Infer(Node node, InferenceContext context)
    {
        Operator known = OperatorRegistry.Find(node) ?? throw ModelException.Unsupported(node, "Cameo does not know this operator");
        OperatorRegistry.ResolveVersion(known, node);
        if (!known.TakesContainers && node.Inputs.FirstOrDefault(input => input?.Container is not null) is { } container)
        {
            throw new ModelException(node, $"'{container.Name}' is a {container.Container}, and the operator takes tensors");
        }

        known.Infer(node, context);
    }

    /// <summary>Infers the body of a control-flow node, whose inputs have their types; returns what is wrong with it.</summary>
    public static IReadOnlyList<DiagnosticInfo> InferBody(Graph body, InferenceContext outer)
    {
        var found = new List<DiagnosticInfo>();
        InferAll(body, new InferenceContext(body, outer), found);
        return found;
    }

    private static bool InferAll(Graph graph, InferenceContext context, List<DiagnosticInfo> diagnostics)
    {
        bool defined = false;
        graph.Requirements.RemoveAll(static requirement => requirement.IsInferred);
        for (int index = 0; index < graph.Nodes.Count; index++)
        {
            Node node = graph.Nodes[index];
            if (node.Inputs.Any(input => input is not null && !input.HasType))
            {
                continue;
            }

            try
            {
                if (BranchSelection.TryReplace(graph, node, context) || ContainerResolution.TryReplace(graph, node) || SearchRewriting.TryReplace(graph, node))
                {
                    index--;
                    continue;
                }

                VersionUpgrade.Run(graph, node, added => Infer(added, context));
                index += graph.Nodes[index] == node ? 0 : 1;
                Infer(node, context);
                foreach (Value? output in node.Outputs)
                {
                    if (output?.Type is not null)
                    {
                        defined |= Reconcile(output, graph);
                    }
                }
            }
            catch (ModelException exception)
            {
                if (exception.IsUnsupported && RunTimeSizes.Demand(context.Model, node))
                {
                    context.NeedsAnotherRound = true;
                }
                else if (exception.IsUnsupported && !context.NeedsAnotherRound && DataNumbers.Demand(context, node))
                {
                    // In a round that is to be repeated something may be unknown only because it was inferred before what it follows from was known.
                    // What lies between is inferred anew, with numbers in the place of data.
                    int first = graph.Nodes.FindIndex(other => other.Outputs.Any(output => output is not null && output.Type is null));
                    index = Math.Min(index, first < 0 ? index : first) - 1;
                    context.NeedsAnotherRound |= first < 0;
                    continue;
                }

                diagnostics.Add(Diagnose(node, exception));
            }
        }

        diagnostics.AddRange(context.Diagnostics);
        return defined;
    }

    /// <summary>Compares an inferred type with the declared one; returns whether a symbol was defined.</summary>
    private static bool Reconcile(Value output, Graph graph)
    {
        SymbolTable symbols = graph.Symbols;
        if (output.DeclaredType is not { } claim || claim.Rank != output.Shape.Rank)
        {
            return false;
        }

        bool defined = false;
        for (int axis = 0; axis < claim.Rank; axis++)
        {
            Dimension declared = symbols.Resolve(claim.Shape[axis]);
            // Resolved as well: a symbol that occurs in it may have been defined earlier in this round, by the very symbol that is declared here.
            Dimension inferred = symbols.Resolve(output.Shape[axis]);
            if (declared == inferred)
            {
                continue;
            }

            if (declared.IsStatic && inferred.IsStatic)
            {
                // Graphs keep what was written for another size when tools rewrite them; what nodes make is what counts.
                continue;
            }

            if (declared.IsStatic && symbols.DependsOnInputElements(inferred))
            {
                // What data say must be what the model says.
                graph.Require(new SizeRequirement(inferred, declared.Constant, $"axis {axis} of '{output.Name}' as the model declares it"));
                Dimension[] sizes = [.. output.Shape];
                sizes[axis] = declared;
                output.Type = new TensorType(output.ElementType, new Shape(sizes));
                continue;
            }

            // One size of the inputs that is declared as another of them is no definition: a name in the wrong place must not tell the caller how long inputs have to be.
            bool isOtherName = inferred.AsSymbol() is { } other && symbols.Contains(other);
            if (!isOtherName && !inferred.Symbols().Any(symbols.IsData) && declared.AsSymbol() is { } symbol && symbols.Contains(symbol) && !inferred.Symbols().Contains(symbol))
            {
                // An input's symbol that turns out to be a function of others, as total = past + sequence.
                symbols.Define(symbol, inferred);
                defined = true;
            }
        }

        return defined;
    }

    private static TensorType Resolve(TensorType type, SymbolTable symbols) =>
        new(type.ElementType, new Shape([.. type.Shape.Select(symbols.Resolve)]));

    public static DiagnosticInfo Diagnose(Node node, ModelException exception)
    {
        string id = OperatorRegistry.Find(node) is null ? DiagnosticIds.UnsupportedOperator
            : exception.IsUnsupported ? DiagnosticIds.UnsupportedUse
            : DiagnosticIds.InvalidModel;
        string types = string.Join(", ", node.Inputs.Select(input => input?.Type?.ToString() ?? input?.Container?.ToString() ?? "omitted"));
        string domain = node.Domain.Length == 0 ? "opset" : $"{node.Domain} opset";
        return new DiagnosticInfo(id, DiagnosticLevel.Error, $"{node.OperatorName} '{node.Name}' ({domain} {node.Version}; inputs: {types}): {exception.Reason}.", node.Line) { IsContradiction = exception.IsContradiction };
    }
}

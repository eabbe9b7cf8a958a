using Cameo.Generator.Diagnostics;
using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// <c>cameo.Refuse</c>: all that is left of a branch whose sizes contradict each other (see <see cref="ContradictoryBranch"/>). It ends the run with attribute <c>reason</c>; its results, which
/// have the types of the other branch's, are never read.
/// </summary>
internal sealed class RefuseOperator : Operator
{
    public const string Name = "Refuse";

    public const string Reason = "reason";

    public static readonly IReadOnlyList<Operator> All = [new RefuseOperator()];

    public override string Domain => OperatorRegistry.InternalDomain;

    public override string Type => Name;

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context) => context.Diagnostics.Add(new DiagnosticInfo(
        DiagnosticIds.ContradictoryBranch, DiagnosticLevel.Warning, $"A branch of If '{node.Name}' ends a run that takes it: {node.StringAttribute(Reason, "")}", node.Line));

    public override void Lower(Node node, LoweringContext context)
    {
        foreach (Value output in node.Outputs.OfType<Value>().Where(output => output.Container is not null))
        {
            context.Sequences.Define(node, output);
        }

        View[] never = [.. node.Outputs.OfType<Value>().Where(output => output.Type is not null).Select(output => context.Write(output))];
        string message = $"The branch of If '{node.Name}' that this run takes cannot run: {node.StringAttribute(Reason, "")}";
        context.Add(new Kernel("refuse", node, [], never, writer => writer.Line($"ThrowContradiction({CSharpText.Literal(message)});")) { UpdatesState = true });
    }
}

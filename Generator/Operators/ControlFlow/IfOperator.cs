using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Passes;

namespace Cameo.Generator.Operators;

/// <summary>
/// If: https://onnx.ai/onnx/operators/onnx__If.html, of tensors, sequences and optionals. A condition that is known at build time leaves one branch, before this class is asked (see <see cref="BranchSelection"/>). Otherwise both
/// branches are compiled, one runs, and its results are written where both branches have theirs. Sizes of the results that differ follow from a condition on sizes, or the branch that
/// runs tells them. A branch whose sizes contradict each other ends the run that takes it (see <see cref="ContradictoryBranch"/>).
/// </summary>
internal sealed class IfOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new IfOperator()];

    public override string Type => "If";

    public override IReadOnlyList<int> Versions => [1, 11, 13, 16, 19, 21, 23, 24, 25];

    public override bool TakesContainers => true;

    public override void Infer(Node node, InferenceContext context)
    {
        Graph then = BranchSelection.Branch(node, "then_branch");
        Graph otherwise = BranchSelection.Branch(node, "else_branch");
        if (node.Input(0).RequiredType is var condition && (condition.ElementType != ElementType.Boolean || condition.Shape.ElementCount.Value is { } count && count != 1))
        {
            throw new ModelException(node, $"the condition is {condition} and not one boolean");
        }

        ContradictoryBranch.Infer(node, then, otherwise, context);
        for (int index = 0; index < node.Outputs.Count; index++)
        {
            if (node.Outputs[index] is not null && then.Outputs[index].HasType && otherwise.Outputs[index].HasType && ContainerBranches.Merge(node, index, then, otherwise) is { } container)
            {
                node.Outputs[index]!.Container = container;
            }
            else if (node.Outputs[index] is { } output && then.Outputs[index].Type is { } left && otherwise.Outputs[index].Type is { } right)
            {
                context.SetType(output, Merge(node, index, left, right, context));
            }
        }
    }

    public override void Lower(Node node, LoweringContext context)
    {
        Graph[] branches = [BranchSelection.Branch(node, "then_branch"), BranchSelection.Branch(node, "else_branch")];
        View? condition = node.Input(0).Elements is null ? context.Read(node.Input(0)) : null;
        View?[] merged = [.. node.Outputs.Select(output => output?.Type is null ? null : context.Variable(output.Name, output.ElementType, output.Shape))];
        int?[] sequences = [.. node.Outputs.Select(output => output?.Container is null ? (int?)null : context.Sequences.Add(node, output))];
        List<Kernel>[] blocks = [.. branches.Select(branch => LowerBranch(node, branch, merged, sequences, context))];
        for (int index = 0; index < merged.Length; index++)
        {
            if (merged[index] is { } view)
            {
                context.SetView(node.Outputs[index]!, view);
            }
        }

        context.Add(new Kernel("if", node, condition is null ? [] : [condition], [.. merged.OfType<View>()], writer =>
        {
            string test = condition is null ? $"{writer.Size(node.Input(0).Elements![0])} != 0" : $"*{writer.Pointer(condition)}";
            using (writer.Block($"if ({test})"))
            {
                blocks[0].ForEach(kernel => writer.Line($"{writer.Call(kernel)};"));
            }

            using (writer.Block("else"))
            {
                blocks[1].ForEach(kernel => writer.Line($"{writer.Call(kernel)};"));
            }
        })
        {
            Blocks = blocks,
            Sizes = DataSizes.Names(node),
            UpdatesState = sequences.Any(sequence => sequence is not null),
            Summary = "one of two branches",
        });
    }

    private static List<Kernel> LowerBranch(Node node, Graph branch, View?[] merged, int?[] sequences, LoweringContext context) => context.LowerBlock(
        branch,
        () =>
        {
            for (int index = 0; index < merged.Length; index++)
            {
                if (merged[index] is { } target && branch.Outputs[index] is { } value)
                {
                    SetSizes(node, index, value.Shape, context);
                    // Sizes that differ between branches agree in the branch that runs.
                    View source = context.Read(value);
                    context.Copy(source, new View(target.Buffer, source.Shape), node);
                }
                else if (sequences[index] is { } sequence)
                {
                    context.Sequences.HandOut(node, branch.Outputs[index], sequence, context);
                }
            }
        });

    /// <summary>Whether both are one element, which branches may have under different ranks: it is read in the same way.</summary>
    public static bool AreSingle(Shape left, Shape right) => left.ElementCount.Value == 1 && right.ElementCount.Value == 1;

    private static string SizeName(int output, int axis) => $"axis {axis} of output {output}";

    /// <summary>The branch that runs tells the sizes that data decide.</summary>
    private static void SetSizes(Node node, int output, Shape shape, LoweringContext context)
    {
        for (int axis = 0; axis < shape.Rank; axis++)
        {
            if (DataSizes.Find(node, SizeName(output, axis)) is { } symbol && node.Outputs[output]!.Shape[axis].AsSymbol() == symbol)
            {
                Dimension size = shape[axis];
                context.Add(new Kernel("sizes", node, [], [], writer => writer.SetSize(Dimension.Symbol(symbol), writer.Size(size))) { Sizes = [symbol], Nodes = [] });
            }
        }
    }

    private static TensorType Merge(Node node, int index, TensorType then, TensorType otherwise, InferenceContext context)
    {
        if (then.ElementType == otherwise.ElementType && node.Input(0).Elements is [{ IsStatic: true } known])
        {
            return known.Constant != 0 ? then : otherwise;
        }

        if (then.ElementType == otherwise.ElementType && then.Rank != otherwise.Rank && AreSingle(then.Shape, otherwise.Shape))
        {
            return then.Rank > otherwise.Rank ? then : otherwise;
        }

        if (then.ElementType != otherwise.ElementType || then.Rank != otherwise.Rank)
        {
            string reason = $"output {index} is {then} in one branch and {otherwise} in the other, and which is taken is known at run time only";
            throw then.ElementType == otherwise.ElementType ? ModelException.Unsupported(node, $"{reason}; fix the condition's input with OnnxInputs") : new ModelException(node, reason);
        }

        var sizes = new Dimension[then.Rank];
        for (int axis = 0; axis < sizes.Length; axis++)
        {
            Dimension left = then.Shape[axis];
            Dimension right = otherwise.Shape[axis];
            sizes[axis] = left == right ? left
                : node.Input(0).Elements is { Count: 1 } condition ? right + condition[0] * (left - right)
                : context.DataSize(node, SizeName(index, axis));
        }

        return new TensorType(then.ElementType, new Shape(sizes));
    }
}

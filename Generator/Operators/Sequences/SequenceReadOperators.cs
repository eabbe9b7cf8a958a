using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// SequenceAt and ConcatFromSequence, version 11: https://onnx.ai/onnx/operators/onnx__SequenceAt.html, https://onnx.ai/onnx/operators/onnx__ConcatFromSequence.html. Where content and position are
/// known, the value itself or a Concat (see <see cref="Passes.ContainerResolution"/>). At run time SequenceAt gives the tensor where it lies; sizes that may differ between the tensors are symbols
/// that the kernel sets. The rank must be known from the sequence's type, or be declared for the result; every run checks it.
/// </summary>
internal sealed class SequenceReadOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new SequenceReadOperators("SequenceAt"), new SequenceReadOperators("ConcatFromSequence")];

    private SequenceReadOperators(string type) => Type = type;

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [11];

    public override bool TakesContainers => true;

    public override void Infer(Node node, InferenceContext context)
    {
        ContainerType sequence = SequenceItems.Sequence(node, 0);
        if (Type == "SequenceAt" && SequenceItems.Position(node, 1) is null)
        {
            throw new ModelException(node, "the position (input 1) is missing");
        }

        if (Type == "SequenceAt")
        {
            SequenceSizes.SetItem(node, sequence, context);
            return;
        }

        bool adds = AddsAxis(node);
        if (SequenceSizes.Items(node, sequence, node.Output.DeclaredType?.Rank - (adds ? 1 : 0), context) is not { } items)
        {
            return;
        }

        int axis = Axis(node, items.Count);
        List<Dimension?> sizes = [.. items];
        if (adds)
        {
            sizes.Insert(axis, SequenceItems.Count(node.Input(0)) is { } count ? count : null);
        }
        else
        {
            sizes[axis] = null;
        }

        context.SetType(node.Output, new TensorType(sequence.ElementType, SequenceSizes.Shape(node, sizes, context)));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        if (Type == "SequenceAt")
        {
            Value position = SequenceItems.Position(node, 1)!;
            View? read = SequenceText.Read(position, context);
            SequenceSizes.LowerItem(node, context, read, (writer, source, sizes) => $"Select({SequenceText.Name(node)}, {source}, {SequenceText.Position(position, read, writer)}, {sizes})");
            return;
        }

        bool adds = AddsAxis(node);
        int axis = Axis(node, node.Output.Shape.Rank - (adds ? 1 : 0));
        SequenceSizes.LowerItem(node, context, null, (_, source, sizes) => $"Concatenate({SequenceText.Name(node)}, {source}, {axis}, {(adds ? "true" : "false")}, {sizes})");
    }

    /// <summary>Whether tensors are stacked along a new axis.</summary>
    public static bool AddsAxis(Node node) => node.IntegerAttribute("new_axis", 0) switch
    {
        0 => false,
        1 => true,
        var other => throw new ModelException(node, $"attribute 'new_axis' is {other} and neither 0 nor 1"),
    };

    /// <summary>The axis along which tensors of a rank are joined: one of theirs, or the new one.</summary>
    public static int Axis(Node node, int rank) => node.HasAttribute("axis")
        ? ShapeMath.Axis(node, node.IntegerAttribute("axis", 0), rank + (AddsAxis(node) ? 1 : 0))
        : throw new ModelException(node, "attribute 'axis' is missing");
}

using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// SplitToSequence, versions 11 and 24 (more types): https://onnx.ai/onnx/operators/onnx__SplitToSequence.html. A number says how long the parts are, of which the last may be
/// shorter; a list says how long each is; without either there is a part for each index, without the axis where <c>keepdims</c> is 0. Where the number of parts is known the result is a list
/// of views (see <see cref="Passes.ContainerResolution"/>), else parts are copied.
/// </summary>
internal sealed class SplitToSequenceOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new SplitToSequenceOperator()];

    /// <summary>More parts than this are made by a kernel and not one by one by the graph.</summary>
    private const int MaximumKnownParts = 256;

    public override string Type => "SplitToSequence";

    public override IReadOnlyList<int> Versions => [11, 24];

    public override void Infer(Node node, InferenceContext context)
    {
        TensorType input = node.Input(0).RequiredType;
        int axis = Axis(node);
        Value? split = Split(node);
        List<Dimension?> sizes = [.. ItemShape.Of(input.Shape, context.Symbols).Sizes!];
        if (split is null)
        {
            sizes[axis] = Dimension.One;
            if (!KeepsAxis(node))
            {
                sizes.RemoveAt(axis);
            }
        }
        else
        {
            sizes[axis] = null;
        }

        node.Output.Container = new ContainerType(ContainerKind.Sequence, input.ElementType, ItemShape.Of(sizes));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View input = context.ReadContiguous(node.Input(0));
        Value? split = Split(node);
        View? sizes = split is null ? null : context.ReadContiguous(split);
        int target = context.Sequences.Add(node, node.Output);
        int axis = Axis(node);
        context.Add(new Kernel("sequence", node, [.. new[] { input, sizes }.OfType<View>()], [], writer =>
        {
            string call = $"{SequenceText.Field(target)}.Split";
            string source = $"{SequenceText.Name(node)}, {writer.Pointer(input)}, {SequenceText.Sizes(input.Shape, writer)}, {axis}";
            writer.Line(split is null ? $"{call}Each({source}, {(KeepsAxis(node) ? "true" : "false")});"
                : split.Shape.Rank == 0 ? $"{call}Evenly({source}, *{writer.Pointer(sizes!)});"
                : $"{call}({source}, new ReadOnlySpan<{split.ElementType.CSharpName()}>({writer.Pointer(sizes!)}, checked((int){writer.Size(split.Shape.ElementCount)})));");
        })
        {
            UpdatesState = true,
            Summary = "parts of a tensor",
        });
    }

    /// <summary>The axis that is split.</summary>
    public static int Axis(Node node) => ShapeMath.Axis(node, node.IntegerAttribute("axis", 0), node.Input(0).Shape.Rank);

    /// <summary>Whether parts of one index keep the axis; says nothing where sizes are given.</summary>
    public static bool KeepsAxis(Node node) => node.OptionalInput(1) is not null || node.IntegerAttribute("keepdims", 1) switch
    {
        0 => false,
        1 => true,
        var other => throw new ModelException(node, $"attribute 'keepdims' is {other} and neither 0 nor 1"),
    };

    /// <summary>Sizes of the parts, where their number is known and small.</summary>
    public static IReadOnlyList<Dimension>? Parts(Node node)
    {
        Dimension size = node.Input(0).Shape[Axis(node)];
        Value? split = Split(node);
        if (split is null)
        {
            return size.Value is <= MaximumKnownParts and var count ? [.. Enumerable.Repeat(Dimension.One, (int)count)] : null;
        }

        if (split.Elements is not { } elements || elements.Any(element => !element.IsStatic))
        {
            return null;
        }

        if (split.Shape.Rank > 0)
        {
            CheckList(node, elements, size);
            return elements.Count <= MaximumKnownParts ? elements : null;
        }

        long length = elements[0].Constant;
        if (length <= 0)
        {
            throw new ModelException(node, $"parts cannot have {length} elements");
        }

        if (size.Value is not { } whole || (whole + length - 1) / length > MaximumKnownParts)
        {
            return null;
        }

        int parts = (int)((whole + length - 1) / length);
        return [.. Enumerable.Range(0, parts).Select(index => Dimension.Of(Math.Min(length, whole - index * length)))];
    }

    private static void CheckList(Node node, IReadOnlyList<Dimension> sizes, Dimension whole)
    {
        if (sizes.FirstOrDefault(size => size.Constant < 0) is { } negative)
        {
            throw new ModelException(node, $"a part cannot have {negative} elements");
        }

        long sum = sizes.Sum(size => size.Constant);
        if (whole.Value is { } known && known != sum)
        {
            throw new ModelException(node, $"the parts have {sum} elements together, and the axis {known}");
        }
    }

    private static Value? Split(Node node)
    {
        if (node.OptionalInput(1) is not { } split)
        {
            return null;
        }

        return split.Type is { ElementType: ElementType.Int32 or ElementType.Int64, Rank: <= 1 }
            ? split
            : throw new ModelException(node, $"'split' (input 1) is {SequenceItems.Describe(split)} and neither a number nor a list of int32 or int64");
    }
}

using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Unique: https://onnx.ai/onnx/operators/onnx__Unique.html, version 11, and Unique of com.microsoft (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md): float32 vectors in
/// order of first occurrence. Numbers, booleans and strings, in the order of their code points; not a number equals itself and comes last. How many are different is a size of the run.
/// </summary>
internal sealed class UniqueOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new UniqueOperator("", [11]), new UniqueOperator(PointwiseFunction.MicrosoftDomain, [1])];

    private UniqueOperator(string domain, int[] versions)
    {
        Domain = domain;
        Versions = versions;
    }

    public override string Domain { get; }

    public override string Type => "Unique";

    public override IReadOnlyList<int> Versions { get; }

    public override void Infer(Node node, InferenceContext context)
    {
        Value x = node.Input(0);
        if (x.ElementType != ElementType.String)
        {
            ElementTypeSet.NumericOrBoolean.Require(node, 0);
        }

        if (Domain.Length > 0 && (x.ElementType != ElementType.Float32 || x.Shape.Rank != 1))
        {
            throw new ModelException(node, $"the input is {x.Type} and not a list of float32 numbers");
        }

        int? axis = Axis(node);
        Dimension size = Size(node);
        Dimension count = context.DataSize(node, "count", size);
        Set(node, 0, new TensorType(x.ElementType, axis is null ? new Shape([count]) : new Shape([.. x.Shape.Select((other, index) => index == axis ? count : other)])), context);
        Set(node, Firsts, new TensorType(ElementType.Int64, new Shape([count])), context);
        Set(node, Inverse, new TensorType(ElementType.Int64, new Shape([size])), context);
        Set(node, Counts, new TensorType(ElementType.Int64, new Shape([count])), context);
    }

    private int Firsts => Domain.Length == 0 ? 1 : -1;

    private int Inverse => Domain.Length == 0 ? 2 : 1;

    private int Counts => Domain.Length == 0 ? 3 : 2;

    /// <summary>16-bit floating-point numbers are told apart as float32.</summary>
    public override bool Expand(Node node, ExpansionContext context)
    {
        if (node.Input(0).ElementType is not (ElementType.Float16 or ElementType.BFloat16))
        {
            return false;
        }

        var formula = new Formula(context);
        Node wide = context.AddCopy(node, [formula.Widen(node.Input(0))]);
        for (int index = 0; index < node.Outputs.Count; index++)
        {
            if (node.Outputs[index] is { } output)
            {
                context.Replace(output, formula.Cast(wide.Outputs[index]!, output.ElementType));
            }
        }

        return true;
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        Dimension size = Size(node);
        Dimension count = DataSizes.Of(node, "count");
        Shape around = Axis(node) is { } axis ? new Shape([from.Shape.Product(0, axis), size, from.Shape.Product(axis + 1, from.Rank)]) : new Shape([1, size, 1]);
        View firsts = context.Scratch(node, ElementType.Int64, new Shape([size]));
        View counts = context.Scratch(node, ElementType.Int64, new Shape([size]));
        View inverse = node.OptionalOutput(Inverse) is { } numbers ? context.Write(numbers) : context.Scratch(node, ElementType.Int64, new Shape([size]));
        View scratch = context.Scratch(node, ElementType.Int64, new Shape([2 * size]));
        string type = from.ElementType == ElementType.Boolean ? "byte" : from.ElementType == ElementType.String ? "long" : from.ElementType.CSharpName()!;
        bool sorts = Domain.Length == 0 && node.IntegerAttribute("sorted", 1) != 0;
        View keys = sorts && from.ElementType == ElementType.String ? Ranks(node, from, context) : from;
        context.Add(new Kernel("unique", node, [keys], [firsts, inverse, counts, scratch], writer => writer.SetSize(
            count, $"Unique.Find(({type}*){writer.Pointer(keys)}, {writer.Size(around[0])}, {writer.Size(size)}, {writer.Size(around[2])}, {KernelText.Boolean(sorts)}, " +
                $"{writer.Pointer(firsts)}, {writer.Pointer(inverse)}, {writer.Pointer(counts)}, {writer.Pointer(scratch)})"))
        {
            Sizes = DataSizes.Names(node),
            Summary = $"different slices of {around}",
        });
        if (node.OptionalOutput(0) is { } values)
        {
            View to = context.Write(values);
            context.Add(new Kernel("gather", node, [from, firsts], [to], writer => writer.Line(
                $"Gather.Slices(Workers, {KernelText.Bytes(writer, from)}, {writer.Size(around[0])}, {writer.Size(size)}, {writer.Size(around[2] * from.ElementType.Bytes())}, " +
                $"{writer.Pointer(firsts)}, {writer.Size(count)}, {KernelText.Bytes(writer, to)}, {KernelText.Name(node)});")));
        }

        foreach ((int output, View found) in new[] { (Firsts, firsts), (Counts, counts) })
        {
            if (output >= 0 && node.OptionalOutput(output) is { } value)
            {
                context.SetView(value, found.Slice(0, Dimension.Zero, count));
            }
        }
    }

    /// <summary>Texts have no order as handles: numbers that have theirs.</summary>
    private static View Ranks(Node node, View from, LoweringContext context)
    {
        View ranks = context.Scratch(node, ElementType.Int64, from.Shape);
        View scratch = context.Scratch(node, ElementType.Int64, new Shape([2 * from.Shape.ElementCount]));
        context.Add(new Kernel("text", node, [from], [ranks, scratch], writer => writer.Line(
            $"TextRanks.Run(Texts, {writer.Pointer(from)}, {writer.Size(from.Shape.ElementCount)}, {writer.Pointer(ranks)}, {writer.Pointer(scratch)});"))
        {
            NeedsSession = true,
            Summary = "order of texts",
        });
        return ranks;
    }

    private static int? Axis(Node node) => node.HasAttribute("axis") ? ShapeMath.Axis(node, node.IntegerAttribute("axis", 0), node.Input(0).Shape.Rank) : null;

    private static Dimension Size(Node node) => Axis(node) is { } axis ? node.Input(0).Shape[axis] : node.Input(0).Shape.ElementCount;

    private static void Set(Node node, int output, TensorType type, InferenceContext context)
    {
        if (output >= 0 && node.OptionalOutput(output) is { } value)
        {
            context.SetType(value, type);
        }
    }
}

using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// GatherElements, GatherND, ScatterElements (and its deprecated name Scatter), ScatterND: https://onnx.ai/onnx/operators/onnx__GatherElements.html and so on.
/// Indices are int32 or int64, checked at run time, and may be negative. Scatter's <c>reduction</c> is none, add or mul (version 16), min or max (version 18).
/// </summary>
internal sealed class IndexedOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new IndexedOperators("GatherElements", [11, 13]),
        new IndexedOperators("GatherND", [11, 12, 13]),
        new IndexedOperators("ScatterElements", [11, 13, 16, 18]),
        new IndexedOperators("Scatter", [9, 11]),
        new IndexedOperators("ScatterND", [11, 13, 16, 18]),
    ];

    private IndexedOperators(string type, int[] versions)
    {
        Type = type;
        Versions = versions;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    private bool Scatters => Type.StartsWith("Scatter", StringComparison.Ordinal);

    private bool TakesTuples => Type.EndsWith("ND", StringComparison.Ordinal);

    public override void Infer(Node node, InferenceContext context)
    {
        Value data = node.Input(0);
        ElementTypeSet.Movable.Require(node, 0);
        GatherOperator.RequireIndexType(node, 1);
        Shape indices = node.Input(1).Shape;
        if (TakesTuples)
        {
            int depth = Depth(node);
            int batch = Batch(node);
            if (batch + depth > data.Shape.Rank)
            {
                throw new ModelException(node, $"tuples of {depth} indices do not fit the data's shape {data.Shape}");
            }
        }
        else
        {
            int axis = ShapeMath.Axis(node, node.IntegerAttribute("axis", 0), data.Shape.Rank);
            if (indices.Rank != data.Shape.Rank)
            {
                throw new ModelException(node, $"indices of shape {indices} do not have the rank of the data's {data.Shape}");
            }

            // Along the other axes, elements stay at their places.
            for (int other = 0; other < indices.Rank; other++)
            {
                if (other != axis)
                {
                    context.RequireAtMost(node, indices[other], data.Shape[other], $"indices along axis {other}");
                }
            }
        }

        if (Scatters)
        {
            ElementTypeSet.RequireEqual(node, 0, 2);
            if (Reduction(node) != "ScatterReplace" && data.ElementType == ElementType.String)
            {
                throw ModelException.Unsupported(node, $"strings cannot be combined by reduction '{node.StringAttribute("reduction", "none")}'");
            }

            RequireUpdates(node, TakesTuples ? new Shape([.. indices.Take(indices.Rank - 1), .. data.Shape.Skip(Depth(node))]) : indices, context);
            context.SetType(node.Output, data.RequiredType);
            return;
        }

        for (int axis = 0; axis < (TakesTuples ? Batch(node) : 0); axis++)
        {
            RequireSame(node, indices, data.Shape, axis, context);
        }

        Shape shape = !TakesTuples ? indices : new Shape([.. indices.Take(indices.Rank - 1), .. data.Shape.Skip(Batch(node) + Depth(node))]);
        context.SetType(node.Output, new TensorType(data.ElementType, shape));
    }

    /// <summary>There is an update for each index.</summary>
    private static void RequireUpdates(Node node, Shape expected, InferenceContext context)
    {
        Shape updates = node.Input(2).Shape;
        if (updates.Rank != expected.Rank)
        {
            throw new ModelException(node, $"updates of shape {updates} do not fit the expected shape {expected}");
        }

        for (int axis = 0; axis < expected.Rank; axis++)
        {
            RequireSame(node, updates, expected, axis, context);
        }
    }

    private static void RequireSame(Node node, Shape actual, Shape expected, int axis, InferenceContext context)
    {
        if ((actual[axis] - expected[axis]).Value is { } difference && difference != 0)
        {
            throw new ModelException(node, $"a shape of {actual} does not fit {expected}");
        }

        context.RequireEqual(node, actual[axis], expected[axis], $"sizes at axis {axis}");
    }

    /// <summary>bfloat16 numbers are combined as float32. Booleans are as bytes: their sum is the larger one, their product the smaller.</summary>
    public override bool Expand(Node node, ExpansionContext context)
    {
        if (!Scatters || Reduction(node) == "ScatterReplace" || node.Input(0).ElementType is not (ElementType.BFloat16 or ElementType.Boolean))
        {
            return false;
        }

        var formula = new Formula(context);
        bool isTruth = node.Input(0).ElementType == ElementType.Boolean;
        ElementType type = isTruth ? ElementType.UInt8 : ElementType.Float32;
        string reduction = node.StringAttribute("reduction", "none");
        string combined = isTruth && reduction == "add" ? "max" : isTruth && reduction == "mul" ? "min" : reduction;
        Value result = context.Add(
            Type,
            [.. node.Attributes.Values.Where(static attribute => attribute.Name != "reduction").Select(static attribute => (attribute.Name, attribute.Value)), ("reduction", combined)],
            formula.Cast(node.Input(0), type),
            node.Input(1),
            formula.Cast(node.Input(2), type));
        context.Replace(node.Output, formula.Cast(result, node.Output.ElementType));
        return true;
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View data = context.ReadContiguous(node.Input(0));
        View indices = context.ReadContiguous(node.Input(1));
        View? updates = Scatters ? context.ReadContiguous(node.Input(2)) : null;
        bool isState = Scatters && context.State(node.Input(0)) is { Kind: StateKind.FixedCache } state && state.Output == node.Output;
        if (isState)
        {
            context.SetView(node.Output, data);
        }

        View output = isState ? data : context.Write(node.Output);
        View[] reads = updates is null ? [data, indices] : isState ? [indices, updates] : [data, indices, updates];
        context.Add(new Kernel(Scatters ? "scatter" : "gather", node, reads, [output], writer => writer.Line(Call(node, writer, data, indices, updates, output))) { UpdatesState = isState });
    }

    private static int Batch(Node node) => (int)node.IntegerAttribute("batch_dims", 0);

    private static int Depth(Node node)
    {
        Shape indices = node.Input(1).Shape;
        return indices.Rank == 0 ? throw new ModelException(node, "indices have no axes")
            : (int)(indices[indices.Rank - 1].Value ?? throw ModelException.Unsupported(node, $"the length of index tuples is the size '{indices[indices.Rank - 1]}'"));
    }

    private static string Reduction(Node node) => node.StringAttribute("reduction", "none") switch
    {
        "none" => "ScatterReplace",
        "add" => "ScatterAdd",
        "mul" => "ScatterMultiply",
        "max" => "ScatterMaximum",
        "min" => "ScatterMinimum",
        string other => throw new ModelException(node, $"attribute 'reduction' is '{other}'"),
    };

    private string Call(Node node, KernelWriter writer, View data, View indices, View? updates, View output)
    {
        string name = KernelText.Name(node);
        if (!TakesTuples)
        {
            int axis = ShapeMath.Axis(node, node.IntegerAttribute("axis", 0), data.Rank);
            string shapes = $"{KernelText.Sizes(writer, data.Shape)}, {writer.Pointer(indices)}, {KernelText.Sizes(writer, indices.Shape)}, {axis}";
            return updates is null
                ? $"Gather.Elements(Workers, {writer.Pointer(data)}, {shapes}, {writer.Pointer(output)}, {name});"
                : $"Scatter.Elements({Operation(node)}, {writer.Pointer(data)}, {shapes}, {writer.Pointer(updates)}, {writer.Pointer(output)}, {name});";
        }

        int batch = Batch(node);
        int depth = Depth(node);
        Dimension tuples = indices.Shape.Product(updates is null ? batch : 0, indices.Rank - 1);
        Dimension slice = data.Shape.Product(batch + depth, data.Rank);
        string indexed = KernelText.Sizes(writer, data.Shape.Skip(batch).Take(depth));
        return updates is null
            ? $"Gather.Tuples(Workers, {KernelText.Bytes(writer, data)}, {writer.Size(data.Shape.Product(0, batch))}, {indexed}, {writer.Size(slice * data.ElementType.Bytes())}, {writer.Pointer(indices)}, {writer.Size(tuples)}, {KernelText.Bytes(writer, output)}, {name});"
            : $"Scatter.Tuples({Operation(node)}, {writer.Pointer(data)}, {indexed}, {writer.Size(slice)}, {writer.Pointer(indices)}, {writer.Size(tuples)}, {writer.Pointer(updates)}, {writer.Pointer(output)}, {name});";
    }

    private static string Operation(Node node) => $"default({Reduction(node)}<{KernelText.TypeName(node, node.Output.ElementType)}>)";
}

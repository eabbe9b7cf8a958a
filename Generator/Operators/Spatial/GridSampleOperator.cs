using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// GridSample: https://onnx.ai/onnx/operators/onnx__GridSample.html. Samples images [batch, channels, …] at positions [batch, …, axes]: nearest, linear or cubic (in version 16 and in
/// com.microsoft bilinear and bicubic, of images of two axes), from version 20 on in one to five axes. Elements of any fixed size where the nearest is picked; otherwise numbers and booleans, integers in
/// float64 and cut off. Positions are floating-point numbers.
/// </summary>
internal sealed class GridSampleOperator : Operator
{
    private const int MaximumAxes = 5;

    public static readonly IReadOnlyList<Operator> All = [new GridSampleOperator()];

    public override string Type => "GridSample";

    public override IReadOnlyList<int> Versions => [16, 20, 22];

    public override void Infer(Node node, InferenceContext context)
    {
        bool isNearest = Filter(node) == "Nearest";
        _ = Padding(node);
        (isNearest ? ElementTypeSet.Movable : ElementTypeSet.NumericOrBoolean).Require(node, 0);
        ElementTypeSet.Floating.Require(node, 1);
        Shape input = node.Input(0).Shape, grid = node.Input(1).Shape;
        if (input.Rank < 3 || (node.Version < 20 && input.Rank != 4))
        {
            throw new ModelException(node, $"the images must have {(node.Version < 20 ? "4" : "at least 3")} axes but have shape {input}");
        }

        int axes = input.Rank - 2;
        if (axes > MaximumAxes)
        {
            throw ModelException.Unsupported(node, $"images with {axes} axes; at most {MaximumAxes} are supported");
        }

        SpatialText.RequireRank(node, 1, input.Rank, "the grid");
        SpatialText.RequireEqual(node, context, grid[0], input[0], "the numbers of grids and images");
        SpatialText.RequireEqual(node, context, grid[axes + 1], axes, "the coordinates of a position and the axes of an image");
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, new Shape([input[0], input[1], .. grid.Skip(1).Take(axes)])));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        ElementType type = node.Input(0).ElementType;
        ElementType computed = Filter(node) == "Nearest" ? type
            : type is ElementType.Float16 or ElementType.BFloat16 ? ElementType.Float32
            : type.IsFloat() ? type
            : ElementType.Float64;
        Value grid = formula.Widen(node.Input(1));
        if (computed == type && grid == node.Input(1))
        {
            return false;
        }

        Value image = type == ElementType.Boolean && computed != type ? formula.Cast(formula.Cast(node.Input(0), ElementType.Int32), computed) : formula.Cast(node.Input(0), computed);
        context.Replace(node.Output, formula.Cast(context.AddCopy(node, image, grid).Output, type));
        return true;
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View input = context.ReadContiguous(node.Input(0));
        View grid = context.ReadContiguous(node.Input(1));
        View output = context.Write(node.Output);
        Shape shape = node.Output.Shape;
        string filter = Filter(node), corners = KernelText.Boolean(node.IntegerAttribute("align_corners", 0) != 0), padding = $"GridPadding.{Padding(node)}";
        context.Add(new Kernel("grid sample", node, [input, grid], [output], writer =>
        {
            string sizes = $"{writer.Size(shape[0])}, {writer.Size(shape[1])}, {KernelText.Sizes(writer, input.Shape.Skip(2))}, {writer.Pointer(grid)}, {writer.Size(shape.Product(2, shape.Rank))}";
            if (filter != "Nearest")
            {
                writer.Line($"GridSample.Interpolate(Workers, {writer.Pointer(input)}, {sizes}, {writer.Pointer(output)}, GridFilter.{filter}, {padding}, {corners});");
                return;
            }

            string bits = output.ElementType.Bytes() switch { 1 => "byte", 2 => "ushort", 4 => "uint", 8 => "ulong", _ => "UInt128" };
            writer.Line($"GridSample.Pick(Workers, ({bits}*)({writer.Pointer(input)}), {sizes}, ({bits}*)({writer.Pointer(output)}), {padding}, {corners});");
        })
        {
            Summary = $"{input.Shape} at {grid.Shape}",
        });
    }

    private static string Filter(Node node) => node.StringAttribute("mode", "linear") switch
    {
        "nearest" => "Nearest",
        "linear" or "bilinear" => "Linear",
        "cubic" or "bicubic" => "Cubic",
        string other => throw new ModelException(node, $"attribute 'mode' is '{other}'; known are 'linear', 'nearest' and 'cubic'"),
    };

    private static string Padding(Node node) => node.StringAttribute("padding_mode", "zeros") switch
    {
        "zeros" => "Zeros",
        "border" => "Border",
        "reflection" => "Reflection",
        string other => throw new ModelException(node, $"attribute 'padding_mode' is '{other}'; known are 'zeros', 'border' and 'reflection'"),
    };
}

using Cameo.Sessions;

namespace Cameo.Fuzzing.Generation.Productions;

/// <summary>Operators that read images at computed places, and those that are rarer than convolutions.</summary>
internal static class SpatialProductions
{
    public static IReadOnlyList<Production> All { get; } =
    [
        new("gridsample", 0.5, GridSample),
        new("affinegrid", 0.3, AffineGrid),
        new("roialign", 0.4, RoiAlign),
        new("unpool", 0.3, Unpool),
        new("deformconv", 0.4, DeformConv),
        new("col2im", 0.3, Columns),
        new("roipool", 0.2, RoiPool),
        new("upsample", 0.3, Upsample),
    ];

    private static FuzzValue Image(RandomGraph graph, int rank = 4) => graph.Input(
        ElementType.Float32, [graph.Integer(1, 2), graph.OneOf<long>(1, 2, 3, 8, 17), .. Enumerable.Range(0, rank - 2).Select(_ => graph.OneOf<long>(3, 4, 5, 7, 8, 10))]);

    private static void GridSample(RandomGraph graph)
    {
        int rank = graph.Opset >= 20 && graph.Chance(0.3) ? 5 : 4;
        FuzzValue x = Image(graph, rank);
        FuzzValue grid = graph.Input(ElementType.Float32, [x.Shape[0], .. Enumerable.Range(0, rank - 2).Select(_ => (long)graph.Integer(1, 6)), rank - 2], -1.2, 1.2);
        string mode = graph.Opset >= 20 ? graph.OneOf("linear", "nearest", rank == 4 ? "cubic" : "linear") : graph.OneOf("bilinear", "nearest", "bicubic");
        graph.Node("GridSample", [x, grid], ("mode", mode), ("padding_mode", graph.OneOf("zeros", "border", "reflection")), ("align_corners", graph.Integer(0, 1)));
    }

    private static void AffineGrid(RandomGraph graph)
    {
        int axes = graph.Integer(2, 3);
        FuzzValue theta = graph.Input(ElementType.Float32, [graph.Integer(1, 2), axes, axes + 1]);
        graph.Node("AffineGrid", [theta, graph.Integers([theta.Shape[0], 1, .. Enumerable.Range(0, axes).Select(_ => (long)graph.Integer(1, 6))])], ("align_corners", graph.Integer(0, 1)));
    }

    private static void RoiAlign(RandomGraph graph)
    {
        FuzzValue x = Image(graph);
        long count = graph.Integer(1, 4);
        double[] corners = [.. Enumerable.Range(0, (int)count).SelectMany(_ => new[] { graph.Number(0, 3), graph.Number(0, 3), graph.Number(3, 9), graph.Number(3, 9) })];
        FuzzValue regions = graph.Constant(ElementType.Float32, [count, 4], corners);
        FuzzValue images = graph.Operand(ElementType.Int64, [count], 0, x.Shape[0] - 1);
        List<(string, object)> attributes = [("mode", graph.OneOf("avg", "max")), ("output_height", graph.Integer(1, 4)), ("output_width", graph.Integer(1, 4)), ("sampling_ratio", graph.Integer(0, 2)), ("spatial_scale", 1f)];
        if (graph.Opset >= 16 && graph.Chance(0.5))
        {
            attributes.Add(("coordinate_transformation_mode", graph.OneOf("half_pixel", "output_half_pixel")));
        }

        graph.Node("RoiAlign", [x, regions, images], [.. attributes]);
    }

    private static void Unpool(RandomGraph graph)
    {
        FuzzValue x = Image(graph);
        long[] kernel = [2, 2];
        FuzzValue[] pooled = graph.Nodes("MaxPool", [x], 2, ("kernel_shape", kernel), ("strides", kernel));
        graph.Node("MaxUnpool", [pooled[0], pooled[1]], ("kernel_shape", kernel), ("strides", kernel));
    }

    private static void DeformConv(RandomGraph graph)
    {
        FuzzValue x = Image(graph);
        long size = graph.OneOf<long>(1, 2, 3);
        long[] result = [.. x.Shape.Skip(2).Select(length => length - size + 1)];
        FuzzValue weights = graph.Operand(ElementType.Float32, [graph.OneOf<long>(1, 3, 8), x.Shape[1], size, size], -1, 1);
        FuzzValue offsets = graph.Input(ElementType.Float32, [x.Shape[0], 2 * size * size, .. result], -1, 1);
        FuzzValue? bias = graph.Chance(0.4) ? graph.Operand(ElementType.Float32, [weights.Shape[0]]) : null;
        FuzzValue? mask = graph.Chance(0.4) ? graph.Input(ElementType.Float32, [x.Shape[0], size * size, .. result], 0, 1) : null;
        graph.Node("DeformConv", [x, weights, offsets, bias, mask], ("kernel_shape", new[] { size, size }));
    }

    private static void Columns(RandomGraph graph)
    {
        long height = graph.Integer(3, 8), width = graph.Integer(3, 8), size = graph.OneOf<long>(1, 2, 3);
        long blocks = (height - size + 1) * (width - size + 1);
        FuzzValue x = graph.Input(ElementType.Float32, [graph.Integer(1, 2), graph.Integer(1, 3) * size * size, blocks]);
        graph.Node("Col2Im", [x, graph.Integers(height, width), graph.Integers(size, size)]);
    }

    private static void RoiPool(RandomGraph graph)
    {
        FuzzValue x = Image(graph);
        long count = graph.Integer(1, 3);
        double[] numbers = [.. Enumerable.Range(0, (int)count).SelectMany(_ => new double[] { graph.Random.NextInt64(x.Shape[0]), graph.Integer(0, 1), graph.Integer(0, 1), graph.Integer(2, 3), graph.Integer(2, 3) })];
        graph.Node("MaxRoiPool", [x, graph.Constant(ElementType.Float32, [count, 5], numbers)], ("pooled_shape", new long[] { graph.Integer(1, 3), graph.Integer(1, 3) }), ("spatial_scale", 1f));
    }

    private static void Upsample(RandomGraph graph)
    {
        FuzzValue x = Image(graph);
        if (graph.Opset >= 9)
        {
            graph.Node("Upsample", [x, graph.Constant(ElementType.Float32, [4], [1, 1, graph.OneOf(1.0, 2.0), 2])], ("mode", graph.OneOf("nearest", "linear")));
            return;
        }

        graph.Node("Upsample", [x], ("mode", "nearest"), ("scales", new[] { 1f, 1f, 2f, 2f }));
    }
}

using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Lowering;

/// <summary>Weights in float32.</summary>
internal sealed class FloatPanels : ProductWeights
{
    private readonly WeightExpression _panels;
    private readonly View _view;

    private FloatPanels(string name, WeightExpression panels, long columns, LoweringContext context)
    {
        _panels = panels;
        _view = context.AddWeight(name, panels);
        Columns = columns;
    }

    public override long Depth => _panels.Shape[2];

    public override long Columns { get; }

    public override IReadOnlyList<View> Reads => [_view];

    public override string Kind => "matmul";

    public override string Description => "packed";

    /// <summary>Packs a matrix [depth, columns].</summary>
    public static FloatPanels Create(string name, WeightExpression matrix, long depth, long columns, LoweringContext context) =>
        new($"{name} (panels)", new WeightPanels(new WeightReshape(matrix, [1, depth, columns]), PanelWidth), columns, context);

    public override bool Fits(ProductWeights other) => other is FloatPanels && other.Depth == Depth;

    public override ProductWeights Join(IReadOnlyList<ProductWeights> matrices, bool inTurn, LoweringContext context) =>
        new FloatPanels(_view.Buffer.Name, Join([.. matrices.Select(matrix => ((FloatPanels)matrix)._panels)], inTurn), JoinedColumns(matrices), context);

    public override void WriteCall(KernelWriter writer, string left, ElementType leftType, string output, string rows, ElementType outputType, string epilogue) => writer.Line(
        $"MatrixMultiply.Packed(Workers, {left}, {writer.Pointer(_view)}, {output}, {rows}, {KernelText.Native(writer, Columns)}, {KernelText.Native(writer, Depth)}, {epilogue});");
}

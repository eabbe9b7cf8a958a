using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// com.microsoft.ConvTransposeWithDynamicPads: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. A ConvTranspose whose pads are an input, which may be one of the
/// run: the result without pads, cut.
/// </summary>
internal sealed class ConvTransposeWithDynamicPadsOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new ConvTransposeWithDynamicPadsOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "ConvTransposeWithDynamicPads";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        ElementTypeSet.RequireEqual(node, 0, 1);
        var standard = new Node($"{node.Name} ({node.OperatorName})", "", "ConvTranspose", 22);
        try
        {
            standard.AddInput(node.Input(0));
            standard.AddInput(node.Input(1));
            foreach (AttributeValue attribute in node.Attributes.Values)
            {
                standard.SetAttribute(attribute.Name, attribute.Value);
            }

            var result = new Value(node.Output.Name);
            standard.AddOutput(result);
            OperatorRegistry.Find(standard)!.Infer(standard, context);
            Dimension[] pads = Pads(node, context);
            Shape shape = result.Shape;
            int axes = shape.Rank - 2;
            context.SetType(node.Output, new TensorType(result.ElementType, new Shape([.. shape.Select((size, axis) => axis < 2 || pads.Length == 0 ? size : size - pads[axis - 2] - pads[axis - 2 + axes])])));
        }
        finally
        {
            standard.Detach();
        }
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        (string, object)[] attributes = [.. node.Attributes.Values.Select(attribute => (attribute.Name, attribute.Value))];
        Value y = context.Add("ConvTranspose", attributes, node.Input(0), node.Input(1));
        int axes = y.Shape.Rank - 2;
        if (HasPads(node))
        {
            IReadOnlyList<Dimension> pads = node.Input(2).Elements!;
            Dimension[] none = [Dimension.Zero, Dimension.Zero];
            y = context.Add("Pad", y, context.Sizes([.. none, .. pads.Take(axes).Select(pad => -pad), .. none, .. pads.Skip(axes).Select(pad => -pad)]));
        }

        if (node.OptionalInput(3) is { } bias)
        {
            y = formula.Add(y, formula.AlongAxis(bias, 1, axes + 2));
        }

        context.Replace(node.Output, y);
        return true;
    }

    private static bool HasPads(Node node) => node.OptionalInput(2) is not null && node.StringAttribute("auto_pad", "NOTSET") is "NOTSET" or "";

    private static Dimension[] Pads(Node node, InferenceContext context)
    {
        if (!HasPads(node))
        {
            return [];
        }

        SpatialText.RequireType(node, 2, ElementType.Int64);
        IReadOnlyList<Dimension> pads = context.RequiredElements(node, 2, "the pads");
        int axes = node.Input(0).Shape.Rank - 2;
        return pads.Count == 2 * axes ? [.. pads] : throw new ModelException(node, $"there are {pads.Count} pads for {axes} axes");
    }
}

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Experimental image operators of ONNX 1.0 that ONNX Runtime kept: Crop (a border of [left, top, right, bottom] pixels is cut off; with <c>scale</c> that many rows and columns are kept),
/// ImageScaler (x · scale + a bias a channel), Affine (alpha · x + beta) and Scale (x · scale): https://github.com/onnx/onnx/blob/v1.4.0/docs/Operators.md.
/// </summary>
internal sealed class LegacyImageOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new LegacyImageOperators("Crop"), new LegacyImageOperators("ImageScaler"), new LegacyImageOperators("Affine"), new LegacyImageOperators("Scale")];

    private LegacyImageOperators(string type) => Type = type;

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        Shape shape = node.Input(0).Shape;
        if (Type is "Crop" or "ImageScaler" && shape.Rank != 4)
        {
            throw new ModelException(node, $"the input must have 4 axes but has shape {shape}");
        }

        if (Type == "ImageScaler" && shape[1].Value is { } channels && Bias(node).Length != channels)
        {
            throw new ModelException(node, $"attribute 'bias' has {Bias(node).Length} numbers for {channels} channels");
        }

        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, Type == "Crop" ? Cropped(node, shape, context.Symbols) : shape));
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value x = node.Input(0);
        if (Type == "Crop")
        {
            long[] border = Border(node);
            Value ends = context.Sizes(node.Output.Shape[2] + border[1], node.Output.Shape[3] + border[0]);
            context.Replace(node.Output, context.Add("Slice", x, context.Integers(border[1], border[0]), ends, context.Integers(2, 3)));
            return true;
        }

        Value wide = formula.Widen(x);
        Value scaled = formula.Multiply(wide, formula.Number(node.FloatAttribute(Type == "Affine" ? "alpha" : "scale", 1), wide));
        if (Type == "Scale")
        {
            context.Replace(node.Output, formula.Cast(scaled, x.ElementType));
            return true;
        }

        Value bias = Type == "Affine"
            ? formula.Number(node.FloatAttribute("beta", 0), wide)
            : formula.Cast(context.Graph.AddConstant($"{node.Name}/bias", ConstantElements.FromFloats(Bias(node), Shape.Of(Bias(node).Length, 1, 1))), wide.ElementType);
        context.Replace(node.Output, formula.Cast(formula.Add(scaled, bias), x.ElementType));
        return true;
    }

    private static Shape Cropped(Node node, Shape shape, SymbolTable symbols)
    {
        long[] border = Border(node);
        Dimension height = shape[2] - border[1] - border[3];
        Dimension width = shape[3] - border[0] - border[2];
        if (node.IntegersAttribute("scale") is { Length: > 0 } scale)
        {
            if (scale.Length != 2 || (shape[2] - border[1]).Value < scale[0] || (shape[3] - border[0]).Value < scale[1])
            {
                throw new ModelException(node, $"a part of [{string.Join(", ", scale)}] behind the border does not fit into {shape}");
            }

            (height, width) = (scale[0], scale[1]);
        }

        return height.Value <= 0 || width.Value <= 0
            ? throw new ModelException(node, $"nothing is left of {shape} inside the border [{string.Join(", ", border)}]")
            : new Shape([shape[0], shape[1], SymbolicMath.Maximum(height, Dimension.Zero, symbols), SymbolicMath.Maximum(width, Dimension.Zero, symbols)]);
    }

    private static long[] Border(Node node) =>
        node.IntegersAttribute("border") is { Length: 4 } border && border.All(size => size is >= 0 and <= int.MaxValue) ? border : throw new ModelException(node, "attribute 'border' must have four sizes");

    private static float[] Bias(Node node) => node.FloatsAttribute("bias") ?? [];
}

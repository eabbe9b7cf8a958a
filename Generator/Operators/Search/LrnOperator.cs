using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>LRN: https://onnx.ai/onnx/operators/onnx__LRN.html. Each element is divided by a power of the sum of squares of its neighbours among the channels: a sum of slices of padded squares.</summary>
internal sealed class LrnOperator : Operator
{
    /// <summary>Published networks use 5; each channel of the window is a node.</summary>
    private const long LargestWindow = 64;

    public static readonly IReadOnlyList<Operator> All = [new LrnOperator()];

    public override string Type => "LRN";

    public override IReadOnlyList<int> Versions => [1, 13];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        long size = node.IntegerAttribute("size", 0);
        if (node.Input(0).Shape.Rank < 2 || size < 1)
        {
            throw new ModelException(node, $"a window of {size} channels of {node.Input(0).Type}");
        }

        if (size > LargestWindow)
        {
            throw ModelException.Unsupported(node, $"a window of {size} channels; the largest supported is {LargestWindow}");
        }

        context.SetType(node.Output, node.Input(0).RequiredType);
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value x = formula.Widen(node.Input(0));
        long size = node.IntegerAttribute("size", 1);
        int rank = x.Shape.Rank;
        long[] pads = new long[2 * rank];
        pads[1] = (size - 1) / 2;
        pads[rank + 1] = size / 2;
        Value padded = size == 1 ? formula.Multiply(x, x) : context.Add("Pad", formula.Multiply(x, x), context.Integers(pads));
        Value? sum = null;
        for (long offset = 0; offset < size; offset++)
        {
            Value end = context.Sizes([x.Shape[1] + offset]);
            Value part = context.Add("Slice", padded, context.Integers(offset), end, context.Integers(1));
            sum = sum is null ? part : formula.Add(sum, part);
        }

        Value scaled = formula.Multiply(sum!, formula.Number(node.FloatAttribute("alpha", 1e-4f) / size, x));
        Value power = context.Add("Pow", formula.Add(scaled, formula.Number(node.FloatAttribute("bias", 1), x)), formula.Number(node.FloatAttribute("beta", 0.75f), x));
        context.Replace(node.Output, formula.Cast(formula.Divide(x, power), node.Output.ElementType));
        return true;
    }
}

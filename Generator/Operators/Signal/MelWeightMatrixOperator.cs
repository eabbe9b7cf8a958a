using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// MelWeightMatrix: https://onnx.ai/onnx/operators/onnx__MelWeightMatrix.html. All types of numbers; computed in float64, once at load where all inputs are constants. Numbers of bands and of
/// samples may be inputs of the run.
/// </summary>
internal sealed class MelWeightMatrixOperator : Operator
{
    private const string TypeAttribute = "output_datatype";

    public static readonly IReadOnlyList<Operator> All = [new MelWeightMatrixOperator()];

    public override string Type => "MelWeightMatrix";

    public override IReadOnlyList<int> Versions => [17];

    public override void Infer(Node node, InferenceContext context)
    {
        var type = (ElementType)node.IntegerAttribute(TypeAttribute, (long)ElementType.Float32);
        if (!ElementTypeSet.Numeric.Contains(type))
        {
            throw new ModelException(node, $"attribute '{TypeAttribute}' is {(int)type}, which is no type of numbers");
        }

        for (int input = 2; input < 5; input++)
        {
            ElementTypeSet.Numeric.Require(node, input);
            if (node.Input(input).Shape.ElementCount.Value != 1)
            {
                throw new ModelException(node, $"input {input} is {node.Input(input).Type} and not one number");
            }
        }

        Dimension bands = SignalInputs.Single(node, 0, "num_mel_bins", context), length = SignalInputs.Single(node, 1, "dft_length", context);
        SignalInputs.RequirePositive(node, bands, "num_mel_bins", context);
        SignalInputs.RequirePositive(node, length, "dft_length", context);
        context.SetType(node.Output, new TensorType(type, new Shape([Dimension.FloorDivide(length, 2) + 1, bands])));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        if (node.Output.ElementType == ElementType.Float64 && node.Inputs.Skip(2).All(input => input!.ElementType == ElementType.Float64))
        {
            return false;
        }

        var formula = new Formula(context);
        Value?[] inputs = [node.Input(0), node.Input(1), .. node.Inputs.Skip(2).Select(input => formula.Cast(input!, ElementType.Float64))];
        context.Replace(node.Output, formula.Cast(context.Add("MelWeightMatrix", [(TypeAttribute, (long)ElementType.Float64)], inputs), node.Output.ElementType));
        return true;
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View[] reads = [.. node.Inputs.Skip(2).Select(input => context.ReadContiguous(input!))];
        View to = context.Write(node.Output);
        Dimension bands = node.Input(0).Elements![0], length = node.Input(1).Elements![0];
        context.Add(new Kernel("signal", node, reads, [to], writer => writer.Line(
            $"MelWeights.Write({writer.Size(bands)}, {writer.Size(length)}, {string.Join(", ", reads.Select(read => $"*{writer.Pointer(read)}"))}, {writer.Pointer(to)}, {KernelText.Name(node)});"))
        {
            Summary = $"{to.Shape}",
        });
    }
}

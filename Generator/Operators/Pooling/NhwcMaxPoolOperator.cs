using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// com.microsoft.NhwcMaxPool: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.NhwcMaxPool. MaxPool of 8-bit integers
/// [batch, …, channels] with MaxPool's attributes.
/// </summary>
internal sealed class NhwcMaxPoolOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new NhwcMaxPoolOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "NhwcMaxPool";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        Value x = node.Input(0);
        if (x.ElementType is not (ElementType.Int8 or ElementType.UInt8))
        {
            throw ModelException.Unsupported(node, $"input 0 ('{x.Name}') has elements of type {x.ElementType.OnnxName()}; supported are int8 and uint8");
        }

        WindowAxes.CheckRank(node, x.Shape);
        context.SetType(node.Output, new TensorType(x.ElementType, ChannelsLast.ToLast(PoolOperators.ResultShape(node, ChannelsLast.ToFirst(x.Shape), context.Symbols))));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value pooled = context.Add("MaxPool", [.. node.Attributes.Values.Select(attribute => (attribute.Name, attribute.Value))], ChannelsLast.ToFirst(formula, node.Input(0)));
        context.Replace(node.Output, ChannelsLast.ToLast(formula, pooled));
        return true;
    }
}

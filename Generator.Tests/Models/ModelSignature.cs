using Cameo.Generator.Onnx;
using Cameo.Generator.Onnx.Proto;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Models;

/// <summary>What a comparison needs to know of a model's file.</summary>
/// <param name="Inputs">Names of the inputs that are not initializers.</param>
/// <param name="Outputs">Names of the outputs.</param>
/// <param name="RelativePrecision">What a result may differ by for the narrowest floating-point type the model computes with; 0 for float32.</param>
internal sealed record ModelSignature(IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs, double RelativePrecision)
{
    public static ModelSignature Read(string graphText)
    {
        ModelProto model = GraphTextReader.Read(graphText);
        HashSet<string> initializers = [.. model.Graph.Initializer.Select(static tensor => tensor.Name)];
        HashSet<DataType> types = [.. ElementTypes(model)];
        double precision = types.Contains(DataType.Bfloat16) ? Math.ScaleB(1, -6) : types.Contains(DataType.Float16) ? Math.ScaleB(1, -9) : 0;
        return new ModelSignature(
            [.. model.Graph.Input.Select(static input => input.Name).Where(name => !initializers.Contains(name))],
            [.. model.Graph.Output.Select(static output => output.Name)],
            precision);
    }

    /// <summary>The element types of inputs, outputs, weights and casts.</summary>
    private static IEnumerable<DataType> ElementTypes(ModelProto model)
    {
        IEnumerable<int> values = model.Graph.Input.Concat(model.Graph.Output).Select(static value => value.Type?.TensorType?.ElemType ?? 0);
        IEnumerable<int> weights = model.Graph.Initializer.Select(static tensor => tensor.DataType);
        IEnumerable<int> casts = model.Graph.Node.Concat(model.Functions.SelectMany(static function => function.Node))
            .Where(static node => node.OpType == "Cast")
            .SelectMany(static node => node.Attribute.Where(static attribute => attribute.Name == "to"))
            .Select(static attribute => (int)attribute.I);
        return values.Concat(weights).Concat(casts).Select(static type => (DataType)type);
    }
}

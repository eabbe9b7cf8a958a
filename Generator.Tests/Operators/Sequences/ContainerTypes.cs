using Cameo.Generator.Onnx.Proto;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Sequences;

/// <summary>Types of sequences and optionals for models that tests build.</summary>
internal static class ContainerTypes
{
    /// <summary>A tensor; strings are symbols, no sizes at all leave the rank open.</summary>
    public static TypeProto Tensor(DataType type, params object[]? sizes)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type };
        if (sizes is not null)
        {
            tensor.Shape = new TensorShapeProto();
            tensor.Shape.Dim.Add(sizes.Select(static size => size is string symbol
                ? new TensorShapeProto.Types.Dimension { DimParam = symbol }
                : new TensorShapeProto.Types.Dimension { DimValue = Convert.ToInt64(size) }));
        }

        return new TypeProto { TensorType = tensor };
    }

    public static TypeProto Floats(params object[]? sizes) => Tensor(DataType.Float, sizes);

    public static TypeProto Sequence(TypeProto items) => new() { SequenceType = new TypeProto.Types.Sequence { ElemType = items } };

    public static TypeProto Optional(TypeProto content) => new() { OptionalType = new TypeProto.Types.Optional { ElemType = content } };
}

using Cameo.Generator.Graphs;
using Cameo.Generator.Onnx.Proto;

namespace Cameo.Generator.Onnx;

/// <summary>Reads the types of sequences and optionals. What they hold must be tensors: sequences of sequences, of maps and of sparse tensors are refused.</summary>
internal static class TypeReader
{
    /// <summary>The type of a sequence or optional; null for a tensor, or where nothing is said. Throws for what is not supported.</summary>
    /// <param name="type">The type.</param>
    /// <param name="where">Whose type it is, for messages.</param>
    public static ContainerType? ReadContainer(TypeProto? type, string where) => type?.ValueCase switch
    {
        TypeProto.ValueOneofCase.SequenceType or TypeProto.ValueOneofCase.OptionalType => TryReadContainer(type)
            ?? throw new ModelException(null, $"{where} is a {Describe(type)}, which is not supported", unsupported: true),
        _ => null,
    };

    /// <summary>As <see cref="ReadContainer"/>, null also for what is not supported.</summary>
    public static ContainerType? TryReadContainer(TypeProto? type) => type?.ValueCase switch
    {
        TypeProto.ValueOneofCase.SequenceType => ReadItems(type.SequenceType.ElemType, ContainerKind.Sequence),
        TypeProto.ValueOneofCase.OptionalType => TryReadContent(type.OptionalType.ElemType),
        _ => null,
    };

    /// <summary>The type of an optional whose content has the type.</summary>
    /// <param name="content">The content's type.</param>
    /// <param name="where">Whose type it is, for messages.</param>
    public static ContainerType ReadOptional(TypeProto content, string where) => TryReadContent(content)
        ?? throw new ModelException(null, $"{where} is a {Describe(content)}, of which no optional is supported", unsupported: true);

    private static ContainerType? TryReadContent(TypeProto? content) => content?.ValueCase switch
    {
        TypeProto.ValueOneofCase.TensorType => ReadItems(content, ContainerKind.OptionalTensor),
        TypeProto.ValueOneofCase.SequenceType => ReadItems(content.SequenceType.ElemType, ContainerKind.OptionalSequence),
        _ => null,
    };

    private static ContainerType? ReadItems(TypeProto? items, ContainerKind kind)
    {
        if (items?.TensorType is not { } tensor || !Enum.IsDefined(typeof(ElementType), tensor.ElemType))
        {
            return null;
        }

        ItemShape shape = tensor.Shape is null
            ? ItemShape.Any
            : ItemShape.Declared(tensor.Shape.Dim.Select(dimension =>
                dimension.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue && dimension.DimValue >= 0 ? dimension.DimValue : (long?)null));
        return new ContainerType(kind, (ElementType)tensor.ElemType, shape);
    }

    private static string Describe(TypeProto? type) => type?.ValueCase switch
    {
        TypeProto.ValueOneofCase.TensorType => "tensor",
        TypeProto.ValueOneofCase.SequenceType => $"sequence of {Describe(type.SequenceType.ElemType)}s",
        TypeProto.ValueOneofCase.OptionalType => $"optional {Describe(type.OptionalType.ElemType)}",
        TypeProto.ValueOneofCase.MapType => "map",
        TypeProto.ValueOneofCase.SparseTensorType => "sparse tensor",
        _ => "value without a type",
    };
}

using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Emitting;

/// <summary>Writes the struct that a contraction applies to its results before storing them.</summary>
internal static class EpilogueWriter
{
    /// <summary>For results addressed by row (batch and rows flattened) and column, lanes along columns: an <c>IEpilogue</c>.</summary>
    public static string WriteMatrix(FusedEpilogue epilogue, KernelWriter writer)
    {
        Shape shape = epilogue.Output.Shape;
        return Write(epilogue, writer, "NoEpilogue", "IEpilogue", "nint row, nint column", (view, pointer, parameters) => MatrixAddress(shape, view, pointer, parameters));
    }

    /// <summary>C# of an epilogue's other operands at a row and column of its output, each a vector.</summary>
    public static string[] MatrixLoads(FusedEpilogue epilogue, StructParameters parameters)
    {
        Shape shape = epilogue.Output.Shape;
        return Loads(epilogue, parameters, (view, pointer, sizes) => MatrixAddress(shape, view, pointer, sizes));
    }

    /// <summary>Writes what an epilogue computes, of the local <c>value</c> and its other operands; returns the result as C#.</summary>
    public static string Write(Expression expression, CodeWriter body, string[] loads, StructParameters parameters, Dictionary<string, int> names)
    {
        var writer = new ExpressionWriter(
            body,
            (operation, operands) => VectorSpelling.TryFormat(operation.Operation, operands)!,
            leaf => leaf switch
            {
                ConstantExpression constant => VectorSpelling.Constant(constant),
                SizeExpression size => $"V.Broadcast((float){Parenthesise(parameters.Size(size.Size))})",
                InputExpression input => input.Input == 0 ? "value" : loads[input.Input - 1],
                _ => null,
            },
            _ => "V",
            names);
        return ExpressionWriter.Unwrap(writer.Write(expression));
    }

    /// <summary>For results in NCHW order, lanes along the pixels of one channel: an <c>IChannelEpilogue</c>.</summary>
    public static string WriteChannel(FusedEpilogue epilogue, KernelWriter writer)
    {
        Shape shape = epilogue.Output.Shape;
        Dimension pixels = shape.Product(2, shape.Rank);
        return Write(epilogue, writer, "NoChannelEpilogue", "IChannelEpilogue", "nint channel, nint offset", (view, pointer, parameters) =>
        {
            bool perChannel = view.Strides.Skip(2).Zip(shape.Skip(2), (stride, size) => stride == Dimension.Zero || size.Value == 1).All(same => same);
            if (perChannel && (view.Strides[0] == Dimension.Zero || shape[0].Value == 1))
            {
                return (true, view.Strides[1] == Dimension.Zero ? pointer
                    : view.Strides[1] == Dimension.One ? $"{pointer} + channel"
                    : $"{pointer} + channel * {Parenthesise(parameters.Size(view.Strides[1]))}");
            }

            if (perChannel)
            {
                // One value for each image and channel: the offset tells which.
                return (true, $"{pointer} + offset / {Parenthesise(parameters.Size(pixels))}");
            }

            return (false, $"{pointer} + offset");
        });
    }

    /// <summary>
    /// Views that the struct for a channel epilogue can address: one value a channel, one value an image and channel, or one value a result. Others are copied first.
    /// </summary>
    public static bool IsChannelAddressable(View view, Shape shape)
    {
        bool perChannel = view.Strides.Skip(2).Zip(shape.Skip(2), (stride, size) => stride == Dimension.Zero || size.Value == 1).All(same => same);
        return perChannel
            ? view.Strides[0] == Dimension.Zero || shape[0].Value == 1 || (view.Strides[1] == Dimension.One && view.Strides[0] == shape[1])
            : view.IsContiguous;
    }

    /// <summary>Views that the struct for a matrix epilogue can address: lanes must be dense or all the same.</summary>
    public static bool IsMatrixAddressable(View view) =>
        view.Rank == 0 || view.Strides[view.Rank - 1] == Dimension.One || view.Strides[view.Rank - 1] == Dimension.Zero || view.Shape[view.Rank - 1].Value == 1;

    /// <summary>Lanes of float32 from elements of a type.</summary>
    public static string Load(string vector, ElementType type, string address) =>
        type == ElementType.Float32 ? $"{vector}.Load({address})" : $"NarrowLanes.Load<{vector}, {StructParameters.TypeName(type)}>({address})";

    private static string Write(FusedEpilogue epilogue, KernelWriter writer, string none, string contract, string coordinates, Func<View, string, StructParameters, (bool Same, string Address)> address)
    {
        if (epilogue.Expression is not { } expression)
        {
            return $"default({none})";
        }

        string name = $"{writer.Name}Epilogue";
        var parameters = new StructParameters(writer);
        var body = new CodeWriter();
        string result = Write(expression, body, Loads(epilogue, parameters, address), parameters, new Dictionary<string, int>(StringComparer.Ordinal));
        writer.Helper(code =>
        {
            code.Line($"/// <summary>What {writer.Name} does to each of its sums before storing it.</summary>");
            using (code.Block($"file readonly unsafe struct {name}{(parameters.IsEmpty ? "" : parameters.Declaration)} : {contract}"))
            {
                code.Line("[MethodImpl(MethodImplOptions.AggressiveInlining)]");
                using (code.Block($"public V Apply<V>(V value, {coordinates})\n    where V : struct, IVector<V>"))
                {
                    code.Line($"{body}return {result};");
                }
            }
        });
        return parameters.IsEmpty ? $"default({name})" : $"new {name}{parameters.Arguments}";
    }

    private static string[] Loads(FusedEpilogue epilogue, StructParameters parameters, Func<View, string, StructParameters, (bool Same, string Address)> address) =>
    [
        .. epilogue.Inputs.Select((view, index) =>
        {
            (bool same, string text) = address(view, parameters.Pointer(view, $"input{index}"), parameters);
            return !same ? Load("V", view.ElementType, text)
                : view.ElementType == ElementType.Float32 ? $"V.Broadcast(*({text}))"
                : $"V.Broadcast({Load("ScalarFloat", view.ElementType, text)}.Value)";
        }),
    ];

    private static (bool Same, string Address) MatrixAddress(Shape shape, View view, string pointer, StructParameters parameters)
    {
        int last = shape.Rank - 1;
        string column = view.Strides[last] == Dimension.Zero ? "" : " + column";
        string row = Offset(parameters, shape, view, last, "row");
        return (view.Strides[last] == Dimension.Zero && shape[last].Value != 1, $"{pointer}{row}{column}");
    }

    /// <summary>" + row · stride …" for the axes before <paramref name="axes"/>, which the flattened index counts.</summary>
    private static string Offset(StructParameters parameters, Shape shape, View view, int axes, string index)
    {
        (List<Dimension> sizes, List<Dimension>[] strides) = LoopNest.Merge([.. shape.Take(axes)], [[.. view.Strides.Take(axes)]]);
        string text = "";
        string rest = index;
        for (int axis = sizes.Count - 1; axis >= 0; axis--)
        {
            string coordinate = axis == 0 ? rest : $"{rest} % {Parenthesise(parameters.Size(sizes[axis]))}";
            if (strides[0][axis] != Dimension.Zero)
            {
                string factor = strides[0][axis] == Dimension.One ? "" : $" * {Parenthesise(parameters.Size(strides[0][axis]))}";
                text += axis == 0 && rest == index ? $" + {coordinate}{factor}" : $" + ({coordinate}){factor}";
            }

            rest = axis == 0 ? rest : $"{rest} / {Parenthesise(parameters.Size(sizes[axis]))}";
        }

        return text;
    }

    // A size's parameter is a long; pointer arithmetic takes it as it is.
    private static string Parenthesise(string text) => text.Contains(' ') ? $"({text})" : text;
}

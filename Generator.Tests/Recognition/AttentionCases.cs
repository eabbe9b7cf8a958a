namespace Cameo.Tests.Recognition;

/// <summary>The spellings of <see cref="AttentionRecognitionTests"/>.</summary>
internal static class AttentionCases
{
    public const int Rows = 2;
    public const int Heads = 4;
    public const int Queries = 5;
    public const int Size = 8;
    public const int Past = 3;

    /// <summary>The usual 1/√size, as exporters round it.</summary>
    public const float Scale = 0.35355338f;

    public static IReadOnlyDictionary<string, AttentionCase> All { get; } =
        ((IEnumerable<AttentionCase>)[.. AttentionScaleCases.All, .. AttentionMaskCases.All, .. AttentionOperandCases.All, .. AttentionNearMisses.All])
            .ToDictionary(static current => current.Name, StringComparer.Ordinal);

    /// <summary>Queries, keys and values [rows, heads, positions, size] with open rows and positions.</summary>
    public static List<(string, Generator.Onnx.Proto.TensorProto.Types.DataType, object[], long[])> Operands(int keyHeads = Heads) =>
    [
        ("q", Generator.Onnx.Proto.TensorProto.Types.DataType.Float, ["b", Heads, "s", Size], [Rows, Heads, Queries, Size]),
        ("k", Generator.Onnx.Proto.TensorProto.Types.DataType.Float, ["b", keyHeads, "s", Size], [Rows, keyHeads, Queries, Size]),
        ("v", Generator.Onnx.Proto.TensorProto.Types.DataType.Float, ["b", keyHeads, "s", Size], [Rows, keyHeads, Queries, Size]),
    ];

    /// <summary>[rows, heads, positions, size] as [rows, positions, heads · size] and the other way round.</summary>
    public static double[] SwapHeads(double[] values, int rows, int first, int second, int size)
    {
        var result = new double[values.Length];
        for (int index = 0; index < values.Length; index++)
        {
            int element = index % size;
            int inner = index / size % second;
            int outer = index / size / second % first;
            int row = index / size / second / first;
            result[(((((row * second) + inner) * first) + outer) * size) + element] = values[index];
        }

        return result;
    }

    /// <summary>Past and new positions joined: both [rows, heads, positions, size].</summary>
    public static double[] Join(double[] past, double[] next, int rows, int heads, int pastLength, int newLength, int size)
    {
        var result = new List<double>();
        for (int head = 0; head < rows * heads; head++)
        {
            result.AddRange(past.AsSpan(head * pastLength * size, pastLength * size));
            result.AddRange(next.AsSpan(head * newLength * size, newLength * size));
        }

        return [.. result];
    }
}

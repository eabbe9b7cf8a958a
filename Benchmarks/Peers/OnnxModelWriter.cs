using System.Runtime.InteropServices;
using System.Text;
using Cameo.Benchmarks.Suite;

namespace Cameo.Benchmarks.Peers;

/// <summary>Writes small ONNX models byte by byte, following the field numbers of ONNX's published schema.</summary>
internal static class OnnxModelWriter
{
    private const int Float32 = 1;

    /// <summary>y = x · w, with w as an initializer or as a second input; the last two axes of x or w may be swapped first, by a node of their own.</summary>
    public static byte[] MatMul(MatrixWork work, ReadOnlySpan<float> weights)
    {
        byte[] graph =
        [
            .. work.SwapsLeft ? Message(1, Swap("x", "left", work.Left.Length)) : [],
            .. work.SwapsRight ? Message(1, Swap("w", "right", work.Right.Length)) : [],
            .. Message(1, [.. Text(1, work.SwapsLeft ? "left" : "x"), .. Text(1, work.SwapsRight ? "right" : "w"), .. Text(2, "y"), .. Text(3, "product"), .. Text(4, "MatMul")]),
            .. Text(2, "graph"),
            .. work.IsConstant ? Message(5, Tensor("w", work.Right, weights)) : [],
            .. Message(11, ValueInfo("x", work.Left)),
            .. work.IsConstant ? [] : Message(11, ValueInfo("w", work.Right)),
            .. Message(12, ValueInfo("y", work.Output)),
        ];
        return [.. Number(1, 8), .. Message(7, graph), .. Message(8, [.. Text(1, ""), .. Number(2, 13)])];
    }

    private static byte[] Swap(string from, string to, int rank)
    {
        int[] permutation = [.. Enumerable.Range(0, rank - 2), rank - 1, rank - 2];
        byte[] attribute = [.. Text(1, "perm"), .. permutation.SelectMany(static axis => Number(8, axis)), .. Number(20, 7)];
        return [.. Text(1, from), .. Text(2, to), .. Text(3, to), .. Text(4, "Transpose"), .. Message(5, attribute)];
    }

    private static byte[] Tensor(string name, long[] shape, ReadOnlySpan<float> values)
    {
        var dimensions = new List<byte>();
        foreach (long dimension in shape)
        {
            dimensions.AddRange(Number(1, dimension));
        }

        return [.. dimensions, .. Number(2, Float32), .. Text(8, name), .. Message(9, MemoryMarshal.AsBytes(values))];
    }

    private static byte[] ValueInfo(string name, long[] shape)
    {
        var dimensions = new List<byte>();
        foreach (long dimension in shape)
        {
            dimensions.AddRange(Message(1, Number(1, dimension)));
        }

        byte[] tensorType = [.. Number(1, Float32), .. Message(2, CollectionsMarshal.AsSpan(dimensions))];
        return [.. Text(1, name), .. Message(2, Message(1, tensorType))];
    }

    private static byte[] Text(int field, string text) => Message(field, Encoding.UTF8.GetBytes(text));

    private static byte[] Message(int field, ReadOnlySpan<byte> content) => [.. Variable(((ulong)field << 3) | 2), .. Variable((ulong)content.Length), .. content];

    private static byte[] Number(int field, long value) => [.. Variable((ulong)field << 3), .. Variable((ulong)value)];

    private static byte[] Variable(ulong value)
    {
        var bytes = new List<byte>();
        while (value >= 0x80)
        {
            bytes.Add((byte)(value | 0x80));
            value >>= 7;
        }

        bytes.Add((byte)value);
        return [.. bytes];
    }
}

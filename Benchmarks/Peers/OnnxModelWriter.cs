using System.Runtime.InteropServices;
using System.Text;

namespace Cameo.Benchmarks.Peers;

/// <summary>Writes small ONNX models byte by byte, following the field numbers of ONNX's published schema.</summary>
internal static class OnnxModelWriter
{
    private const int Float32 = 1;

    /// <summary>y[m, n] = x[m, k] · w, with w[k, n] as an initializer.</summary>
    public static byte[] MatMul(int m, int n, int k, ReadOnlySpan<float> weights)
    {
        byte[] node = [.. Text(1, "x"), .. Text(1, "w"), .. Text(2, "y"), .. Text(3, "product"), .. Text(4, "MatMul")];
        byte[] graph =
        [
            .. Message(1, node), .. Text(2, "graph"), .. Message(5, Tensor("w", [k, n], weights)),
            .. Message(11, ValueInfo("x", [m, k])), .. Message(12, ValueInfo("y", [m, n])),
        ];
        return [.. Number(1, 8), .. Message(7, graph), .. Message(8, [.. Text(1, ""), .. Number(2, 13)])];
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

using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Standard;

/// <summary>The letters by which operators.txt names element types.</summary>
internal static class TypeLetters
{
    private static readonly Dictionary<char, DataType> Types = new()
    {
        ['a'] = DataType.Int8, ['b'] = DataType.Int16, ['c'] = DataType.Int32, ['i'] = DataType.Int64, ['A'] = DataType.Uint8, ['B'] = DataType.Uint16, ['C'] = DataType.Uint32, ['I'] = DataType.Uint64,
        ['h'] = DataType.Float16, ['f'] = DataType.Float, ['d'] = DataType.Double, ['g'] = DataType.Bfloat16, ['o'] = DataType.Bool, ['s'] = DataType.String, ['x'] = DataType.Complex64,
        ['y'] = DataType.Complex128, ['1'] = DataType.Float8E4M3Fn, ['2'] = DataType.Float8E4M3Fnuz, ['3'] = DataType.Float8E5M2, ['4'] = DataType.Float8E5M2Fnuz, ['5'] = DataType.Float8E8M0,
        ['6'] = DataType.Float4E2M1, ['7'] = DataType.Int4, ['8'] = DataType.Uint4, ['9'] = DataType.Int2, ['0'] = DataType.Uint2,
    };

    public static DataType Of(char letter) => Types[letter];

    public static bool Contains(char letter) => Types.ContainsKey(letter);

    /// <summary>Elements as a file has them. Types of 8 bits and less that are no integers of .NET are all zeros.</summary>
    public static byte[] Bytes(char letter, double[] values) => letter switch
    {
        'f' => [.. values.SelectMany(static value => BitConverter.GetBytes((float)value))],
        'd' => [.. values.SelectMany(BitConverter.GetBytes)],
        'h' => [.. values.SelectMany(static value => BitConverter.GetBytes((Half)value))],
        'g' => [.. values.SelectMany(static value => BitConverter.GetBytes((float)value)[2..])],
        'b' => [.. values.SelectMany(static value => BitConverter.GetBytes((short)value))],
        'c' => [.. values.SelectMany(static value => BitConverter.GetBytes((int)value))],
        'i' => [.. values.SelectMany(static value => BitConverter.GetBytes((long)value))],
        'B' => [.. values.SelectMany(static value => BitConverter.GetBytes((ushort)value))],
        'C' => [.. values.SelectMany(static value => BitConverter.GetBytes((uint)value))],
        'I' => [.. values.SelectMany(static value => BitConverter.GetBytes((ulong)value))],
        'x' => [.. values.SelectMany(static value => (byte[])[.. BitConverter.GetBytes((float)value), 0, 0, 0, 0])],
        'y' => [.. values.SelectMany(static value => (byte[])[.. BitConverter.GetBytes(value), .. new byte[8]])],
        'a' or 'A' or 'o' => [.. values.Select(static value => unchecked((byte)(sbyte)value))],
        '6' or '7' or '8' => new byte[(values.Length + 1) / 2],
        '9' or '0' => new byte[(values.Length + 3) / 4],
        _ => new byte[values.Length],
    };
}

using System.Globalization;
using Cameo.Generator.Graphs;
using Cameo.Generator.Onnx.Proto;

namespace Cameo.Generator.Onnx;

/// <summary>
/// What the graph text says of a tensor whose contents are not in it. Null means not known or not applicable. Bits are those of one element, as an
/// unsigned number.
/// </summary>
internal sealed record TensorFacts
{
    private const string WeightKey = "weight";
    private const string BytesKey = "bytes";
    private const string UniformKey = "uniform";
    private const string LowerKey = "lower";
    private const string UpperKey = "upper";
    private const string MinimumKey = "minimum";
    private const string MaximumKey = "maximum";
    private const string FiniteKey = "finite";
    private const string HalfKey = "half";

    /// <summary>The tensor's name in the <see cref="WeightIndex"/>.</summary>
    public required string Weight { get; init; }

    /// <summary>The length of the data in raw form.</summary>
    public required long ByteLength { get; init; }

    /// <summary>The bits that all elements have.</summary>
    public ulong? Uniform { get; init; }

    /// <summary>The bits of all elements on and below the main diagonal of the square matrices of the last two dimensions.</summary>
    public ulong? LowerTriangle { get; init; }

    /// <summary>The bits of all elements above that diagonal. 0 makes the matrices lower triangular.</summary>
    public ulong? UpperTriangle { get; init; }

    /// <summary>The least element of a 32-bit or 64-bit integer tensor.</summary>
    public long? Minimum { get; init; }

    public long? Maximum { get; init; }

    /// <summary>No element of a floating-point tensor is infinite or NaN.</summary>
    public bool? AllFinite { get; init; }

    /// <summary>Every element of a float32 tensor is a finite float16 number.</summary>
    public bool? AllHalf { get; init; }

    /// <summary>The facts of a tensor of a graph text; null if its contents stand in the text.</summary>
    public static TensorFacts? Read(TensorProto tensor)
    {
        if (tensor.DataLocation != TensorProto.Types.DataLocation.External)
        {
            return null;
        }

        Dictionary<string, string> entries = new(StringComparer.Ordinal);
        foreach (StringStringEntryProto entry in tensor.ExternalData)
        {
            entries[entry.Key] = entry.Value;
        }

        return new TensorFacts
        {
            Weight = entries.TryGetValue(WeightKey, out string? weight) ? weight
                : throw new ModelException(null, $"tensor '{tensor.Name}' is given by reference, but the reference has no name"),
            ByteLength = ParseNumber(entries, BytesKey) ?? 0,
            Uniform = ParseBits(entries, UniformKey),
            LowerTriangle = ParseBits(entries, LowerKey),
            UpperTriangle = ParseBits(entries, UpperKey),
            Minimum = ParseNumber(entries, MinimumKey),
            Maximum = ParseNumber(entries, MaximumKey),
            AllFinite = entries.TryGetValue(FiniteKey, out string? finite) ? finite == "true" : null,
            AllHalf = entries.TryGetValue(HalfKey, out string? half) ? half == "true" : null,
        };
    }

    /// <summary>Makes a tensor one by reference with these facts.</summary>
    public void Write(TensorProto tensor)
    {
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        tensor.ExternalData.Clear();
        Add(tensor, WeightKey, Weight);
        Add(tensor, BytesKey, FormatNumber(ByteLength));
        Add(tensor, UniformKey, FormatBits(Uniform));
        Add(tensor, LowerKey, FormatBits(LowerTriangle));
        Add(tensor, UpperKey, FormatBits(UpperTriangle));
        Add(tensor, MinimumKey, FormatNumber(Minimum));
        Add(tensor, MaximumKey, FormatNumber(Maximum));
        Add(tensor, FiniteKey, FormatTruth(AllFinite));
        Add(tensor, HalfKey, FormatTruth(AllHalf));
    }

    private static void Add(TensorProto tensor, string key, string? value)
    {
        if (value is not null)
        {
            tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        }
    }

    private static string? FormatNumber(long? value) => value?.ToString(CultureInfo.InvariantCulture);

    private static string? FormatBits(ulong? value) => value is { } bits ? "0x" + bits.ToString("x", CultureInfo.InvariantCulture) : null;

    private static string? FormatTruth(bool? value) => value switch { true => "true", false => "false", null => null };

    private static long? ParseNumber(Dictionary<string, string> entries, string key) => !entries.TryGetValue(key, out string? text) ? null
        : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number
        : throw NoNumber(key, text);

    private static ulong? ParseBits(Dictionary<string, string> entries, string key) => !entries.TryGetValue(key, out string? text) ? null
        : text.StartsWith("0x", StringComparison.Ordinal) && ulong.TryParse(text.Substring(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong bits) ? bits
        : throw NoNumber(key, text);

    private static ModelException NoNumber(string key, string text) => new(null, $"a tensor that is given by reference has '{text}' as its {key}, which is no number");
}

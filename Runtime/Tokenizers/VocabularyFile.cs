using System.Globalization;
using System.Text.Json;

namespace Cameo.Tokenizers;

/// <summary>The content of a vocabulary file: an object with <c>pieces</c>, <c>scores</c>, <c>unk</c>, <c>bos</c>, <c>eos</c> and <c>byte_offset</c>.</summary>
internal sealed class VocabularyFile
{
    private const int Bytes = 256;

    /// <summary>The text of each token.</summary>
    public required string[] Pieces { get; init; }

    /// <summary>The merge priority of each token; higher merges first.</summary>
    public required float[] Scores { get; init; }

    /// <summary>The token of what has no piece.</summary>
    public required int Unknown { get; init; }

    /// <summary>The token that starts a text.</summary>
    public required int Begin { get; init; }

    /// <summary>The token that ends a text.</summary>
    public required int End { get; init; }

    /// <summary>The token of byte 0; the other bytes follow.</summary>
    public required int ByteOffset { get; init; }

    /// <summary>Reads a file's content. Properties of other names are ignored.</summary>
    /// <exception cref="InvalidDataException">Something is missing or does not fit; the message names it.</exception>
    public static VocabularyFile Parse(ReadOnlySpan<byte> json)
    {
        List<string>? pieces = null;
        List<float>? scores = null;
        int? unknown = null, begin = null, end = null, byteOffset = null;
        try
        {
            var reader = new Utf8JsonReader(SkipByteOrderMark(json));
            Expect(reader.Read() && reader.TokenType == JsonTokenType.StartObject, "the file must hold one JSON object");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                reader.Read();
                switch (name)
                {
                    case "pieces": pieces = ReadArray(ref reader, name, static (ref Utf8JsonReader item) => item.GetString()!); break;
                    case "scores": scores = ReadArray(ref reader, name, static (ref Utf8JsonReader item) => item.GetSingle()); break;
                    case "unk": unknown = reader.GetInt32(); break;
                    case "bos": begin = reader.GetInt32(); break;
                    case "eos": end = reader.GetInt32(); break;
                    case "byte_offset": byteOffset = reader.GetInt32(); break;
                    default: reader.Skip(); break;
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"The vocabulary can't be read: {exception.Message}", exception);
        }

        Expect(pieces is { Count: > 0 }, "'pieces' must be an array of at least one string");
        Expect(
            scores?.Count == pieces!.Count,
            string.Create(CultureInfo.InvariantCulture, $"'scores' must have as many entries as 'pieces', {pieces.Count}"));
        int last = byteOffset is >= 0 ? pieces.Count - Bytes : -1;
        return new VocabularyFile
        {
            Pieces = [.. pieces],
            Scores = [.. scores!],
            Unknown = CheckToken(unknown, "unk", pieces.Count),
            Begin = CheckToken(begin, "bos", pieces.Count),
            End = CheckToken(end, "eos", pieces.Count),
            ByteOffset = byteOffset is { } offset && offset <= last ? offset : throw Invalid("'byte_offset' must be the token of byte 0, with those of the other bytes after it"),
        };
    }

    private delegate T ItemReader<T>(ref Utf8JsonReader reader);

    private static ReadOnlySpan<byte> SkipByteOrderMark(ReadOnlySpan<byte> json) => json.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? json[3..] : json;

    private static List<T> ReadArray<T>(ref Utf8JsonReader reader, string name, ItemReader<T> read)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray, $"'{name}' must be an array");
        var items = new List<T>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            items.Add(read(ref reader));
        }

        return items;
    }

    private static int CheckToken(int? token, string name, int count) =>
        token is { } value && (uint)value < (uint)count ? value : throw Invalid($"'{name}' must be a token, 0 to {count - 1}");

    private static void Expect(bool condition, string requirement)
    {
        if (!condition)
        {
            throw Invalid(requirement);
        }
    }

    private static InvalidDataException Invalid(string requirement) => new($"The vocabulary can't be used: {requirement}.");
}

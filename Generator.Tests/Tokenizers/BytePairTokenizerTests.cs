using System.Text;
using System.Text.Json;
using Cameo.Tests.Infrastructure;
using Cameo.Tokenizers;
using Xunit;

namespace Cameo.Tests.Tokenizers;

public sealed class BytePairTokenizerTests
{
    private const int ByteOffset = 3;

    [SkippableFact]
    public void Samples_of_a_trained_vocabulary()
    {
        BytePairTokenizer tokenizer = LoadTrained();
        Assert.Equal((512, 1, 2, 0), (tokenizer.VocabularySize, tokenizer.BeginToken, tokenizer.EndToken, tokenizer.UnknownToken));
        using var samples = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(TestData.Models, "stories260K", "tokenizer_samples.json")));
        int count = 0;
        foreach (JsonElement sample in samples.RootElement.EnumerateArray())
        {
            string text = sample.GetProperty("text").GetString()!;
            int[] expected = [.. sample.GetProperty("ids").EnumerateArray().Select(static id => id.GetInt32())];
            Assert.Equal(expected, tokenizer.Encode(text));
            Assert.Equal(text, tokenizer.Decode(expected));
            count++;
        }

        Assert.True(count >= 4);
    }

    [SkippableFact]
    public void The_stored_generated_text()
    {
        BytePairTokenizer tokenizer = LoadTrained();
        string folder = Path.Combine(TestData.Models, "stories260K");
        using var stored = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "expected_greedy.json")));
        string text = File.ReadAllText(Path.Combine(folder, "expected_greedy.txt"));
        int[] tokens = [.. stored.RootElement.GetProperty("tokens").EnumerateArray().Select(static id => id.GetInt32())];
        Assert.Equal(200, tokens.Length);
        string decoded = tokenizer.Decode([tokenizer.BeginToken, .. tokens]);
        Assert.Equal(text.TrimEnd('\n'), decoded.TrimEnd('\n'));
    }

    [Fact]
    public void The_vocabulary_of_the_built_in_language_model()
    {
        string folder = Path.Combine(TestData.Repository, "Models", "language");
        BytePairTokenizer tokenizer = BytePairTokenizer.Load(Path.Combine(folder, "kjv.tokenizer.json"));
        using var reference = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "reference.json")));
        string prompt = reference.RootElement.GetProperty("prompt").GetString()!;
        Assert.Equal(reference.RootElement.GetProperty("prompt_ids").EnumerateArray().Select(static id => id.GetInt32()), tokenizer.Encode(prompt));
        Assert.Equal(prompt, tokenizer.Decode(tokenizer.Encode(prompt)));
    }

    [SkippableFact]
    public void Encoding_equals_the_plain_algorithm_and_round_trips()
    {
        BytePairTokenizer tokenizer = LoadTrained();
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(TestData.Models, "stories260K", "tokenizer.json")));
        string[] pieces = [.. json.RootElement.GetProperty("pieces").EnumerateArray().Select(static piece => piece.GetString()!)];
        float[] scores = [.. json.RootElement.GetProperty("scores").EnumerateArray().Select(static score => score.GetSingle())];
        var random = new Random(4);
        for (int round = 0; round < 300; round++)
        {
            string text = RandomText(random, pieces);
            int[] tokens = tokenizer.Encode(text);
            Assert.Equal(EncodePlainly(text, pieces, scores), tokens);
            Assert.Equal(text, tokenizer.Decode(tokens));
            Assert.Equal(text.Length == 0 ? [] : EncodePlainly(text, pieces, scores, withSpace: false), tokenizer.Encode(text, isStart: false)[..]);
        }
    }

    [SkippableFact]
    public void A_long_text_is_encoded_in_reasonable_time()
    {
        BytePairTokenizer tokenizer = LoadTrained();
        string text = string.Concat(Enumerable.Repeat("Once upon a time, there was a little girl named Lily. ", 20000));
        Task<int[]> encoding = Task.Run(() => tokenizer.Encode(text));

        // A million characters: n log n takes about a second without optimisation, n² would take hours.
        Assert.True(encoding.Wait(TimeSpan.FromSeconds(60)));
        Assert.Equal(text, tokenizer.Decode(encoding.Result));
    }

    [Fact]
    public void Equal_scores_join_from_the_left_and_higher_scores_first()
    {
        BytePairTokenizer tokenizer = Create(("a", 0), ("aa", -1), ("aaaa", -1), ("b", 0), ("ab", -5), ("aab", 3), ("c", 0), ("bc", 7));
        Assert.Equal(["aa", "a"], Pieces(tokenizer, "aaa"));
        Assert.Equal(["aaaa", "a"], Pieces(tokenizer, "aaaaa"));
        Assert.Equal(["aab"], Pieces(tokenizer, "aab"));
        Assert.Equal(["aa", "bc"], Pieces(tokenizer, "aabc"));
        Assert.Equal(["ab", "bc"], Pieces(tokenizer, "abbc"));
    }

    [Fact]
    public void Text_that_spells_special_tokens_stays_text()
    {
        BytePairTokenizer tokenizer = Create(("<", 0), ("s", 0), (">", 0), ("<s", 5), ("0", 0), ("x", 0), ("4", 0), ("1", 0), ("<0", 1), ("<0x", 2), ("<0x4", 3), ("<0x41", 4));
        int[] tokens = tokenizer.Encode("<s>", isStart: false);
        Assert.DoesNotContain(tokenizer.BeginToken, tokens);
        Assert.Equal("<s>", tokenizer.Decode(tokens));
        tokens = tokenizer.Encode("<0x41>", isStart: false);
        Assert.Equal("<0x41>", tokenizer.Decode(tokens));
        Assert.DoesNotContain(ByteOffset + 0x41, tokens);
    }

    [Fact]
    public void Characters_without_a_piece_become_bytes()
    {
        BytePairTokenizer tokenizer = Create(("a", 0));
        Assert.Equal([.. new byte[] { 0xE2, 0x98, 0x83 }.Select(static value => ByteOffset + value)], tokenizer.Encode("☃", isStart: false));
        foreach (string text in (string[])["☃", "a☃a", "😀", "\0", "é\n", "a\U0001F600b"])
        {
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
        }

        // Half a surrogate pair is no character.
        Assert.Equal("a\uFFFD", tokenizer.Decode(tokenizer.Encode("a\uD83D")));
    }

    [Fact]
    public void Streams_hold_back_incomplete_characters()
    {
        BytePairTokenizer tokenizer = Create(("a", 0), (" b", 0), (" ", 0));
        var stream = new TokenStream(tokenizer);
        Assert.Equal("", stream.Add(1).ToString());
        Assert.Equal("b", stream.Add(Token(tokenizer, " b")).ToString()); // the space after <s> goes away
        Assert.Equal(" b", stream.Add(Token(tokenizer, " b")).ToString());
        byte[] smiley = Encoding.UTF8.GetBytes("😀");
        for (int index = 0; index < 3; index++)
        {
            Assert.Equal("", stream.Add(ByteOffset + smiley[index]).ToString());
        }

        Assert.Equal("😀", stream.Add(ByteOffset + smiley[3]).ToString());

        // A character that is broken off becomes U+FFFD as soon as that is certain.
        Assert.Equal("", stream.Add(ByteOffset + 0xE2).ToString());
        Assert.Equal("\uFFFDa", stream.Add(Token(tokenizer, "a")).ToString());
        Assert.Equal("", stream.Add(ByteOffset + 0xE2).ToString());
        Assert.Equal("\uFFFD", stream.Flush().ToString());
        Assert.Equal("", stream.Flush().ToString());
        Assert.Equal("", stream.Add(tokenizer.EndToken).ToString());
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.Add(tokenizer.VocabularySize).ToString());
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.Add(-1).ToString());
    }

    [Fact]
    public void Streaming_allocates_nothing()
    {
        BytePairTokenizer tokenizer = Create(("a", 0), (" b", 0), (" ", 0));
        var stream = new TokenStream(tokenizer);
        int[] tokens = tokenizer.Encode(string.Concat(Enumerable.Repeat("a b☃", 200)));
        int Consume()
        {
            int characters = 0;
            foreach (int token in tokens)
            {
                characters += stream.Add(token).Length;
            }

            return characters;
        }

        Assert.Equal(800, Consume());
        Assert.Equal(0, ThreadAllocations.Measure(() => Consume()));
    }

    [Theory]
    [InlineData("", "JSON")]
    [InlineData("[]", "one JSON object")]
    [InlineData("{\"pieces\":[],\"scores\":[]}", "'pieces'")]
    [InlineData("{\"pieces\":[\"a\"],\"scores\":[]}", "'scores'")]
    [InlineData("{\"pieces\":[\"a\"],\"scores\":[0],\"bos\":0,\"eos\":0,\"byte_offset\":0}", "'unk'")]
    [InlineData("{\"pieces\":[\"a\"],\"scores\":[0],\"unk\":0,\"bos\":0,\"eos\":1,\"byte_offset\":0}", "'eos'")]
    [InlineData("{\"pieces\":[\"a\"],\"scores\":[0],\"unk\":0,\"bos\":0,\"eos\":0,\"byte_offset\":0}", "'byte_offset'")]
    [InlineData("{\"pieces\":[\"a\"],\"scores\":[0],\"unk\":0.5}", "can't be read")]
    [InlineData("{\"pieces\":[1],\"scores\":[0]}", "can't be read")]
    [InlineData("{\"pieces\":[\"a\"", "can't be read")]
    public void Files_that_are_no_vocabulary_are_refused(string json, string reason)
    {
        InvalidDataException exception = Assert.Throws<InvalidDataException>(() => BytePairTokenizer.Parse(Encoding.UTF8.GetBytes(json)));
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }

    private static BytePairTokenizer LoadTrained()
    {
        string path = Path.Combine(TestData.Models, "stories260K", "tokenizer.json");
        Skip.IfNot(File.Exists(path), $"The test data '{path}' are absent.");
        return BytePairTokenizer.Load(path);
    }

    private static BytePairTokenizer Create(params (string Text, float Score)[] pieces)
    {
        (string Text, float Score)[] all =
        [
            ("<unk>", 0), ("<s>", 0), ("</s>", 0), .. Enumerable.Range(0, 256).Select(static value => ($"<0x{value:X2}>", 0f)), .. pieces,
        ];
        var json = new StringBuilder("{\"about\":{\"any\":[1]},\"unk\":0,\"bos\":1,\"eos\":2,\"byte_offset\":3,\"pieces\":[");
        json.AppendJoin(',', all.Select(static piece => JsonSerializer.Serialize(piece.Text))).Append("],\"scores\":[");
        json.AppendJoin(',', all.Select(static piece => JsonSerializer.Serialize(piece.Score))).Append("]}");
        return BytePairTokenizer.Parse(Encoding.UTF8.GetBytes(json.ToString()));
    }

    private static int Token(BytePairTokenizer tokenizer, string text) =>
        Enumerable.Range(0, tokenizer.VocabularySize).Last(token => Encoding.UTF8.GetString(tokenizer.GetBytes(token)) == text);

    private static string[] Pieces(BytePairTokenizer tokenizer, string text) =>
        [.. tokenizer.Encode(text, isStart: false).Select(token => Encoding.UTF8.GetString(tokenizer.GetBytes(token)))];

    private static string RandomText(Random random, string[] pieces)
    {
        var text = new StringBuilder();
        int count = random.Next(0, 30);
        for (int index = 0; index < count; index++)
        {
            text.Append(random.Next(10) == 0 ? char.ConvertFromUtf32(random.Next(0x20, 0x3000)) : pieces[random.Next(259, pieces.Length)]);
        }

        return text.ToString();
    }

    // As the vocabulary's description says it, in quadratic time.
    private static int[] EncodePlainly(string text, string[] pieces, float[] scores, bool withSpace = true)
    {
        int Find(string piece) => Array.FindIndex(pieces, 259, other => other == piece);
        var tokens = new List<int>();
        foreach (Rune character in (withSpace && text.Length > 0 ? " " + text : text).EnumerateRunes())
        {
            int token = Find(character.ToString());
            tokens.AddRange(token >= 0 ? [token] : Encoding.UTF8.GetBytes(character.ToString()).Select(static value => ByteOffset + value));
        }

        while (true)
        {
            (int best, int joined) = (-1, -1);
            for (int index = 0; index + 1 < tokens.Count; index++)
            {
                bool isText = tokens[index] >= 259 && tokens[index + 1] >= 259;
                int token = isText ? Find(pieces[tokens[index]] + pieces[tokens[index + 1]]) : -1;
                if (token >= 0 && (best < 0 || scores[token] > scores[joined]))
                {
                    (best, joined) = (index, token);
                }
            }

            if (best < 0)
            {
                return withSpace ? [1, .. tokens] : [.. tokens];
            }

            tokens[best] = joined;
            tokens.RemoveAt(best + 1);
        }
    }
}

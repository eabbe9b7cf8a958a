using System.Text.Json;
using Cameo.Generation;
using Cameo.Generator;
using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Xunit;

namespace Cameo.Tests.Models;

/// <summary>
/// Whatever an exporter wrote, a Llama ends in the same code: one attention kernel a layer over caches that stay where they are, with no mask and no copy of a cache in
/// memory, and the same text.
/// </summary>
[Trait("Suite", "models")]
public sealed class LlamaSpellingTests(ModelZoo zoo) : IClassFixture<ModelZoo>
{
    private const int Layers = 5;
    private const string Bounds = "batch_size=1; sequence_length<=8";
    private const string ShortBounds = "; past_sequence_length<=64; total_sequence_length<=72";
    private const string LongBounds = "; past_sequence_length<=512; total_sequence_length<=520";

    private static readonly string[] Shape =
        ["--vocab", "96", "--hidden", "64", "--layers", "2", "--heads", "4", "--kv-heads", "2", "--head-dim", "16", "--ffn", "128", "--theta", "10000", "--eps", "1e-5"];

    public static TheoryData<string> Forms => [.. ModelZoo.Float32Forms];

    [SkippableTheory]
    [MemberData(nameof(Forms))]
    public void TextIsTheCheckpoints(string form)
    {
        using CompiledModel model = Require(zoo.Stories(form)).CreateModel();
        int[] expected = ExpectedText();
        foreach (int threads in (int[])[1, 2])
        {
            using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
            var decoder = Assert.IsAssignableFrom<IDecoder>(session);
            int[] text = [.. new TokenGenerator(decoder).Generate([1], new GenerationOptions { MaximumTokens = expected.Length })];
            Assert.Equal(expected, text);

            // Once more with half of the text in one run.
            decoder.Reset();
            int half = expected.Length / 2;
            int[] rest = [.. new TokenGenerator(decoder).Generate([1, .. expected[..half]], new GenerationOptions { MaximumTokens = expected.Length - half })];
            Assert.Equal(expected[half..], rest);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Forms))]
    public void EveryLayerIsOneAttentionKernelOverItsCaches(string form)
    {
        ModelCompilation compilation = Require(zoo.Stories(form));
        KernelSummary[] attention = [.. compilation.Result!.Kernels.Where(static kernel => kernel.Kind == "attention")];
        Assert.Equal(Layers, attention.Length);
        using CompiledModel model = compilation.CreateModel();
        Assert.Equal(2 * Layers, model.Description.States.Length);

        // Scores and probabilities would need a softmax of their own.
        Assert.DoesNotContain(compilation.Result.Kernels, static kernel => kernel.Nodes.Any(static node => node.Contains("Softmax", StringComparison.Ordinal)) && kernel.Kind != "attention");
    }

    /// <summary>Keys come from their rotation and values from their projection straight into the cache; products with the same rows are one, additions part of products.</summary>
    [SkippableTheory]
    [MemberData(nameof(Forms))]
    public void KeysAndValuesAreWrittenWhereTheyStay(string form)
    {
        IReadOnlyList<KernelSummary> kernels = Require(zoo.Stories(form)).Result!.Kernels;
        Assert.DoesNotContain(kernels, static kernel => kernel.Kind is "append" or "scatter" or "scatter nd");
        int first = Attention(0), period = Attention(1) - first;
        Assert.Equal(first + ((Layers - 1) * period), Attention(Layers - 1));

        // What GroupQueryAttention and lengths of rows need beside: a few numbers a row.
        string[] small = ["range", "attention lengths", "loop"];
        string[] layer = [.. kernels.Skip(first).Take(period).Select(static kernel => kernel.Kind).Where(kind => !small.Contains(kind)).Order()];
        Assert.Equal(["attention", "matmul", "matmul", "matmul", "matmul", "rotary embedding", "rotary embedding", "row loop", "row loop"], layer);

        int Attention(int layer) => kernels.Select(static (kernel, index) => (kernel, index)).Where(static pair => pair.kernel.Kind == "attention").ElementAt(layer).index;
    }

    /// <summary>A mask, scores, repeated heads or a copied cache would grow with the cache.</summary>
    [SkippableTheory]
    [MemberData(nameof(Forms))]
    public void NoBufferGrowsWithTheCache(string form)
    {
        // A fixed cache has its length from the file.
        bool grows = !form.Contains("scatter", StringComparison.Ordinal);
        using CompiledModel small = Require(zoo.Random(form, "short", grows ? Bounds + ShortBounds : Bounds, [.. Shape, "--max-seq", "64"])).CreateModel();
        using CompiledModel large = Require(zoo.Random(form, "long", grows ? Bounds + LongBounds : Bounds, [.. Shape, "--max-seq", "512"])).CreateModel();
        Assert.True(large.Description.StateBytes > 7 * small.Description.StateBytes);
        Assert.NotEqual(0, small.Description.ArenaBytes);

        // Tables of a number a position, such as the mask of padding, may grow; 16 bytes a position are less than one cached head.
        Assert.InRange(large.Description.ArenaBytes, small.Description.ArenaBytes, small.Description.ArenaBytes + (16 * (520 - 72)));
    }

    private static int[] ExpectedText()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(TestData.Models, "stories260K", "expected_greedy.json")));
        return [.. document.RootElement.GetProperty("tokens").EnumerateArray().Select(static token => token.GetInt32())];
    }

    private static ModelCompilation Require(ModelCompilation compilation)
    {
        Assert.True(compilation.Type is not null, compilation.Explain());
        return compilation;
    }
}

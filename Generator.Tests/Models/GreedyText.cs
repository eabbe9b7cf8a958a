using System.Text.Json;
using Cameo.Tests.Infrastructure;

namespace Cameo.Tests.Models;

/// <summary>What a language model says greedily, from greedy.json of its folder.</summary>
/// <param name="Prompt">The prompt's tokens.</param>
/// <param name="Texts">The tokens that follow; several where they depend on the precision of quantised products, each of which is right.</param>
internal sealed record GreedyText(int[] Prompt, IReadOnlyList<int[]> Texts)
{
    private const string FileName = "greedy.json";

    public static bool Exists(string model) => File.Exists(Path.Combine(TestData.Models, model, FileName));

    public static GreedyText Read(string model)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(TestData.Models, model, FileName)));
        JsonElement root = document.RootElement;
        List<int[]> texts = [ReadTokens(root.GetProperty("tokens"))];
        if (root.TryGetProperty("float32_compute", out JsonElement exact))
        {
            texts.Add(ReadTokens(exact.GetProperty("tokens")));
        }

        return new GreedyText(ReadTokens(root.GetProperty("prompt_ids")), texts);
    }

    private static int[] ReadTokens(JsonElement tokens) => [.. tokens.EnumerateArray().Select(static token => token.GetInt32())];
}

using System.Text;

namespace Cameo.Benchmarks.LanguageModels;

/// <summary>
/// Random weights that are the same whoever asks for them in whatever order: each row has a generator of its own. Numbers are nearly normal, with a deviation that keeps
/// signals alive through all layers, and representable in float16, so that files of either format hold the same.
/// </summary>
internal sealed class LlamaWeights(LlamaConfiguration configuration)
{
    private const float Deviation = 0.02f;

    // The sum of four numbers in 0 … 65535 has this mean and this deviation.
    private const float SumMean = 131070f;
    private const float SumDeviation = 37837f;

    public LlamaConfiguration Configuration { get; } = configuration;

    /// <summary>The table of embeddings, which makes the logits too.</summary>
    public LlamaMatrix Embedding { get; } = new("embed", configuration.Vocabulary, configuration.Hidden);

    public LlamaMatrix Query(int layer) => new($"{layer}.query", Configuration.QuerySize, Configuration.Hidden);

    public LlamaMatrix Key(int layer) => new($"{layer}.key", Configuration.KeyValueSize, Configuration.Hidden);

    public LlamaMatrix Value(int layer) => new($"{layer}.value", Configuration.KeyValueSize, Configuration.Hidden);

    public LlamaMatrix Output(int layer) => new($"{layer}.output", Configuration.Hidden, Configuration.QuerySize);

    public LlamaMatrix Gate(int layer) => new($"{layer}.gate", Configuration.FeedForward, Configuration.Hidden);

    public LlamaMatrix Up(int layer) => new($"{layer}.up", Configuration.FeedForward, Configuration.Hidden);

    public LlamaMatrix Down(int layer) => new($"{layer}.down", Configuration.Hidden, Configuration.FeedForward);

    /// <summary>The factors of a normalisation, near one.</summary>
    public float[] Norm(string name)
    {
        var values = new float[Configuration.Hidden];
        Fill(name, 0, values, deviation: 0.1f);
        for (int index = 0; index < values.Length; index++)
        {
            values[index] = (float)(Half)(1 + values[index]);
        }

        return values;
    }

    /// <summary>One row of a matrix.</summary>
    public void Row(LlamaMatrix matrix, int row, Span<float> destination) => Fill(matrix.Name, row, destination[..matrix.Columns], Deviation);

    private static void Fill(string name, int row, Span<float> destination, float deviation)
    {
        ulong state = Hash(name) + ((ulong)row * 0x9E3779B97F4A7C15ul * 0x10001);
        float scale = deviation / SumDeviation;
        for (int index = 0; index < destination.Length; index++)
        {
            // Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
            state += 0x9E3779B97F4A7C15ul;
            ulong bits = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9ul;
            bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBul;
            bits ^= bits >> 31;
            float sum = (ushort)bits + (ushort)(bits >> 16) + (ushort)(bits >> 32) + (int)(bits >> 48);
            destination[index] = (float)(Half)((sum - SumMean) * scale);
        }
    }

    private static ulong Hash(string name)
    {
        // FNV-1a.
        ulong hash = 14695981039346656037ul;
        foreach (byte value in Encoding.UTF8.GetBytes(name))
        {
            hash = (hash ^ value) * 1099511628211ul;
        }

        return hash;
    }
}

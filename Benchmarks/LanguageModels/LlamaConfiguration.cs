namespace Cameo.Benchmarks.LanguageModels;

/// <summary>Sizes of a decoder of the Llama architecture: rotary positions, grouped heads, gated feed-forward layers, one table for embeddings and logits.</summary>
internal sealed record LlamaConfiguration(
    string Name, int Vocabulary, int Hidden, int Layers, int Heads, int KeyValueHeads, int HeadSize, int FeedForward, int Positions, double Theta, float Epsilon)
{
    /// <summary>The shape of SmolLM2-135M.</summary>
    public static LlamaConfiguration Shape135M { get; } = new("135m", 49152, 576, 30, 9, 3, 64, 1536, 2048, 100_000, 1e-5f);

    /// <summary>The shape of Llama 3.2 1B.</summary>
    public static LlamaConfiguration Shape1B { get; } = new("1b", 128256, 2048, 16, 32, 8, 64, 8192, 2048, 500_000, 1e-5f);

    /// <summary>A shape for trying things out.</summary>
    public static LlamaConfiguration Tiny { get; } = new("tiny", 512, 128, 2, 4, 2, 32, 256, 2048, 10_000, 1e-5f);

    public static IReadOnlyList<LlamaConfiguration> All => [Shape135M, Shape1B, Tiny];

    public int QuerySize => Heads * HeadSize;

    public int KeyValueSize => KeyValueHeads * HeadSize;

    /// <summary>Multiply-adds of one token in all matrices but the last.</summary>
    public long LayerMultiplyAdds => (long)Layers * Hidden * ((2L * QuerySize) + (2L * KeyValueSize) + (3L * FeedForward));

    /// <summary>Multiply-adds of one position's logits.</summary>
    public long HeadMultiplyAdds => (long)Vocabulary * Hidden;

    /// <summary>Cosines and sines of all positions, each [positions, head size / 2].</summary>
    public (float[] Cosines, float[] Sines) RotaryTables()
    {
        int half = HeadSize / 2;
        float[] cosines = new float[Positions * half], sines = new float[Positions * half];
        for (int position = 0; position < Positions; position++)
        {
            for (int index = 0; index < half; index++)
            {
                double angle = position / Math.Pow(Theta, 2.0 * index / HeadSize);
                cosines[(position * half) + index] = (float)Math.Cos(angle);
                sines[(position * half) + index] = (float)Math.Sin(angle);
            }
        }

        return (cosines, sines);
    }
}

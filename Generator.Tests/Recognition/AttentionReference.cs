namespace Cameo.Tests.Recognition;

/// <summary>Attention in double precision, written as its definition.</summary>
internal sealed class AttentionReference
{
    public int Rows { get; init; } = AttentionCases.Rows;

    public int Heads { get; init; } = AttentionCases.Heads;

    public int KeyHeads { get; init; } = AttentionCases.Heads;

    public int Queries { get; init; } = AttentionCases.Queries;

    public int Keys { get; init; } = AttentionCases.Queries;

    public int Size { get; init; } = AttentionCases.Size;

    public double Scale { get; init; } = AttentionCases.Scale;

    public double SoftCap { get; init; }

    /// <summary>Whether a query of a row and head sees a key.</summary>
    public Func<int, int, int, int, bool> Sees { get; init; } = static (_, _, _, _) => true;

    /// <summary>Added to the scores.</summary>
    public Func<int, int, int, int, double> Bias { get; init; } = static (_, _, _, _) => 0;

    /// <summary>What a query gives that sees no key: the mean of all values, or null for 0.</summary>
    public bool UniformWhereMasked { get; init; }

    /// <summary>Operands [rows, heads, positions, size]; result [rows, heads, queries, size].</summary>
    public double[] Compute(double[] query, double[] key, double[] value)
    {
        var result = new double[Rows * Heads * Queries * Size];
        for (int row = 0; row < Rows; row++)
        {
            for (int head = 0; head < Heads; head++)
            {
                for (int position = 0; position < Queries; position++)
                {
                    double[] weights = Weights(query, key, row, head, position);
                    int target = ((((row * Heads) + head) * Queries) + position) * Size;
                    for (int other = 0; other < Keys; other++)
                    {
                        for (int element = 0; element < Size; element++)
                        {
                            result[target + element] += weights[other] * value[KeyPlace(row, head, other) + element];
                        }
                    }
                }
            }
        }

        return result;
    }

    /// <summary>The weights of all keys for one query.</summary>
    public double[] Weights(double[] query, double[] key, int row, int head, int position)
    {
        var scores = new double[Keys];
        int from = ((((row * Heads) + head) * Queries) + position) * Size;
        for (int other = 0; other < Keys; other++)
        {
            double product = 0;
            for (int element = 0; element < Size; element++)
            {
                product += query[from + element] * key[KeyPlace(row, head, other) + element];
            }

            double score = product * Scale;
            score = SoftCap == 0 ? score : SoftCap * Math.Tanh(score / SoftCap);
            scores[other] = Sees(row, head, position, other) ? score + Bias(row, head, position, other) : double.NegativeInfinity;
        }

        double largest = scores.Max();
        if (double.IsNegativeInfinity(largest))
        {
            return [.. scores.Select(_ => UniformWhereMasked ? 1.0 / Keys : 0)];
        }

        double sum = scores.Sum(score => Math.Exp(score - largest));
        return [.. scores.Select(score => Math.Exp(score - largest) / sum)];
    }

    private int KeyPlace(int row, int head, int position) => ((((row * KeyHeads) + (head * KeyHeads / Heads)) * Keys) + position) * Size;
}

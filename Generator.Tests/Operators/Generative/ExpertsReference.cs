namespace Cameo.Tests.Operators.Generative;

/// <summary>A mixture of experts in double precision, token by token.</summary>
internal sealed class ExpertsReference
{
    private const float Alpha = 1.3f, Beta = 0.5f, Limit = 2;

    /// <summary>An activation; "swiglu" with its fusion behind it; "sparse" for a sparse mixer with relu.</summary>
    public required string Kind { get; init; }

    public required int Chosen { get; init; }

    public bool Normalizes { get; init; }

    public bool HasThird { get; init; }

    public required int Hidden { get; init; }

    public required int Inner { get; init; }

    public required int Experts { get; init; }

    private bool IsSwiGlu => Kind.StartsWith("swiglu", StringComparison.Ordinal);

    private int FirstColumns => Kind is "swiglu1" or "swiglu2" ? 2 * Inner : Inner;

    public long[] Shape(string name) => name switch
    {
        "w1" => [Experts, FirstColumns, Hidden],
        "b1" => [Experts, FirstColumns],
        "w2" => [Experts, Hidden, Inner],
        "b2" => [Experts, Hidden],
        "w3" => [Experts, Inner, Hidden],
        _ => [Experts, Inner],
    };

    public (string Name, object Value)[] Attributes()
    {
        List<(string, object)> attributes = [("k", Chosen), ("normalize_routing_weights", Normalizes ? 1 : 0), ("activation_type", IsSwiGlu ? "swiglu" : Kind == "sparse" ? "relu" : Kind)];
        if (IsSwiGlu)
        {
            attributes.AddRange([("swiglu_fusion", Kind[^1] - '0'), ("activation_alpha", Alpha), ("activation_beta", Beta), ("swiglu_limit", Limit)]);
        }

        if (Kind == "sparse")
        {
            attributes.Add(("use_sparse_mixer", 1));
        }

        return [.. attributes];
    }

    public double[] Run(float[] x, float[] router, Func<string, double[]> weights)
    {
        double[] w1 = weights("w1"), b1 = weights("b1"), w2 = weights("w2"), b2 = weights("b2");
        double[] w3 = HasThird ? weights("w3") : [], b3 = HasThird ? weights("b3") : [];
        int tokens = x.Length / Hidden;
        var result = new double[x.Length];
        for (int token = 0; token < tokens; token++)
        {
            double[] row = [.. x.Skip(token * Hidden).Take(Hidden).Select(static value => (double)value)];
            foreach ((int expert, double weight) in Route([.. router.Skip(token * Experts).Take(Experts).Select(static value => (double)value)]))
            {
                double[] first = Product(row, w1, b1, expert, FirstColumns);
                double[] third = HasThird ? Product(row, w3, b3, expert, Inner) : [];
                double[] inner = [.. Enumerable.Range(0, Inner).Select(index => Activate(first, third, index))];
                double[] second = Product(inner, w2, b2, expert, Hidden);
                for (int element = 0; element < Hidden; element++)
                {
                    result[(token * Hidden) + element] += weight * second[element];
                }
            }
        }

        return result;
    }

    private (int Expert, double Weight)[] Route(double[] numbers)
    {
        int[] order = [.. Enumerable.Range(0, Experts).OrderByDescending(expert => numbers[expert]).Take(Chosen)];
        if (Kind == "sparse")
        {
            return [.. order.Select((expert, choice) =>
            {
                int[] near = [.. Enumerable.Range(0, Experts).Where(other => (choice == 0 || other != order[0]) && (numbers[expert] - numbers[other]) / Math.Max(Math.Abs(numbers[other]), numbers[expert]) <= 0.02)];
                return (expert, 1 / near.Sum(other => Math.Exp(numbers[other] - numbers[expert])));
            })];
        }

        double sum = (Normalizes ? order : Enumerable.Range(0, Experts)).Sum(expert => Math.Exp(numbers[expert]));
        return [.. order.Select(expert => (expert, Math.Exp(numbers[expert]) / sum))];
    }

    private static double[] Product(double[] row, double[] weights, double[] bias, int expert, int columns) =>
        [.. Enumerable.Range(0, columns).Select(column => bias[(expert * columns) + column] + row.Select((value, index) => value * weights[((((long)expert * columns) + column) * row.Length) + index]).Sum())];

    private double Activate(double[] first, double[] third, int index)
    {
        static double Sigmoid(double value) => 1 / (1 + Math.Exp(-value));
        if (IsSwiGlu)
        {
            (double gate, double linear) = Kind switch
            {
                "swiglu1" => (first[2 * index], first[(2 * index) + 1]),
                "swiglu2" => (first[index], first[Inner + index]),
                _ => (first[index], third[index]),
            };
            gate = Math.Min(gate, Limit);
            return gate * Sigmoid(Alpha * gate) * (Math.Clamp(linear, -Limit, Limit) + Beta);
        }

        double value = first[index];
        double active = Kind switch
        {
            "relu" or "sparse" => Math.Max(value, 0),
            "gelu" => 0.5 * value * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (value + (0.044715 * value * value * value)))),
            "silu" => value * Sigmoid(value),
            _ => value,
        };
        return HasThird ? active * third[index] : active;
    }
}

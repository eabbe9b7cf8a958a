using Cameo.Sessions;

namespace Cameo.Fuzzing.Generation.Productions;

/// <summary>Matrix products with what usually stands around them.</summary>
internal static class ContractionProductions
{
    public static IReadOnlyList<Production> All { get; } =
    [
        new("matmul", 5, MatMul),
        new("gemm", 2.5, Gemm),
        new("einsum", 1, Einsum),
        new("linear", 3, Linear),
        new("projections", 1.5, Projections),
        new("fusedmatmul", 0.5, FusedMatMul),
        new("mlp", 1, Perceptron),
    ];

    private static FuzzValue Number(RandomGraph graph, double value) => graph.Constant(ElementType.Float32, [], [value]);

    /// <summary>Values of which sums of many products stay small.</summary>
    private static FuzzValue Tame(RandomGraph graph, int minimumRank, int maximumRank) =>
        graph.Find(value => value.Type == ElementType.Float32 && value.IsFinite && value.Rank >= minimumRank && value.Rank <= maximumRank && value.High < 100 && value.Low > -100)
        ?? graph.Input(ElementType.Float32, graph.Shape(minimumRank, maximumRank));

    private static FuzzValue Activation(RandomGraph graph, FuzzValue x) => graph.Integer(0, 8) switch
    {
        0 => graph.Node("Relu", [x]),
        1 => graph.Node("Sigmoid", [x]),
        2 => graph.Node("Tanh", [x]),
        3 => graph.Node("LeakyRelu", [x], ("alpha", 0.1f)),
        4 => graph.Node("Clip", [x, Number(graph, 0), Number(graph, 6)]),
        5 => graph.Node("Mul", [x, graph.Node("Sigmoid", [x])]),
        _ => x,
    };

    private static void MatMul(RandomGraph graph)
    {
        FuzzValue x = Tame(graph, 1, 4);
        long columns = graph.Size();
        long inner = x.Shape[^1];
        long[] batch = x.Rank > 2 ? graph.Integer(0, 3) switch
        {
            0 => [],
            1 => x.Shape[..^2],
            2 => [.. x.Shape[..^2].Select(size => graph.Chance(0.5) ? 1 : size)],
            _ => x.Shape[graph.Integer(0, x.Rank - 2)..^2],
        } : graph.Chance(0.1) ? [graph.OneOf<long>(1, 2, 3)] : [];
        if (graph.Chance(0.1))
        {
            graph.Node("MatMul", [x, graph.Operand(ElementType.Float32, [inner], -1, 1)]);
            return;
        }

        if (graph.Chance(0.25))
        {
            // The other operand is transposed by a node of its own.
            FuzzValue other = graph.Operand(ElementType.Float32, [.. batch, columns, inner], -1, 1);
            long[] permutation = [.. Enumerable.Range(0, other.Rank - 2).Select(static axis => (long)axis), other.Rank - 1, other.Rank - 2];
            graph.Node("MatMul", [x, graph.Node("Transpose", [other], ("perm", permutation))]);
            return;
        }

        graph.Node("MatMul", [x, graph.Operand(ElementType.Float32, [.. batch, inner, columns], -1, 1)]);
    }

    private static void Gemm(RandomGraph graph)
    {
        FuzzValue x = Tame(graph, 2, 2);
        bool left = graph.Chance(0.3), right = graph.Chance(0.4);
        (long rows, long inner) = left ? (x.Shape[1], x.Shape[0]) : (x.Shape[0], x.Shape[1]);
        long columns = graph.Size();
        FuzzValue y = graph.Operand(ElementType.Float32, right ? [columns, inner] : [inner, columns], -1, 1);
        FuzzValue? bias = graph.Integer(0, 5) switch
        {
            0 => null,
            1 => graph.Operand(ElementType.Float32, [columns]),
            2 => graph.Operand(ElementType.Float32, [rows, columns]),
            3 => graph.Operand(ElementType.Float32, [rows, 1]),
            4 => graph.Operand(ElementType.Float32, graph.Chance(0.5) ? [] : [1]),
            _ => graph.Operand(ElementType.Float32, [1, columns]),
        };
        List<(string, object)> attributes = [("transA", left ? 1 : 0), ("transB", right ? 1 : 0)];
        if (graph.Chance(0.3))
        {
            attributes.Add(("alpha", (float)graph.Number(-2, 2)));
            attributes.Add(("beta", graph.Chance(0.2) ? 0f : (float)graph.Number(-2, 2)));
        }

        Activation(graph, graph.Node("Gemm", [x, y, bias], [.. attributes]));
    }

    private static void Einsum(RandomGraph graph)
    {
        FuzzValue x = Tame(graph, 2, 3);
        string letters = "abcd"[..x.Rank];
        long[] shape = x.Shape;
        switch (graph.Integer(0, 4))
        {
            case 0:
                graph.Node("Einsum", [x, graph.Operand(ElementType.Float32, [shape[^1], graph.SmallSize()])], ("equation", $"{letters},{letters[^1]}z->{letters[..^1]}z"));
                break;
            case 1:
                graph.Node("Einsum", [x, graph.Operand(ElementType.Float32, [graph.SmallSize(), shape[0]])], ("equation", $"{letters},z{letters[0]}->z{letters[1..]}"));
                break;
            case 2:
                graph.Node("Einsum", [x], ("equation", $"{letters}->{new string([.. letters.Reverse()])}"));
                break;
            case 3:
                graph.Node("Einsum", [x, graph.Operand(ElementType.Float32, shape)], ("equation", $"{letters},{letters}->{letters[..1]}"));
                break;
            default:
                graph.Node("Einsum", [x, graph.Operand(ElementType.Float32, [shape[^1]])], ("equation", $"...{letters[^1]},{letters[^1]}->...{letters[^1]}"));
                break;
        }
    }

    /// <summary>A layer: product, bias, activation, residual; also scaled or normalised around it.</summary>
    private static void Linear(RandomGraph graph)
    {
        FuzzValue x = Tame(graph, 2, 4);
        long columns = graph.Chance(0.3) ? x.Shape[^1] : graph.Size();
        FuzzValue y = graph.Node("MatMul", [x, graph.Constant(ElementType.Float32, [x.Shape[^1], columns])]);
        if (graph.Chance(0.8))
        {
            FuzzValue bias = graph.Operand(ElementType.Float32, [columns]);
            y = graph.Node("Add", graph.Chance(0.5) ? [y, bias] : [bias, y]);
        }

        y = Activation(graph, y);
        if (graph.Chance(0.3))
        {
            y = graph.Node("Mul", [y, ElementwiseProductions.Partner(graph, y, -2, 2)]);
        }

        if (graph.Chance(0.5))
        {
            graph.Node("Add", [y, y.Shape.SequenceEqual(x.Shape) ? x : ElementwiseProductions.Partner(graph, y, -10, 10)]);
        }
    }

    /// <summary>Several products of the same rows, some of them joined again.</summary>
    private static void Projections(RandomGraph graph)
    {
        FuzzValue x = Tame(graph, 2, 3);
        int count = graph.Integer(2, 3);
        long columns = graph.Size();
        FuzzValue[] results = [.. Enumerable.Range(0, count).Select(_ =>
        {
            FuzzValue y = graph.Node("MatMul", [x, graph.Constant(ElementType.Float32, [x.Shape[^1], graph.Chance(0.7) ? columns : graph.Size()])]);
            return graph.Chance(0.5) ? Activation(graph, graph.Node("Add", [y, graph.Constant(ElementType.Float32, [y.Shape[^1]])])) : Activation(graph, y);
        })];
        if (results[0].Shape.SequenceEqual(results[1].Shape))
        {
            graph.Node(graph.OneOf("Mul", "Add"), [results[0], results[1]]);
        }
    }

    private static void FusedMatMul(RandomGraph graph)
    {
        FuzzValue x = Tame(graph, 2, 3);
        bool left = graph.Chance(0.4), right = graph.Chance(0.4);
        long inner = left ? x.Shape[^2] : x.Shape[^1];
        long columns = graph.SmallSize();
        FuzzValue y = graph.Operand(ElementType.Float32, right ? [columns, inner] : [inner, columns], -1, 1);
        graph.Contrib("FusedMatMul", [x, y], ("transA", left ? 1 : 0), ("transB", right ? 1 : 0), ("alpha", (float)graph.Number(-1, 1)));
    }

    private static void Perceptron(RandomGraph graph)
    {
        FuzzValue x = Tame(graph, 2, 3);
        long inner = x.Shape[^1], hidden = graph.Size();
        FuzzValue gate = Activation(graph, graph.Node("MatMul", [x, graph.Constant(ElementType.Float32, [inner, hidden])]));
        FuzzValue up = graph.Node("MatMul", [x, graph.Constant(ElementType.Float32, [inner, hidden])]);
        FuzzValue down = graph.Node("MatMul", [graph.Node("Mul", [gate, up]), graph.Constant(ElementType.Float32, [hidden, inner], -0.3, 0.3)]);
        graph.Node("Add", [x, down]);
    }
}

using Cameo.Sessions;

namespace Cameo.Fuzzing.Generation.Productions;

/// <summary>Operators whose result is computed element by element.</summary>
internal static class ElementwiseProductions
{
    public static IReadOnlyList<Production> All { get; } =
    [
        new("unary", 10, Unary),
        new("binary", 12, Binary),
        new("compare", 2, Compare),
        new("where", 2, Where),
        new("logical", 1.5, Logical),
        new("bits", 1, Bits),
        new("integers", 2, Integers),
        new("cast", 2.5, Cast),
        new("clip", 1.5, Clip),
        new("variadic", 1.5, Variadic),
        new("pow", 1, Pow),
        new("prelu", 0.5, Prelu),
        new("clean", 0.5, Clean),
    ];

    /// <summary>Operand of an operation with broadcasting: the same shape, some sizes 1, axes missing at the front, or a scalar.</summary>
    public static FuzzValue Partner(RandomGraph graph, FuzzValue value, double low, double high)
    {
        long[] shape = [.. value.Shape.Select(size => graph.Chance(0.25) ? 1 : size)];
        shape = graph.Chance(0.5) ? [.. value.Shape] : shape;
        shape = graph.Chance(0.35) ? shape[graph.Integer(0, shape.Length)..] : shape;
        shape = graph.Chance(0.05) && value.Rank < 4 ? [graph.OneOf<long>(1, 2, 3), .. shape] : shape;
        return graph.Operand(value.Type, shape, low, high);
    }

    private static void Unary(RandomGraph graph)
    {
        FuzzValue x = graph.Float();
        (string type, (string, object)[] attributes) = graph.Integer(0, 44) switch
        {
            0 or 1 => ("Relu", []),
            2 or 3 => ("Sigmoid", []),
            4 or 5 => ("Tanh", []),
            6 when x.High < 8 => ("Exp", []),
            7 when x.Low > 1e-3 => ("Log", []),
            8 when x.Low >= 0 => ("Sqrt", []),
            9 => ("Abs", []),
            10 => ("Neg", []),
            11 => ("Erf", []),
            12 => ("Floor", []),
            13 => ("Ceil", []),
            14 => ("Round", []),
            15 => ("Sin", []),
            16 => ("Cos", []),
            17 => ("Sign", []),
            18 when x.Numbers.All(static number => Math.Abs(number) > 0.05) => ("Reciprocal", []),
            19 => ("Softplus", []),
            20 => ("Softsign", []),
            21 => ("Elu", [("alpha", (float)graph.Number(0.5, 1.5))]),
            22 => ("Selu", []),
            23 or 24 => ("LeakyRelu", [("alpha", (float)graph.Number(0, 0.3))]),
            25 => ("HardSigmoid", graph.Chance(0.5) ? [] : [("alpha", 0.3f), ("beta", 0.4f)]),
            26 => ("HardSwish", []),
            27 => ("Celu", [("alpha", 0.7f)]),
            28 => ("Mish", []),
            29 or 30 => ("Gelu", graph.Chance(0.5) ? [("approximate", "tanh")] : []),
            31 => ("ThresholdedRelu", [("alpha", 0.5f)]),
            32 => ("Atan", []),
            33 => ("Asinh", []),
            34 when x.High < 6 => ("Sinh", []),
            35 when x.High < 6 => ("Cosh", []),
            36 when x.Low >= -1 && x.High <= 1 => (graph.OneOf("Asin", "Acos"), []),
            37 when x.Low > -0.95 && x.High < 0.95 => ("Atanh", []),
            38 when x.Low >= -1.3 && x.High <= 1.3 => ("Tan", []),
            39 when x.Low >= 1.001 => ("Acosh", []),
            40 => ("Shrink", [("lambd", 0.4f), ("bias", 0.2f)]),
            41 => ("Swish", [("alpha", 1.3f)]),
            42 => ("IsNaN", []),
            43 => ("Identity", []),
            _ => ("Tanh", Array.Empty<(string, object)>()),
        };
        graph.Node(type, [x], attributes);
    }

    private static void Binary(RandomGraph graph)
    {
        FuzzValue x = graph.Float();
        string type = graph.OneOf("Add", "Add", "Add", "Mul", "Mul", "Mul", "Sub", "Sub", "Div", "Max", "Min");
        if (type == "Div")
        {
            FuzzValue divisor = Partner(graph, x, 0.3, 3);
            graph.Node(type, [x, divisor]);
            return;
        }

        FuzzValue y = graph.Chance(0.1) ? x : Partner(graph, x, -50, 50);
        graph.Node(type, graph.Chance(0.5) ? [x, y] : [y, x]);
    }

    private static void Compare(RandomGraph graph)
    {
        FuzzValue x = graph.Any();
        FuzzValue y = Partner(graph, x, -5, 5);
        graph.Node(graph.OneOf("Less", "Greater", "LessOrEqual", "GreaterOrEqual", "Equal"), graph.Chance(0.5) ? [x, y] : [y, x]);
    }

    private static void Where(RandomGraph graph)
    {
        FuzzValue x = graph.Any();
        FuzzValue y = Partner(graph, x, -5, 5);
        long[] shape = [.. x.Shape.Select(size => graph.Chance(0.3) ? 1 : size)];
        FuzzValue condition = graph.Operand(ElementType.Boolean, graph.Chance(0.3) ? shape[graph.Integer(0, shape.Length)..] : shape, 0, 1);
        graph.Node("Where", [condition, .. graph.Chance(0.5) ? [x, y] : new[] { y, x }]);
    }

    private static void Logical(RandomGraph graph)
    {
        FuzzValue x = graph.Find(static value => value.IsBoolean) ?? graph.Input(ElementType.Boolean, graph.Shape());
        if (graph.Chance(0.3))
        {
            graph.Node("Not", [x]);
            return;
        }

        graph.Node(graph.OneOf("And", "Or", "Xor", "Equal"), [x, Partner(graph, x, 0, 1)]);
    }

    private static void Bits(RandomGraph graph)
    {
        FuzzValue x = graph.Find(static value => value.IsInteger) ?? graph.Input(graph.IntegerType(), graph.Shape(), -100, 100);
        switch (graph.Integer(0, 4))
        {
            case 0:
                graph.Node("BitwiseNot", [x]);
                break;
            case 1:
                graph.Node("BitShift", [x, Partner(graph, x, 0, 6)], ("direction", graph.OneOf("LEFT", "RIGHT")));
                break;
            default:
                graph.Node(graph.OneOf("BitwiseAnd", "BitwiseOr", "BitwiseXor"), [x, Partner(graph, x, -100, 100)]);
                break;
        }
    }

    private static void Integers(RandomGraph graph)
    {
        FuzzValue x = graph.Find(static value => value.IsInteger) ?? graph.Input(graph.IntegerType(), graph.Shape(), -20, 20);
        switch (graph.Integer(0, 6))
        {
            case 0:
                graph.Node("Div", [x, graph.Constant(x.Type, graph.Chance(0.5) ? [] : x.Shape, 1, 7)]);
                break;
            case 1:
                graph.Node("Mod", [x, graph.Constant(x.Type, graph.Chance(0.5) ? [] : x.Shape, 1, 7)], graph.Chance(0.3) ? [("fmod", 1)] : []);
                break;
            case 2:
                graph.Node(graph.OneOf("Abs", "Neg", "Sign"), [x]);
                break;
            default:
                graph.Node(graph.OneOf("Add", "Sub", "Mul", "Max", "Min"), [x, Partner(graph, x, -20, 20)]);
                break;
        }
    }

    private static void Cast(RandomGraph graph)
    {
        FuzzValue x = graph.Any();
        ElementType to = graph.AnyType();
        graph.Node("Cast", [x], ("to", (int)to));
    }

    private static void Clip(RandomGraph graph)
    {
        FuzzValue x = graph.Find(static value => (value.IsFloat && value.IsFinite) || value.Type is ElementType.Int32 or ElementType.Int64 or ElementType.Int8 or ElementType.UInt8) ?? graph.Float();
        bool isUnsigned = x.Type == ElementType.UInt8;
        FuzzValue? low = graph.Chance(0.8) ? graph.Constant(x.Type, [], [isUnsigned ? 2 : -1]) : null;
        FuzzValue? high = graph.Chance(0.8) ? graph.Chance(0.8) ? graph.Constant(x.Type, [], [3]) : graph.Input(x.Type, [], 1, 4) : null;
        graph.Node("Clip", [x, low, high]);
    }

    private static void Variadic(RandomGraph graph)
    {
        FuzzValue x = graph.Single();
        FuzzValue[] others = [.. Enumerable.Range(0, graph.Integer(0, 4)).Select(_ => Partner(graph, x, -50, 50))];
        graph.Node(graph.OneOf("Sum", "Mean", "Max", "Min"), [x, .. others]);
    }

    private static void Pow(RandomGraph graph)
    {
        FuzzValue x = graph.Single();
        FuzzValue exponent = x.Low > 0 && graph.Chance(0.5)
            ? Partner(graph, x, -2, 2)
            : graph.Constant(graph.OneOf(ElementType.Float32, ElementType.Float32, ElementType.Int64, ElementType.Int32), graph.Chance(0.7) ? [] : [1], [graph.OneOf(2.0, 2.0, 3.0, 1.0, 0.0)]);
        if (x.Low >= 0 && graph.Chance(0.3))
        {
            exponent = graph.Constant(ElementType.Float32, [], [0.5]);
        }

        graph.Node("Pow", [x, exponent]);
    }

    private static void Prelu(RandomGraph graph)
    {
        FuzzValue x = graph.Single(1);
        long[] slope = [.. x.Shape.Select(size => graph.Chance(0.5) ? 1 : size)];
        graph.Node("PRelu", [x, graph.Operand(ElementType.Float32, slope[graph.Integer(0, slope.Length - 1)..], 0, 1)]);
    }

    private static void Clean(RandomGraph graph)
    {
        // Dropout as an inference graph has it, and chains of names for one value.
        FuzzValue x = graph.Single();
        graph.Nodes("Dropout", [x], graph.Integer(1, 2));
    }
}

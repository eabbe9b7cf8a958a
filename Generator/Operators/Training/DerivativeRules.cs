using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>What operators add to the gradients of their inputs, given those of their outputs.</summary>
internal sealed partial class DerivativeRules(Node node, ExpansionContext context, Node gradient, Func<Value?, bool> isWanted)
{
    private static readonly Dictionary<string, Func<DerivativeRules, Value, Value?[]>> Rules = new(StringComparer.Ordinal)
    {
        ["Add"] = static (rules, g) => rules.Broadcast(g, g),
        ["Sub"] = static (rules, g) => rules.Broadcast(g, rules.F.Apply("Neg", g)),
        ["Mul"] = static (rules, g) => rules.Broadcast(rules.F.Multiply(g, rules.X(1)), rules.F.Multiply(g, rules.X(0))),
        ["Div"] = static (rules, g) => rules.Broadcast(rules.F.Divide(g, rules.X(1)), rules.F.Apply("Neg", rules.F.Divide(rules.F.Multiply(g, rules.Y), rules.X(1)))),
        ["Pow"] = static (rules, g) => rules.Power(g),
        ["Sum"] = static (rules, g) => rules.Broadcast([.. rules.Inputs.Select(_ => g)]),
        ["Mean"] = static (rules, g) => rules.Broadcast([.. rules.Inputs.Select(_ => rules.F.Divide(g, rules.F.Number(rules.Inputs.Count, g)))]),
        ["Max"] = static (rules, g) => rules.Chosen(g),
        ["Min"] = static (rules, g) => rules.Chosen(g),
        ["Where"] = static (rules, g) => rules.Broadcast(null, rules.F.Where(rules.X(0), g, rules.Zero(g)), rules.F.Where(rules.X(0), rules.Zero(g), g)),
        ["Clip"] = static (rules, g) => [rules.F.Where(rules.Context.Add("Equal", rules.X(0), rules.Y), g, rules.Zero(g)), .. rules.Nothing(rules.Inputs.Count - 1)],
        ["Neg"] = static (rules, g) => [rules.F.Apply("Neg", g)],
        ["Abs"] = static (rules, g) => [rules.F.Multiply(g, rules.F.Apply("Sign", rules.X(0)))],
        ["Reciprocal"] = static (rules, g) => [rules.F.Apply("Neg", rules.F.Multiply(g, rules.F.Multiply(rules.Y, rules.Y)))],
        ["Sqrt"] = static (rules, g) => [rules.F.Divide(rules.Times(g, 0.5), rules.Y)],
        ["Exp"] = static (rules, g) => [rules.F.Multiply(g, rules.Y)],
        ["Log"] = static (rules, g) => [rules.F.Divide(g, rules.X(0))],
        ["Sin"] = static (rules, g) => [rules.F.Multiply(g, rules.F.Apply("Cos", rules.X(0)))],
        ["Cos"] = static (rules, g) => [rules.F.Apply("Neg", rules.F.Multiply(g, rules.F.Apply("Sin", rules.X(0))))],
        ["Erf"] = static (rules, g) => [rules.F.Multiply(rules.Times(g, 2 / Math.Sqrt(Math.PI)), rules.F.Apply("Exp", rules.F.Apply("Neg", rules.Square(rules.X(0)))))],
        ["Tanh"] = static (rules, g) => [rules.F.Multiply(g, rules.OneMinus(rules.Square(rules.Y)))],
        ["Sigmoid"] = static (rules, g) => [rules.F.Multiply(g, rules.F.Multiply(rules.Y, rules.OneMinus(rules.Y)))],
        ["Softplus"] = static (rules, g) => [rules.F.Multiply(g, rules.F.Apply("Sigmoid", rules.X(0)))],
        ["Relu"] = static (rules, g) => [rules.F.Where(rules.IsPositive, g, rules.Zero(g))],
        ["LeakyRelu"] = static (rules, g) => [rules.F.Where(rules.IsPositive, g, rules.Times(g, rules.Node.FloatAttribute("alpha", 0.01f)))],
        ["Elu"] = static (rules, g) => [rules.F.Where(rules.IsPositive, g, rules.F.Multiply(g, rules.F.Add(rules.Y, rules.F.Number(rules.Node.FloatAttribute("alpha", 1), g))))],
        ["Gelu"] = static (rules, g) => [rules.Gelu(g)],
        ["Swish"] = static (rules, g) => [rules.Swish(g)],
        ["Identity"] = static (_, g) => [g],
        ["Cast"] = static (rules, g) => [rules.F.Cast(g, rules.X(0).ElementType)],
        ["MatMul"] = static (rules, g) => rules.Product(g),
        ["Softmax"] = static (rules, g) => [rules.Softmax(g)],
        ["LogSoftmax"] = static (rules, g) => [rules.F.Subtract(g, rules.F.Multiply(rules.F.Apply("Exp", rules.Y), rules.F.Sum(g, SoftmaxOperators.Axes(rules.Node))))],
        ["ReduceSum"] = static (rules, g) => rules.First(rules.Spread(rules.Kept(g))),
        ["ReduceMean"] = static (rules, g) => rules.First(rules.Spread(rules.F.Divide(rules.Kept(g), rules.F.Count(rules.X(0), ReductionAxes.Of(rules.Node))))),
        ["ReduceSumSquare"] = static (rules, g) => rules.First(rules.F.Multiply(rules.Kept(g), rules.Times(rules.X(0), 2))),
        ["ReduceL2"] = static (rules, g) => rules.First(rules.F.Multiply(rules.F.Divide(rules.Kept(g), rules.Kept(rules.Y)), rules.X(0))),
        ["ReduceLogSumExp"] = static (rules, g) => rules.First(rules.F.Multiply(rules.Kept(g), rules.F.Apply("Exp", rules.F.Subtract(rules.X(0), rules.Kept(rules.Y))))),
        ["Reshape"] = static (rules, g) => rules.First(rules.F.ReshapeLike(g, rules.X(0))),
        ["Flatten"] = static (rules, g) => rules.First(rules.F.ReshapeLike(g, rules.X(0))),
        ["Squeeze"] = static (rules, g) => rules.First(rules.F.ReshapeLike(g, rules.X(0))),
        ["Unsqueeze"] = static (rules, g) => rules.First(rules.F.ReshapeLike(g, rules.X(0))),
        ["Expand"] = static (rules, g) => rules.First(rules.Summed(g, rules.X(0))),
        ["ReduceMax"] = static (rules, g) => rules.First(rules.Extreme(g)),
        ["ReduceMin"] = static (rules, g) => rules.First(rules.Extreme(g)),
        ["Conv"] = static (rules, g) => rules.Convolution(g),
        ["ConvTranspose"] = static (rules, g) => rules.TransposedConvolution(g),
        ["MaxPool"] = static (rules, g) => [rules.MaximumPool(g)],
        ["AveragePool"] = static (rules, g) => [rules.AveragePool(g)],
        ["Pad"] = static (rules, g) => rules.First(rules.WithoutPadding(g)),
        ["Transpose"] = static (rules, g) => [rules.Transposed(g)],
        ["Concat"] = static (rules, g) => rules.Parts(g),
        ["Slice"] = static (rules, g) => rules.First(rules.Surrounded(g)),
        ["Gather"] = static (rules, g) => [rules.Scattered(g), null],
        ["GatherElements"] = static (rules, g) => [rules.ScatteredElements(g), null],
    };

    private Formula F { get; } = new(context);

    private Node Node => node;

    private ExpansionContext Context => context;

    private Value Y => node.Output;

    private IReadOnlyList<Value?> Inputs => node.Inputs;

    private Value IsPositive => context.Add("Greater", X(0), F.Number(0, X(0)));

    /// <summary>Whether there is a rule for the operator.</summary>
    public static bool Has(Node node) => node.Domain.Length == 0 && (Rules.ContainsKey(node.Type) || node.Type == "Split");

    /// <summary>What the node adds to the gradient of each input; null where nothing or where nobody asks.</summary>
    /// <param name="outputs">Gradients of the outputs; null where y does not depend on one.</param>
    public Value?[] Differentiate(Value?[] outputs) => node.Type == "Split" ? First(Joined(outputs)) : Rules[node.Type](this, outputs[0]!);

    private Value X(int input) => node.Input(input);

    private Value?[] Nothing(int count) => new Value?[Math.Max(0, count)];

    private Value?[] First(Value result) => [result, .. Nothing(node.Inputs.Count - 1)];

    private Value Zero(Value like) => F.Number(0, like);

    private Value Times(Value x, double factor) => F.Multiply(x, F.Number(factor, x));

    private Value Square(Value x) => F.Multiply(x, x);

    private Value OneMinus(Value x) => F.Subtract(F.Number(1, x), x);

    private ModelException Unknown(string reason) => ModelException.Unsupported(gradient, $"the gradient of {node} is not known: {reason}");
}

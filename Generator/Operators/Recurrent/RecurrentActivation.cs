using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>An activation of a recurrent network.</summary>
/// <param name="Function">Its name, spelled as <c>GateActivationKind</c> has it.</param>
/// <param name="Alpha">Its first parameter.</param>
/// <param name="Beta">Its second parameter.</param>
internal sealed record RecurrentActivation(string Function, float Alpha, float Beta)
{
    /// <summary>Names and defaults of the parameters, null where a function has none: https://onnx.ai/onnx/operators/onnx__LSTM.html and the operators of these names.</summary>
    private static readonly (string Name, float? Alpha, float? Beta)[] Functions =
    [
        ("Sigmoid", null, null),
        ("Tanh", null, null),
        ("Relu", null, null),
        ("Affine", 1, 0),
        ("LeakyRelu", 0.01f, null),
        ("ThresholdedRelu", 1, null),
        ("ScaledTanh", 1, 1),
        ("HardSigmoid", 0.2f, 0.5f),
        ("Elu", 1, null),
        ("Softsign", null, null),
        ("Softplus", null, null),
    ];

    /// <summary>The activations of each direction.</summary>
    public static RecurrentActivation[][] Read(Node node, string type, int directions)
    {
        string[] defaults = type switch { "LSTM" => ["Sigmoid", "Tanh", "Tanh"], "GRU" => ["Sigmoid", "Tanh"], _ => ["Tanh"] };
        string[] names = node.StringsAttribute("activations") ?? [.. Enumerable.Repeat(defaults, directions).SelectMany(list => list)];
        if (names.Length != defaults.Length * directions)
        {
            throw new ModelException(node, $"attribute 'activations' names {names.Length} functions; needed are {defaults.Length} a direction");
        }

        // Only the functions that have a parameter take one from the lists, in their order.
        var alphas = new Queue<float>(node.FloatsAttribute("activation_alpha") ?? []);
        var betas = new Queue<float>(node.FloatsAttribute("activation_beta") ?? []);
        RecurrentActivation[] all = [.. names.Select(name =>
        {
            (string? known, float? alpha, float? beta) = Functions.FirstOrDefault(function => string.Equals(function.Name, name, StringComparison.OrdinalIgnoreCase));
            return known is null
                ? throw ModelException.Unsupported(node, $"the activation '{name}' is not known")
                : new RecurrentActivation(known, Next(alpha, alphas), Next(beta, betas));
        })];
        return [.. Enumerable.Range(0, directions).Select(direction => all.Skip(direction * defaults.Length).Take(defaults.Length).ToArray())];

        static float Next(float? fallback, Queue<float> given) => fallback is null ? 0 : given.Count > 0 ? given.Dequeue() : fallback.Value;
    }
}

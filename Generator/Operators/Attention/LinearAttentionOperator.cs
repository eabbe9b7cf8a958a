using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// LinearAttention of ONNX (version 27) and com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.LinearAttention. Inputs: 0 query,
/// 1 key, 2 value, [batch, sequence, heads · size]; 3 past state? [batch, kv heads, key size, value size]; 4 decay? as logarithms, one a head or one an element of a key; 5 beta? one a
/// head or one for all. <c>update_rule</c> says which of decay and beta there must be. com.microsoft also takes fewer heads of queries or keys than of values. Computed in float32;
/// <c>chunk_size</c> does not change the result.
/// </summary>
internal sealed class LinearAttentionOperator : Operator
{
    private const int Decay = 4, Beta = 5;

    public static readonly IReadOnlyList<Operator> All = [new LinearAttentionOperator(""), new LinearAttentionOperator(PointwiseFunction.MicrosoftDomain)];

    private LinearAttentionOperator(string domain) => Domain = domain;

    public override string Domain { get; }

    public override string Type => "LinearAttention";

    public override IReadOnlyList<int> Versions => Domain.Length > 0 ? [1] : [27];

    public override void Infer(Node node, InferenceContext context)
    {
        for (int input = 0; input < 3; input++)
        {
            ElementTypeSet.Floating.Require(node, input);
            if (node.Input(input).ElementType == ElementType.Float64 || node.Input(input).Shape.Rank != 3)
            {
                throw ModelException.Unsupported(node, $"input {input} is {node.Input(input).Type}; float32 and 16-bit numbers [batch, sequence, heads · size] are supported");
            }
        }

        if (node.IntegerAttribute("state_window", 0) != 0)
        {
            throw ModelException.Unsupported(node, "states after several tokens (state_window)");
        }

        string rule = Rule(node);
        Check(node, Decay, "decay", rule is "gated" or "gated_delta");
        Check(node, Beta, "beta", rule is "delta" or "gated_delta");
        Sizes sizes = SizesOf(node);
        Shape query = node.Input(0).Shape;
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, new Shape([query[0], query[1], Math.Max(sizes.QueryHeads, sizes.StateHeads) * sizes.ValueSize])));
        if (node.OptionalOutput(1) is { } present)
        {
            context.SetType(present, new TensorType((node.OptionalInput(3) ?? node.Input(0)).ElementType, new Shape([query[0], sizes.StateHeads, sizes.KeySize, sizes.ValueSize])));
        }
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        if (node.Inputs.All(input => input is null || input.ElementType == ElementType.Float32))
        {
            return false;
        }

        var formula = new Formula(context);
        Node wide = context.AddCopy(node, [.. node.Inputs.Select(input => input is null ? null : formula.Widen(input))]);
        for (int output = 0; output < node.Outputs.Count; output++)
        {
            if (node.Outputs[output] is { } narrow)
            {
                context.Replace(narrow, formula.Cast(wide.Outputs[output]!, narrow.ElementType));
            }
        }

        return true;
    }

    public override void Lower(Node node, LoweringContext context)
    {
        Sizes sizes = SizesOf(node);
        Shape query = node.Input(0).Shape;
        string[] names = ["Query", "Key", "Value", "Past", "Decay", "Beta"];
        (string Name, View View)[] reads = [.. names.Select((name, index) => (name, node.OptionalInput(index))).Where(input => input.Item2 is not null).Select(input => (input.name, context.ReadContiguous(input.Item2!)))];
        View output = context.Write(node.Output);
        View state = node.OptionalOutput(1) is { } present ? context.Write(present) : context.Scratch(node, ElementType.Float32, new Shape([query[0], sizes.StateHeads, sizes.KeySize, sizes.ValueSize]));
        View scratch = context.Scratch(node, ElementType.Float32, new Shape([query[0], sizes.StateHeads, sizes.ValueSize]));
        float given = node.FloatAttribute("scale", 0);
        double scale = given == 0 ? 1 / Math.Sqrt(sizes.KeySize) : given;
        context.Add(new Kernel("linear attention", node, [.. reads.Select(read => read.View)], [output, state, scratch], writer =>
        {
            writer.Line("var arguments = new LinearAttentionArguments");
            writer.Line("{");
            foreach ((string name, View view) in (IEnumerable<(string, View)>)[.. reads, ("Output", output), ("State", state), ("Scratch", scratch)])
            {
                writer.Line($"    {name} = {writer.Pointer(view)},");
            }

            writer.Line($"    Batch = {KernelText.Native(writer, query[0])}, Sequence = {KernelText.Native(writer, query[1])},");
            writer.Line($"    QueryHeads = {sizes.QueryHeads}, KeyHeads = {sizes.KeyHeads}, StateHeads = {sizes.StateHeads}, KeySize = {sizes.KeySize}, ValueSize = {sizes.ValueSize},");
            writer.Line($"    DecaySize = {sizes.DecaySize}, Rates = {sizes.Rates}, Scale = {KernelText.Float(scale)},");
            writer.Line("};");
            writer.Line("LinearAttention.Run(Workers, arguments);");
        })
        {
            MultiplyAdds = query[0] * query[1] * (sizes.StateHeads * 2 + Math.Max(sizes.QueryHeads, sizes.StateHeads)) * sizes.KeySize * sizes.ValueSize,
            Summary = $"{Rule(node)}, {sizes.StateHeads} states of [{sizes.KeySize}, {sizes.ValueSize}]",
        });
    }

    private static string Rule(Node node) => node.StringAttribute("update_rule", "gated_delta") is var rule && rule is "linear" or "gated" or "delta" or "gated_delta"
        ? rule
        : throw new ModelException(node, $"attribute 'update_rule' is '{rule}'; known are 'linear', 'gated', 'delta' and 'gated_delta'");

    private static void Check(Node node, int input, string name, bool isNeeded)
    {
        if (node.OptionalInput(input) is not null != isNeeded)
        {
            throw new ModelException(node, $"update_rule '{Rule(node)}' {(isNeeded ? "needs" : "does not take")} the input {input}, {name}");
        }
    }

    private static Sizes SizesOf(Node node)
    {
        long queryHeads = node.IntegerAttribute("q_num_heads", 0), stateHeads = node.IntegerAttribute("kv_num_heads", 0);
        if (queryHeads <= 0 || stateHeads <= 0 || (queryHeads % stateHeads != 0 && stateHeads % queryHeads != 0))
        {
            throw new ModelException(node, $"attributes 'q_num_heads' {queryHeads} and 'kv_num_heads' {stateHeads} must be positive, and one of them a multiple of the other");
        }

        long keySize = Divide(node, 0, Last(node, 0), queryHeads, "heads of queries");
        long keyHeads = Divide(node, 1, Last(node, 1), keySize, "elements of a query");
        long valueSize = Divide(node, 2, Last(node, 2), stateHeads, "heads of values");
        Divide(node, 1, stateHeads, keyHeads, "heads of keys");
        long decaySize = node.OptionalInput(Decay) is null ? 1 : Divide(node, Decay, Last(node, Decay), stateHeads, "heads of values");
        long rates = node.OptionalInput(Beta) is null ? 1 : Last(node, Beta);
        if ((decaySize != 1 && decaySize != keySize) || (rates != 1 && rates != stateHeads))
        {
            throw new ModelException(node, $"decay has {decaySize} elements a head, of 1 or {keySize}, and beta {rates} a step, of 1 or {stateHeads}");
        }

        return new Sizes(queryHeads, keyHeads, stateHeads, keySize, valueSize, decaySize, rates);
    }

    private static long Last(Node node, int input) => node.Input(input).Shape is { Rank: 3 } shape && shape[2].Value is { } size
        ? size
        : throw ModelException.Unsupported(node, $"input {input} of shape {node.Input(input).Shape} must have three axes, the last of known size");

    private static long Divide(Node node, int input, long size, long by, string what) => size % by == 0
        ? size / by
        : throw new ModelException(node, $"input {input}: {size} elements are not divisible by {by} {what}");

    private sealed record Sizes(long QueryHeads, long KeyHeads, long StateHeads, long KeySize, long ValueSize, long DecaySize, long Rates);
}

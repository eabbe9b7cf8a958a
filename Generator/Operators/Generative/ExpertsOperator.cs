using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// cameo.Experts: the one form of MoE and QMoE. Inputs: 0 tokens [tokens, hidden] and 1 router numbers [tokens, experts] of float32; 2 router weights?; then for each of three products (before the
/// activation, after it, and what it is multiplied with) weights [experts, columns, depth], scales? and zero points? [experts, columns, blocks], bias? [experts, columns]. Weights are float32, or
/// constants of float16, bfloat16, or unsigned integers of 2, 4 or 8 bits, whose zero point is the middle of their range unless it is given.
/// </summary>
internal sealed class ExpertsOperator : Operator
{
    public const string Name = OperatorRegistry.InternalDomain + ".Experts";

    private const int InputsPerProduct = 4;

    /// <summary>As <see cref="QuantizedMatMulOperator"/>: the level from which on activations may be quantised.</summary>
    private const long ByteActivationsLevel = 4;

    public static readonly IReadOnlyList<Operator> All = [new ExpertsOperator()];

    public override string Domain => OperatorRegistry.InternalDomain;

    public override string Type => "Experts";

    public override IReadOnlyList<int> Versions => [1];

    /// <summary>Whether the kernels take integers as they are; everything must be constant.</summary>
    public static bool KeepsNarrow(Value weights, Value scales, Value? zeros)
    {
        long depth = weights.Shape[2].Constant, blocks = scales.Shape[2].Constant;
        return weights.Constant is not null && scales.Constant is not null && (zeros is null || zeros.Constant is not null) && (blocks == 1 || depth / blocks % 8 == 0);
    }

    public override void Infer(Node node, InferenceContext context) => context.SetType(node.Output, node.Input(0).RequiredType);

    public override void Lower(Node node, LoweringContext context)
    {
        long experts = node.Input(3).Shape[0].Constant;
        long hidden = node.Input(0).Shape[1].Constant;
        long inner = node.IntegerAttribute("inner_size", 0);
        long chosen = node.IntegerAttribute("k", 1);
        Dimension tokens = node.Input(0).Shape[0];
        Dimension routes = tokens * chosen;
        Matrices first = Matrices.Create(node, 3, context), second = Matrices.Create(node, 3 + InputsPerProduct, context);
        Matrices? third = node.OptionalInput(3 + (2 * InputsPerProduct)) is null ? null : Matrices.Create(node, 3 + (2 * InputsPerProduct), context);
        var reads = new List<(string Name, View View)> { ("Input", context.ReadContiguous(node.Input(0))), ("Router", context.ReadContiguous(node.Input(1))) };
        string[] biases = ["FirstBias", "SecondBias", "ThirdBias"];
        if (node.OptionalInput(2) is { } given)
        {
            reads.Add(("RouterWeights", context.ReadContiguous(given)));
        }

        for (int product = 0; product < biases.Length; product++)
        {
            if (node.OptionalInput(3 + (product * InputsPerProduct) + 3) is { } bias)
            {
                reads.Add((biases[product], context.ReadContiguous(bias)));
            }
        }

        View Scratch(ElementType type, Dimension rows, Dimension columns) => context.Scratch(node, type, new Shape([rows, columns]));
        var writes = new List<(string Name, View View)>
        {
            ("Output", context.Write(node.Output)),
            ("Gathered", Scratch(ElementType.Float32, routes, hidden)),
            ("Inner", Scratch(ElementType.Float32, routes, first.Columns)),
            ("Results", Scratch(ElementType.Float32, routes, hidden)),
            ("Weights", Scratch(ElementType.Float32, tokens, chosen)),
            ("Indices", context.Scratch(node, ElementType.Int32, new Shape([(routes * 2) + experts + 1]))),
        };
        if (third is not null)
        {
            writes.Add(("Gate", Scratch(ElementType.Float32, routes, inner)));
        }

        View[] matrices = [.. first.Reads, .. second.Reads, .. third?.Reads ?? []];
        context.Add(new Kernel("experts", node, [.. reads.Select(read => read.View), .. matrices], [.. writes.Select(write => write.View)], writer =>
        {
            writer.Line("var arguments = new ExpertArguments");
            writer.Line("{");
            foreach ((string name, View view) in reads.Concat(writes))
            {
                writer.Line($"    {name} = {writer.Pointer(view)},");
            }

            float limit = node.FloatAttribute("limit", float.PositiveInfinity);
            writer.Line($"    Tokens = {KernelText.Native(writer, tokens)}, Hidden = {hidden}, InnerSize = {inner}, Experts = {experts}, Chosen = {chosen},");
            writer.Line($"    Routing = ExpertRouting.{node.StringAttribute("routing", "")}, Threshold = {KernelText.Float(node.FloatAttribute("threshold", 0))},");
            writer.Line($"    Activation = ExpertActivation.{node.StringAttribute("activation", "")}, Alpha = {KernelText.Float(node.FloatAttribute("alpha", 1))}, Beta = {KernelText.Float(node.FloatAttribute("beta", 0))}, Limit = {(float.IsPositiveInfinity(limit) ? "float.PositiveInfinity" : KernelText.Float(limit))},");
            writer.Line("};");
            string last = third is null ? "default(NoExperts)" : third.Construct(writer, node);
            writer.Line($"MixtureOfExperts.Run(Workers, arguments, {first.Construct(writer, node)}, {second.Construct(writer, node)}, {last});");
        })
        {
            MultiplyAdds = routes * hidden * (first.Columns + inner + (third is null ? 0 : inner)),
            Summary = $"{chosen} of {experts} experts, {hidden} × {inner}, {first.Description}",
        });
    }

    /// <summary>The matrices of one product in memory.</summary>
    private sealed record Matrices(string Format, long Depth, long Columns, View Elements, View? Scales, View? Zeros, long BlockSize)
    {
        private const int PanelWidth = ProductWeights.PanelWidth;

        public IEnumerable<View> Reads => new[] { Elements, Scales, Zeros }.OfType<View>();

        public string Description => Format.Length == 0 ? "float32" : Format;

        public static Matrices Create(Node node, int input, LoweringContext context)
        {
            Value weights = node.Input(input);
            (long experts, long columns, long depth) = (weights.Shape[0].Constant, weights.Shape[1].Constant, weights.Shape[2].Constant);
            if (weights.ElementType == ElementType.Float32)
            {
                View panels = context.TryGetWeight(weights) is { } constant
                    ? context.AddWeight($"{weights.Name} (panels)", new WeightPanels(Transposed(constant), PanelWidth))
                    : Pack(node, weights, context);
                return new Matrices("", depth, columns, panels, null, null, 0);
            }

            Value? zeros = node.OptionalInput(input + 2);
            (string format, int bits, int offset, ElementType stored) = weights.ElementType switch
            {
                ElementType.Float16 => ("HalfFormat", 16, 0, ElementType.Float16),
                ElementType.BFloat16 => ("BFloat16Format", 16, 0, ElementType.BFloat16),
                ElementType.UInt8 => ("Int8Format", 8, -128, ElementType.Int8),

                // The format's own zero point is 8, that of two bits 2.
                ElementType.UInt2 => ("UInt4Format", 4, zeros is null ? 6 : 0, ElementType.UInt4),
                ElementType.UInt4 => ("UInt4Format", 4, 0, ElementType.UInt4),
                _ => throw ModelException.Unsupported(node, $"weights {weights.Type}"),
            };
            WeightExpression Stored(Value value) => stored == value.ElementType ? Transposed(context.TryGetWeight(value)!) : new WeightOffset(Transposed(context.TryGetWeight(value)!), offset, stored);
            View words = context.AddWeight($"{weights.Name} (words)", new WeightWords(Stored(weights), bits, PanelWidth));
            Value? scales = node.OptionalInput(input + 1);
            return new Matrices(
                format,
                depth,
                columns,
                words,
                scales is null ? null : context.AddWeight($"{scales.Name} (panels)", new WeightPanels(Transposed(context.TryGetWeight(scales)!), PanelWidth)),
                zeros is null ? null : context.AddWeight($"{zeros.Name} (panels)", new WeightPanels(Stored(zeros), PanelWidth)),
                scales is null ? depth : depth / scales.Shape[2].Constant);
        }

        /// <summary>C# that constructs the runtime's matrices.</summary>
        public string Construct(KernelWriter writer, Node node)
        {
            if (Format.Length == 0)
            {
                return $"new FloatExperts({writer.Pointer(Elements)}, {Depth}, {Columns})";
            }

            string scales = Scales is null ? "" : $" {(Scales.ElementType == ElementType.Float16 ? "HalfScales" : "Scales")} = {writer.Pointer(Scales)},";
            string zeros = Zeros is null ? "" : $" ZeroPoints = {KernelText.Bytes(writer, Zeros)},";
            bool hasByteActivations = node.IntegerAttribute("accuracy_level", 0) >= ByteActivationsLevel;
            return $"new NarrowExperts<{Format}>(new NarrowMatrix {{ Words = {writer.Pointer(Elements)},{scales}{zeros} Depth = {Depth}, Columns = {Columns}, BlockSize = {BlockSize} }}, {KernelText.Boolean(hasByteActivations)})";
        }

        private static WeightExpression Transposed(WeightExpression matrices) => new WeightTranspose(matrices, [0, 2, 1]);

        private static View Pack(Node node, Value weights, LoweringContext context)
        {
            View source = context.Read(weights);
            (long experts, long columns, long depth) = (weights.Shape[0].Constant, weights.Shape[1].Constant, weights.Shape[2].Constant);
            View packed = context.Scratch(node, ElementType.Float32, Shape.Of(experts * depth * ((columns + PanelWidth - 1) / PanelWidth * PanelWidth)));
            context.Add(new Kernel("pack", node, [source], [packed], writer => writer.Line(
                $"MixtureOfExperts.Pack(Workers, {writer.Pointer(source)}, {string.Join(", ", source.Strides.Select(stride => KernelText.Native(writer, stride)))}, {experts}, {columns}, {depth}, {writer.Pointer(packed)});"))
            {
                Summary = $"panels of {experts} × [{depth}, {columns}]",
            });
            return packed;
        }
    }
}

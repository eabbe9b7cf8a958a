using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// MoE and QMoE of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MoE. All activations (relu, gelu as its tanh approximation, silu, swiglu fused
/// interleaved, fused in halves or as a third product, identity), <c>use_sparse_mixer</c>, biases, third products. QMoE: integers of 2, 4 and 8 bits, a scale a column or a block, zero points,
/// router weights of their own; its weights are always normalised, as ONNX Runtime's are. Weights are [columns, depth] of each expert in memory, whichever of its two shapes a model gives them.
/// float32, float16, bfloat16; computed in float32. Weights that are floating-point numbers (<c>quant_type</c> fp8; fp4 and nvfp4, two a byte with float8 scales a block of 32 and 16) times a scale
/// of each expert are dequantised, once at load where they are constant; activations of float8 (wfp4afp8) are refused.
/// <para>Becomes <c>cameo.Experts</c>.</para>
/// </summary>
internal sealed class MixtureOfExpertsOperators : Operator
{
    /// <summary>ONNX Runtime's QMoE leaves out what weighs no more.</summary>
    private const float LeastQuantizedWeight = 1e-8f;

    public static readonly IReadOnlyList<Operator> All = [new MixtureOfExpertsOperators("MoE"), new MixtureOfExpertsOperators("QMoE")];

    private MixtureOfExpertsOperators(string type) => Type = type;

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [1];

    private bool IsQuantized => Type == "QMoE";

    /// <summary>Inputs of a product: weights, scales, bias, zero points; -1 where the operator has none.</summary>
    private (int Weights, int Scales, int Bias, int Zeros) Inputs(int product) => IsQuantized
        ? (2 + (3 * product), 3 + (3 * product), 4 + (3 * product), 11 + product)
        : (2 + (2 * product), -1, 3 + (2 * product), -1);

    public override void Infer(Node node, InferenceContext context)
    {
        foreach (int input in new[] { 0, 1 })
        {
            ElementTypeSet.Floating.Require(node, input);
        }

        if (node.Input(0).ElementType == ElementType.Float64)
        {
            throw ModelException.Unsupported(node, "tokens of float64");
        }

        if (IsQuantized && Kind(node) is var kind and not ("int" or "fp8" or "fp4" or "nvfp4"))
        {
            throw ModelException.Unsupported(node, $"quant_type '{kind}'");
        }

        if (IsQuantized && node.IntegerAttribute("weights_prepacked", -1) == 1)
        {
            throw ModelException.Unsupported(node, "weights packed for one kind of device (weights_prepacked)");
        }

        Sizes sizes = Check(node);
        long chosen = node.IntegerAttribute("k", 1);
        if (chosen < 1 || chosen > sizes.Experts)
        {
            throw new ModelException(node, $"attribute 'k' asks for {chosen} of {sizes.Experts} experts");
        }

        if (node.IntegerAttribute("use_sparse_mixer", 0) != 0 && chosen != 2)
        {
            throw new ModelException(node, $"use_sparse_mixer chooses 2 experts, but attribute 'k' is {chosen}");
        }

        context.SetType(node.Output, node.Input(0).RequiredType);
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Sizes sizes = Check(node);
        var inputs = new List<Value?>
        {
            formula.Widen(formula.Reshape(node.Input(0), node.Input(0).Shape.Product(0, node.Input(0).Shape.Rank - 1), sizes.Hidden)),
            formula.Widen(node.Input(1)),
            RouterWeights(node) is { } given ? formula.Widen(given) : null,
        };
        bool isInterleaved = sizes.IsFused && node.IntegerAttribute("swiglu_fusion", 0) == 1;
        for (int product = 0; product < 3; product++)
        {
            inputs.AddRange(node.OptionalInput(Inputs(product).Weights) is null ? [null, null, null, null] : Product(node, product, sizes, isInterleaved && product == 0, context));
        }

        Value result = context.Add(
            ExpertsOperator.Name,
            [
                ("k", node.IntegerAttribute("k", 1)),
                ("routing", Routing(node)),
                ("activation", Activation(node)),
                ("alpha", node.FloatAttribute("activation_alpha", 1)),
                ("beta", node.FloatAttribute("activation_beta", 0)),
                ("limit", node.FloatAttribute("swiglu_limit", float.PositiveInfinity)),
                ("threshold", IsQuantized ? LeastQuantizedWeight : 0f),
                ("inner_size", sizes.Inner),
                ("accuracy_level", node.IntegerAttribute("accuracy_level", 0)),
            ],
            [.. inputs]);
        context.Replace(node.Output, formula.Cast(formula.ReshapeLike(result, node.Input(0)), node.Output.ElementType));
        return true;
    }

    private Value? RouterWeights(Node node) => IsQuantized ? node.OptionalInput(14) : null;

    private string Routing(Node node)
    {
        bool isNormalized = node.IntegerAttribute("normalize_routing_weights", 0) != 0;
        return node.IntegerAttribute("use_sparse_mixer", 0) != 0 ? "SparseMixer"
            : RouterWeights(node) is not null ? isNormalized ? "NormalizedGiven" : "Given"
            : isNormalized || IsQuantized ? "NormalizedSoftmax" : "Softmax";
    }

    private static string Activation(Node node) => node.StringAttribute("activation_type", "relu") switch
    {
        "relu" => "Relu",
        "gelu" => "Gelu",
        "silu" => "Silu",
        "swiglu" => "SwiGlu",
        "identity" => "Identity",
        string other => throw new ModelException(node, $"attribute 'activation_type' is '{other}'; known are relu, gelu, silu, swiglu and identity"),
    };

    /// <summary>Weights [experts, columns, depth], scales and zero points [experts, columns, blocks], bias [experts, columns] of a product.</summary>
    private Value?[] Product(Node node, int product, Sizes sizes, bool isInterleaved, ExpansionContext context)
    {
        var formula = new Formula(context);
        (long columns, long depth) = sizes.Matrix(product);
        (int weightsInput, int scalesInput, int biasInput, int zerosInput) = Inputs(product);
        Value weights = node.Input(weightsInput);
        Value? bias = Optional(biasInput) is { } given ? formula.Widen(given) : null;
        Value? scales = null, zeros = null;
        if (IsQuantized && Kind(node) != "int")
        {
            weights = FloatWeights(node, product, sizes, context);
        }
        else if (IsQuantized)
        {
            long bits = Bits(node);
            Value given1 = node.Input(scalesInput);
            long blocks = given1.Shape.Rank == 3 ? given1.Shape[2].Constant : 1;
            weights = Unpacked(weights, [sizes.Experts, columns], depth, bits, context);
            zeros = Optional(zerosInput) is not { } packed ? null
                : packed.Shape.Rank == 2 ? Reshaped(Unpacked(packed, [sizes.Experts], columns, bits, context), [sizes.Experts, columns, 1], context)
                : Unpacked(packed, [sizes.Experts, columns], blocks, bits, context);
            scales = formula.Reshape(given1, sizes.Experts, columns, blocks);
            scales = scales.ElementType == ElementType.BFloat16 || !scales.IsConstant ? formula.Widen(scales) : scales;
            if (!ExpertsOperator.KeepsNarrow(weights, scales, zeros))
            {
                weights = Dequantized(weights, formula.Widen(scales), zeros, bits, context);
                scales = zeros = null;
            }
        }
        else
        {
            weights = Reshaped(weights, [sizes.Experts, columns, depth], context);
            weights = weights.IsConstant ? weights : formula.Widen(weights);
        }

        Value?[] all = [weights, scales, zeros, bias];
        return isInterleaved ? [.. all.Select(value => value is null ? null : Deinterleaved(value, context))] : all;

        Value? Optional(int input) => input < 0 ? null : node.OptionalInput(input);
    }

    private static string Kind(Node node) => node.StringAttribute("quant_type", "int");

    /// <summary>Weights that share a byte.</summary>
    private long PerByte(Node node) => !IsQuantized ? 1 : Kind(node) switch { "int" => 8 / Bits(node), "fp8" => 1, _ => 2 };

    /// <summary>Elements along K that share a scale of float8; 0 where there are none.</summary>
    private static long FloatBlock(Node node) => Kind(node) switch { "fp4" => 32, "nvfp4" => 16, _ => 0 };

    /// <summary>Weights of floating-point numbers as float32 [experts, columns, depth].</summary>
    private Value FloatWeights(Node node, int product, Sizes sizes, ExpansionContext context)
    {
        var formula = new Formula(context);
        (long columns, long depth) = sizes.Matrix(product);
        (int weightsInput, int scalesInput, _, _) = Inputs(product);
        Value weights = formula.Reshape(node.Input(weightsInput), sizes.Experts, columns, depth / PerByte(node));
        if (FloatBlock(node) is var block and > 0)
        {
            weights = BlockFloatProducts.FromFloat4Codes(LinearQuantization.Unpack(weights, 4, context), context);
            weights = formula.Multiply(weights, BlockFloatProducts.OfElements(formula.Cast(node.Input(scalesInput), ElementType.Float32), block, depth, context));
        }
        else
        {
            weights = formula.Cast(weights, ElementType.Float32);
        }

        return product < 2 ? formula.Multiply(weights, formula.Reshape(node.Input(15 + product), sizes.Experts, 1, 1)) : weights;
    }

    /// <summary>Scales of weights that are floating-point numbers.</summary>
    private static void CheckFloatScales(Node node, int product, Sizes sizes, int scalesInput, int zerosInput)
    {
        string kind = Kind(node);
        (long columns, long depth) = sizes.Matrix(product);
        if (node.OptionalInput(zerosInput) is not null || (product == 2 && kind != "fp4"))
        {
            throw new ModelException(node, $"zero points and, but for fp4, third products do not go with quant_type '{kind}'");
        }

        if (FloatBlock(node) is var block and > 0)
        {
            ElementType type = kind == "fp4" ? ElementType.Float8E8M0 : ElementType.Float8E4M3FN;
            if (depth % block != 0 || node.OptionalInput(scalesInput)?.ElementType != type)
            {
                throw new ModelException(node, $"scales {node.OptionalInput(scalesInput)?.Type} of {depth} elements in blocks of {block} must be {type.OnnxName()}, and blocks whole");
            }

            RequireOne(node, scalesInput, node.Input(scalesInput).Shape, [sizes.Experts, columns, depth / block]);
        }

        if (product < 2)
        {
            if (node.OptionalInput(15 + product)?.ElementType != ElementType.Float32)
            {
                throw new ModelException(node, $"quant_type '{kind}' needs the scales of experts (input {15 + product}) as float32");
            }

            RequireOne(node, 15 + product, node.Input(15 + product).Shape, [sizes.Experts]);
        }
    }

    private static long Bits(Node node) => node.IntegerAttribute("expert_weight_bits", 4) is var bits && bits is 2 or 4 or 8
        ? bits
        : throw ModelException.Unsupported(node, $"weights of {bits} bits; 2, 4 and 8 are supported");

    /// <summary>Bytes as elements of some bits, [rows…, columns].</summary>
    private static Value Unpacked(Value bytes, long[] rows, long columns, long bits, ExpansionContext context)
    {
        long rowBytes = bytes.Shape.ElementCount.Constant / rows.Aggregate(1L, (product, size) => product * size);
        Value shaped = Reshaped(bytes, [.. rows, rowBytes], context);
        if (shaped.Constant is not { } constant)
        {
            return LinearQuantization.First(LinearQuantization.Unpack(shaped, bits, context), columns, context);
        }

        ConstantTensor unpacked = QuantizedConstants.Unpack(constant, QuantizedConstants.Unsigned(bits));
        long[] sizes = [.. rows, columns];
        return context.Graph.AddConstant(bytes.Name, unpacked.Type.Shape.Equals(Shape.Of(sizes))
            ? unpacked
            : ConstantMoves.Slice(unpacked, [.. sizes.Select(_ => 0L)], [.. sizes.Select(_ => 1L)], sizes));
    }

    private static Value Reshaped(Value value, long[] sizes, ExpansionContext context) => value.Constant is { } constant
        ? context.Graph.AddConstant(value.Name, ConstantMoves.Reshape(constant, Shape.Of(sizes)))
        : new Formula(context).Reshape(value, [.. sizes.Select(size => (Dimension)size)]);

    /// <summary>The even columns, then the odd ones: gates before what they are multiplied with.</summary>
    private static Value Deinterleaved(Value value, ExpansionContext context)
    {
        long[] sizes = value.Shape.ToStatic();
        if (value.Constant is not { } constant)
        {
            Value Half(long start) => context.Add("Slice", value, context.Integers(start), context.Integers(sizes[1]), context.Integers(1), context.Integers(2));
            return context.Add("Concat", [("axis", 1L)], Half(0), Half(1));
        }

        ConstantTensor Part(long start) => ConstantMoves.Slice(
            constant,
            [.. sizes.Select((_, axis) => axis == 1 ? start : 0)],
            [.. sizes.Select((_, axis) => axis == 1 ? 2L : 1)],
            [.. sizes.Select((size, axis) => axis == 1 ? size / 2 : size)]);
        return context.Graph.AddConstant(value.Name, ConstantMoves.Concatenate([Part(0), Part(1)], 1, value.Shape));
    }

    /// <summary>Weights as float32, where they or their parameters are known at run time only.</summary>
    private static Value Dequantized(Value weights, Value scales, Value? zeros, long bits, ExpansionContext context)
    {
        var formula = new Formula(context);
        long[] sizes = weights.Shape.ToStatic();
        long blocks = scales.Shape[2].Constant;
        Value PerBlock(Value value) => formula.Reshape(value, sizes[0], sizes[1], blocks, 1);
        Value elements = formula.Reshape(formula.Cast(weights, ElementType.Float32), sizes[0], sizes[1], blocks, sizes[2] / blocks);
        Value zero = zeros is null ? formula.Number(1 << ((int)bits - 1), elements) : PerBlock(formula.Cast(zeros, ElementType.Float32));
        return formula.Reshape(formula.Multiply(formula.Subtract(elements, zero), PerBlock(scales)), sizes[0], sizes[1], sizes[2]);
    }

    private Sizes Check(Node node)
    {
        Shape input = node.Input(0).Shape, router = node.Input(1).Shape;
        if (input.Rank is not (2 or 3) || router.Rank != 2)
        {
            throw new ModelException(node, $"tokens of shape {input} and router numbers of shape {router} must have two axes, or three for tokens");
        }

        string activation = Activation(node);
        long pack = PerByte(node);
        Shape second = Ranked(node, Inputs(1).Weights);
        if (input[input.Rank - 1].Value is not { } hidden || hidden < 1 || second[0].Value is not { } experts || second.ElementCount.Value is not { } elements || elements == 0)
        {
            throw ModelException.Unsupported(node, $"tokens of shape {input} and weights of shape {second}: numbers of experts and elements must be known");
        }

        if ((router[1] - experts).Value is not (null or 0) || (input.ElementCount - (router[0] * hidden)).Value is not (null or 0))
        {
            throw new ModelException(node, $"router numbers of shape {router} do not fit tokens of shape {input} and {experts} experts");
        }

        long inner = elements * pack / (experts * hidden);
        bool hasThird = node.OptionalInput(Inputs(2).Weights) is not null;
        bool isFused = activation == "SwiGlu" && !hasThird;
        if (isFused && node.IntegerAttribute("swiglu_fusion", 0) is not (1 or 2))
        {
            throw new ModelException(node, "swiglu needs swiglu_fusion 1 or 2, or weights of a third product");
        }

        var sizes = new Sizes(experts, hidden, inner, isFused);
        for (int product = 0; product < (hasThird ? 3 : 2); product++)
        {
            CheckProduct(node, product, sizes, pack);
        }

        if (RouterWeights(node) is { } weights && (weights.Shape.Rank != 2 || Enumerable.Range(0, 2).Any(axis => (weights.Shape[axis] - router[axis]).Value is not (null or 0))))
        {
            throw new ModelException(node, $"router weights of shape {weights.Shape} must have the shape {router} of the router's numbers");
        }

        return sizes;
    }

    private void CheckProduct(Node node, int product, Sizes sizes, long pack)
    {
        (int weightsInput, int scalesInput, int biasInput, int zerosInput) = Inputs(product);
        (long columns, long depth) = sizes.Matrix(product);
        long experts = sizes.Experts;
        Shape weights = Ranked(node, weightsInput);
        RequireOne(node, weightsInput, weights, [experts, columns, depth / pack], [experts, depth, columns / pack]);
        ElementType stored = IsQuantized && Kind(node) == "fp8" ? ElementType.Float8E4M3FN : ElementType.UInt8;
        if (IsQuantized ? node.Input(weightsInput).ElementType != stored : node.Input(weightsInput).ElementType != node.Input(0).ElementType)
        {
            throw new ModelException(node, $"input {weightsInput} is {node.Input(weightsInput).Type}; {(IsQuantized ? $"weights of quant_type '{Kind(node)}' are {stored.OnnxName()}" : $"tokens are {node.Input(0).ElementType.OnnxName()}")}");
        }

        if (node.OptionalInput(biasInput) is { } bias)
        {
            RequireOne(node, biasInput, bias.Shape, [experts, columns]);
        }

        if (!IsQuantized)
        {
            return;
        }

        if (Kind(node) != "int")
        {
            CheckFloatScales(node, product, sizes, scalesInput, zerosInput);
            return;
        }

        long blockSize = node.IntegerAttribute("block_size", 0);
        if (blockSize < 0 || (blockSize > 0 && (blockSize < 16 || (blockSize & (blockSize - 1)) != 0 || (depth > blockSize && depth % blockSize != 0))))
        {
            throw new ModelException(node, $"attribute 'block_size' is {blockSize}; it must be a power of two of at least 16 that divides {depth} elements");
        }

        long blocks = blockSize == 0 ? 1 : (depth + blockSize - 1) / blockSize;
        Shape scales = node.Input(scalesInput).Shape;
        ElementTypeSet.Floating.Require(node, scalesInput);
        if (blockSize == 0)
        {
            RequireOne(node, scalesInput, scales, [experts, columns]);
        }
        else
        {
            RequireOne(node, scalesInput, scales, [experts, columns, blocks]);
        }

        if (node.OptionalInput(zerosInput) is { } zeros)
        {
            RequireOne(node, zerosInput, zeros.Shape, blockSize == 0 ? [experts, (columns + pack - 1) / pack] : [experts, columns, (blocks + pack - 1) / pack]);
        }
    }

    private static Shape Ranked(Node node, int input) => node.Input(input).Shape is { Rank: 3 } shape
        ? shape
        : throw new ModelException(node, $"input {input} has the shape {node.Input(input).Shape} and must have three axes");

    private static void RequireOne(Node node, int input, Shape actual, params long[][] expected)
    {
        if (!actual.IsStatic)
        {
            throw ModelException.Unsupported(node, $"input {input} has the shape {actual}, which must be known");
        }

        if (!expected.Any(shape => actual.ToStatic().SequenceEqual(shape)))
        {
            throw new ModelException(node, $"input {input} has the shape {actual} and must have {string.Join(" or ", expected.Select(shape => Shape.Of(shape).ToString()))}");
        }
    }

    /// <summary>Sizes of the layer; a fused first product has twice as many columns as there are inner elements.</summary>
    private sealed record Sizes(long Experts, long Hidden, long Inner, bool IsFused)
    {
        public (long Columns, long Depth) Matrix(int product) => product switch
        {
            0 => (IsFused ? 2 * Inner : Inner, Hidden),
            1 => (Hidden, Inner),
            _ => (Inner, Hidden),
        };
    }
}

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Sizes of a PagedAttention node, checked.</summary>
internal sealed class PagedAttentionSizes
{
    private readonly Node _node;

    public PagedAttentionSizes(Node node)
    {
        _node = node;
        ElementType type = node.Input(0).ElementType;
        if (type is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16))
        {
            throw ModelException.Unsupported(node, $"elements of type {type.OnnxName()}");
        }

        (Heads, KeyHeads) = (Positive("num_heads"), Positive("kv_num_heads"));
        IsLatent = node.StringAttribute("kv_cache_layout", "SEPARATE") switch
        {
            "SEPARATE" => false,
            "LATENT" => true,
            string other => throw new ModelException(node, $"attribute 'kv_cache_layout' is '{other}'; known are SEPARATE and LATENT"),
        };
        Shape query = node.Input(0).Shape;
        IsPacked = node.OptionalInput(1) is null;
        long parts = IsPacked ? Heads + 2 * KeyHeads : Heads;
        bool hasAll = IsLatent ? !IsPacked && node.OptionalInput(2) is null && node.OptionalInput(4) is null && KeyHeads == 1 : IsPacked == node.OptionalInput(2) is null && node.OptionalInput(4) is not null;
        if (Heads % KeyHeads != 0 || query.Rank != 2 || query[1].Value is not { } width || width % parts != 0 || !hasAll)
        {
            throw new ModelException(node, $"a query of shape {query} and the other operands do not fit {Heads} heads on {KeyHeads} key heads, layout {(IsLatent ? "LATENT" : "SEPARATE")}");
        }

        (Tokens, HeadSize) = (query[0], width / parts);
        if (HeadSize % 8 != 0)
        {
            throw new ModelException(node, $"heads of {HeadSize} elements, which must be a multiple of 8");
        }

        CheckValueSize();
        foreach (int input in new[] { 1, 2 }.Where(input => node.OptionalInput(input) is not null))
        {
            ElementTypeSet.RequireEqual(node, 0, input);
            RequireShape(input, Tokens, KeyHeads * HeadSize);
        }

        CheckCaches();
        CheckSequences();
        CheckOptional();
    }

    public Dimension Tokens { get; }

    public Dimension Batch { get; private set; } = Dimension.One;

    public Dimension Blocks { get; private set; } = Dimension.One;

    public Dimension BlocksPerRow { get; private set; } = Dimension.One;

    public long BlockSize { get; private set; }

    public long Heads { get; }

    public long KeyHeads { get; }

    public long HeadSize { get; }

    public long ValueSize { get; private set; }

    public bool IsPacked { get; }

    /// <summary>Whether values are the first channels of the keys.</summary>
    public bool IsLatent { get; }

    private long Positive(string attribute) => _node.IntegerAttribute(attribute, 0) is var value && value > 0
        ? value
        : throw new ModelException(_node, $"attribute '{attribute}' must be positive");

    private void CheckValueSize()
    {
        long given = _node.IntegerAttribute("v_head_size", 0);
        ValueSize = given == 0 ? HeadSize : given;
        if (given < 0 || given > HeadSize || (given != 0 && given != HeadSize && (!IsLatent || _node.FloatAttribute("scale", 0) == 0)))
        {
            throw new ModelException(_node, $"attribute 'v_head_size' is {given}; values narrower than {HeadSize} need the layout LATENT and the attribute 'scale'");
        }
    }

    private void CheckCaches()
    {
        if (_node.Input(3).Shape is not { Rank: 4 } cache || cache[1].Value is not { } blockSize)
        {
            throw new ModelException(_node, $"a key cache of shape {_node.Input(3).Shape} must have four axes, and blocks of known size");
        }

        (Blocks, BlockSize) = (cache[0], blockSize);
        if (blockSize < 16 || (blockSize & (blockSize - 1)) != 0)
        {
            throw new ModelException(_node, $"blocks of {blockSize} tokens; powers of 2 from 16 on are expected");
        }

        foreach (int input in IsLatent ? new[] { 3 } : [3, 4])
        {
            string name = input == 3 ? "k" : "v", kind = _node.StringAttribute($"{name}_quant_type", "NONE");
            ElementType type = _node.Input(input).ElementType;
            string stored = _node.StringAttribute($"{name}_cache_dtype", "");
            if (type == ElementType.UInt8 || stored is "int4" or "float4e2m1")
            {
                throw ModelException.Unsupported(_node, $"a cache of two elements a byte ({name}_cache_dtype '{stored}', {_node.Input(input).Type})");
            }

            bool isQuantized = type is ElementType.Int8 or ElementType.Float8E4M3FN;
            if ((!isQuantized && type != _node.Input(0).ElementType) || (stored.Length > 0 && stored != type.OnnxName()))
            {
                throw new ModelException(_node, $"a cache {_node.Input(input).Type} does not fit tokens {_node.Input(0).ElementType.OnnxName()}{(stored.Length == 0 ? "" : $" and {name}_cache_dtype '{stored}'")}");
            }

            if (kind is not ("NONE" or "PER_TENSOR" or "PER_CHANNEL") || isQuantized == (kind == "NONE") || isQuantized == (_node.OptionalInput(input + 11) is null))
            {
                throw new ModelException(_node, $"attribute '{name}_quant_type' is '{kind}' for a cache {_node.Input(input).Type} {(_node.OptionalInput(input + 11) is null ? "without" : "with")} a scale");
            }

            if (isQuantized && _node.Input(input + 11).Shape.ElementCount.Value != (kind == "PER_TENSOR" ? 1 : KeyHeads * HeadSize))
            {
                throw new ModelException(_node, $"a scale of shape {_node.Input(input + 11).Shape} is not {kind}");
            }

            RequireShape(input, Blocks, BlockSize, KeyHeads, HeadSize);
        }
    }

    private void CheckSequences()
    {
        foreach (int input in new[] { 5, 6, 7, 10 }.Where(input => input < 10 || _node.OptionalInput(input) is not null))
        {
            if (_node.Input(input).ElementType != ElementType.Int32 || _node.Input(input).Shape.Rank != (input == 7 ? 2 : 1))
            {
                throw new ModelException(_node, $"input {input} is {_node.Input(input).Type} and must be int32 with {(input == 7 ? "two axes" : "one axis")}");
            }
        }

        (Batch, BlocksPerRow) = (_node.Input(6).Shape[0], _node.Input(7).Shape[1]);
        RequireShape(5, Batch + 1);
        RequireShape(7, Batch, BlocksPerRow);
        if (_node.OptionalInput(10) is not null)
        {
            RequireShape(10, Tokens);
        }
    }

    private void CheckOptional()
    {
        if (_node.OptionalInput(12) is null != _node.OptionalInput(13) is null)
        {
            throw new ModelException(_node, "q_norm_weight and k_norm_weight must be given together");
        }

        foreach ((int input, long size) in new[] { (11, Heads), (12, HeadSize), (13, HeadSize) })
        {
            if (_node.OptionalInput(input) is not null)
            {
                RequireShape(input, size);
            }
        }

        if (_node.IntegerAttribute("local_window_size", -1) == 0)
        {
            throw ModelException.Unsupported(_node, "a window of 0 keys");
        }

        if (_node.IntegerAttribute("do_rotary", 0) == 0)
        {
            return;
        }

        long start = _node.IntegerAttribute("rotary_offset", 0);
        if (_node.OptionalInput(8)?.Shape is not { Rank: 2 } table || _node.OptionalInput(9) is not { } sine || !sine.Shape.Equals(table) || table[1].Value is not { } half || start < 0 || start % 8 != 0 || start + 2 * half > HeadSize)
        {
            throw new ModelException(_node, $"do_rotary needs cosines {_node.OptionalInput(8)?.Type} and sines {_node.OptionalInput(9)?.Type} of two axes, which fit heads of {HeadSize} from element {start} on, a multiple of 8");
        }
    }

    private void RequireShape(int input, params Dimension[] expected)
    {
        Shape actual = _node.Input(input).Shape;
        if (actual.Rank != expected.Length || Enumerable.Range(0, expected.Length).Any(axis => (actual[axis] - expected[axis]).Value is not (null or 0)))
        {
            throw new ModelException(_node, $"input {input} has the shape {actual} and must have {new Shape(expected)}");
        }
    }
}

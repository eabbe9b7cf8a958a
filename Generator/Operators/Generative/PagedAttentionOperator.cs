using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// PagedAttention of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.PagedAttention. Tokens of all sequences one after the other, without padding:
/// query [tokens, heads · size] (or query, key and value side by side in it), key, value, caches [blocks, block size, key heads, size], cumulative lengths of the new tokens, lengths of the pasts, the
/// blocks of each sequence, cosines, sines, the cache's place of each token (-1 writes nothing), sinks, weights of a norm of queries and keys, scales of quantised caches; what the last input says of
/// lengths only concerns speed. float32, float16, bfloat16; caches of the same type, int8 or float8e4m3fn. Layouts SEPARATE and LATENT. Computed in float32.
/// <para>New keys and values are scattered into the caches; then the blocks of each sequence are gathered and its queries attend to them, padded on the left to those of the longest sequence, which
/// is a size of the run. Refused: caches of two elements a byte.</para>
/// </summary>
internal sealed class PagedAttentionOperator
{
    private const int KeyCache = 3, ValueCache = 4, Ends = 5, PastLengths = 6, BlockTable = 7, Cosine = 8, Sine = 9, Slots = 10, HeadSink = 11, QueryNorm = 12, KeyNorm = 13, KeyScale = 14, ValueScale = 15;

    public static readonly IReadOnlyList<Operator> All = [new ComposedOperator("PagedAttention", Infer, (node, context) => new PagedAttentionOperator(node, context).Write())];

    private readonly Node _node;
    private readonly ExpansionContext _context;
    private readonly Formula _formula;
    private readonly PagedAttentionSizes _sizes;
    private readonly Value _starts;
    private readonly Value _ends;
    private readonly Value _past;
    private readonly Value _row;
    private readonly Value _local;
    private readonly Value _position;

    private PagedAttentionOperator(Node node, ExpansionContext context)
    {
        (_node, _context, _formula, _sizes) = (node, context, new Formula(context), new PagedAttentionSizes(node));
        var rows = new PackedRows(node.Input(Ends), _sizes.Tokens, context);
        (_starts, _ends, _row, _local) = (rows.Starts, rows.Ends, rows.Row, rows.Local);
        _past = _formula.Cast(node.Input(PastLengths), ElementType.Int64);
        _position = _formula.Add(context.Add("Gather", _past, _row), _local);
    }

    private static TensorType?[] Infer(Node node)
    {
        var sizes = new PagedAttentionSizes(node);
        return
        [
            new TensorType(node.Input(0).ElementType, new Shape([sizes.Tokens, sizes.Heads * sizes.ValueSize])),
            node.Input(KeyCache).RequiredType,
            sizes.IsLatent ? null : node.Input(ValueCache).RequiredType,
        ];
    }

    private Value?[] Write()
    {
        Value[] operands = Operands();
        Value keys = Updated(KeyCache, operands[1], KeyScale);
        Value? values = _sizes.IsLatent ? null : Updated(ValueCache, operands[2], ValueScale);
        Value readKeys = Gathered(keys, KeyScale);
        Value readValues = values is null ? FirstChannels(readKeys) : Gathered(values, ValueScale);
        return [Attend(operands[0], readKeys, readValues), keys, values];
    }

    /// <summary>Query, key and value as float32 [tokens, heads · size], normalised and rotated.</summary>
    private Value[] Operands()
    {
        Value[] operands;
        long width = _sizes.KeyHeads * _sizes.HeadSize;
        if (_sizes.IsPacked)
        {
            _context.AddWithOutputs("Split", [("axis", 1L)], [_node.Input(0), _context.Integers(_sizes.Heads * _sizes.HeadSize, width, width)], 3, out Node split);
            operands = [.. split.Outputs.Select(output => _formula.Widen(output!))];
        }
        else
        {
            operands = [.. Enumerable.Range(0, _sizes.IsLatent ? 2 : 3).Select(input => _formula.Widen(_node.Input(input)))];
        }

        operands[0] = Rotated(Normalized(operands[0], _sizes.Heads, QueryNorm), _sizes.Heads);
        operands[1] = Rotated(Normalized(operands[1], _sizes.KeyHeads, KeyNorm), _sizes.KeyHeads);
        return operands;
    }

    private Value Normalized(Value operand, long heads, int weight)
    {
        if (_node.OptionalInput(weight) is not { } gain)
        {
            return operand;
        }

        Value apart = _formula.Reshape(operand, _sizes.Tokens, heads, _sizes.HeadSize);
        Value normal = _context.Add("RMSNormalization", [("axis", -1L), ("epsilon", _node.FloatAttribute("qk_norm_epsilon", 1e-6f))], apart, _formula.Widen(gain));
        return _formula.Reshape(normal, _sizes.Tokens, heads * _sizes.HeadSize);
    }

    private Value Rotated(Value operand, long heads)
    {
        if (_node.IntegerAttribute("do_rotary", 0) == 0)
        {
            return operand;
        }

        Value positions = _context.Add("Unsqueeze", _position, _context.Integers(0));
        var rotation = new HeadRotation(_node, _formula.Widen(_node.Input(Cosine)), _formula.Widen(_node.Input(Sine)), positions, _context);
        long start = _node.IntegerAttribute("rotary_offset", 0), size = 2 * _node.Input(Cosine).Shape[1].Constant;
        if (start == 0)
        {
            Value row = _context.Add("Unsqueeze", operand, _context.Integers(0));
            return _formula.Squeeze(rotation.Apply(row, heads, _sizes.HeadSize), [0]);
        }

        Value apart = _formula.Reshape(operand, _sizes.Tokens, heads, _sizes.HeadSize);
        Value Part(long first, long end) => _context.Add("Slice", apart, _context.Integers(first), _context.Integers(end), _context.Integers(2));
        Value rotated = rotation.Apply(_context.Add("Reshape", Part(start, start + size), _context.Sizes(Dimension.One, _sizes.Tokens, heads * size)), heads, size);
        List<Value> parts = [Part(0, start), _context.Add("Reshape", rotated, _context.Sizes(_sizes.Tokens, heads, size))];
        if (start + size < _sizes.HeadSize)
        {
            parts.Add(Part(start + size, _sizes.HeadSize));
        }

        return _formula.Reshape(_context.Add("Concat", [("axis", 2L)], [.. parts]), _sizes.Tokens, heads * _sizes.HeadSize);
    }

    /// <summary>A cache with the new tokens in it.</summary>
    private Value Updated(int input, Value tokens, int scale)
    {
        Value cache = _node.Input(input);
        long width = _sizes.KeyHeads * _sizes.HeadSize;
        Dimension places = _sizes.Blocks * _sizes.BlockSize;
        Value flat = _context.Add("Reshape", cache, _context.Sizes(places, width));
        Value stored = Quantized(tokens, cache.ElementType, scale);
        if (_node.OptionalInput(Slots) is not { } slots)
        {
            Value blocks = _context.Add("Gather", _context.Add("Reshape", _formula.Cast(_node.Input(BlockTable), ElementType.Int64), _context.Integers(-1)), _formula.Add(
                _formula.Multiply(_row, _context.Size(_sizes.BlocksPerRow)), _formula.Divide(_position, BlockSize())));
            Value within = _formula.Subtract(_position, _formula.Multiply(_formula.Divide(_position, BlockSize()), BlockSize()));
            Value place = _formula.Add(_formula.Multiply(blocks, BlockSize()), within);
            return _formula.ReshapeLike(_context.Add("ScatterND", flat, _context.Add("Unsqueeze", place, _context.Integers(1)), stored), cache);
        }

        // What is not to be written goes to a place behind the last one.
        Value given = _formula.Cast(slots, ElementType.Int64);
        Value target = _formula.Where(_context.Add("Less", given, _formula.Number(0, given)), _context.Size(places), given);
        Value spare = _context.Add("Expand", _formula.Number(0, flat), _context.Integers(1, width));
        Value longer = _context.Add("ScatterND", _context.Add("Concat", [("axis", 0L)], flat, spare), _context.Add("Unsqueeze", target, _context.Integers(1)), stored);
        return _formula.ReshapeLike(_context.Add("Slice", longer, _context.Integers(0), _context.Sizes(places), _context.Integers(0)), cache);
    }

    private Value BlockSize() => _context.Literal(_sizes.BlockSize, ElementType.Int64);

    private Value Quantized(Value tokens, ElementType type, int scale)
    {
        if (_node.OptionalInput(scale) is null)
        {
            return _formula.Cast(tokens, type);
        }

        Value scaled = _formula.Multiply(tokens, _formula.Apply("Reciprocal", Scale(scale)));
        (float low, float high) = type == ElementType.Int8 ? (-128, 127) : (-448, 448);
        scaled = type == ElementType.Int8 ? _formula.Apply("Round", scaled) : scaled;
        return _formula.Cast(_context.Add("Clip", scaled, _formula.Number(low, scaled), _formula.Number(high, scaled)), type);
    }

    /// <summary>One number, or one an element of a token.</summary>
    private Value Scale(int input) => _node.Input(input).Shape.ElementCount.Value == 1
        ? _formula.Reshape(_node.Input(input))
        : _formula.Reshape(_node.Input(input), _sizes.KeyHeads * _sizes.HeadSize);

    /// <summary>The keys or values of each sequence, [batch, keys, heads · size] in float32; what lies behind a sequence's last token is not read.</summary>
    private Value Gathered(Value cache, int scale)
    {
        long width = _sizes.KeyHeads * _sizes.HeadSize;
        Value table = _formula.Cast(_node.Input(BlockTable), ElementType.Int64);
        table = _context.Add("Clip", table, _formula.Number(0, table), _context.Size(_sizes.Blocks - 1));
        Value blocks = _context.Add("Gather", _context.Add("Reshape", cache, _context.Sizes(_sizes.Blocks, _sizes.BlockSize * width)), table);
        Value keys = _formula.Cast(_context.Add("Reshape", blocks, _context.Sizes(_sizes.Batch, _sizes.BlocksPerRow * _sizes.BlockSize, width)), ElementType.Float32);
        return _node.OptionalInput(scale) is null ? keys : _formula.Multiply(keys, Scale(scale));
    }

    private Value FirstChannels(Value keys) => _sizes.ValueSize == _sizes.HeadSize
        ? keys
        : _context.Add("Slice", keys, _context.Integers(0), _context.Integers(_sizes.ValueSize), _context.Integers(2));

    private Value Attend(Value query, Value keys, Value values)
    {
        Value counts = _formula.Subtract(_ends, _starts);
        Value longest = _context.Add("cameo.AsSizes", _context.Add("ReduceMax", [("keepdims", 0L)], counts));
        Value steps = _context.Add("Range", _context.Literal(0, ElementType.Int64), longest, _context.Literal(1, ElementType.Int64));
        Value beforeEnd = _formula.Subtract(steps, longest);
        Value source = _formula.Add(_context.Add("Unsqueeze", _ends, _context.Integers(1)), beforeEnd);
        source = _context.Add("Clip", source, _formula.Number(0, source), _context.Size(_sizes.Tokens - 1));
        Value padded = _context.Add("Gather", query, source);
        Value totals = _formula.Add(_past, counts);
        float scale = _node.FloatAttribute("scale", 0);
        bool isCausal = _node.IntegerAttribute("is_causal", 1) != 0;
        long window = Math.Max(_node.IntegerAttribute("local_window_size", -1), 0);
        Value result = new AttentionBuilder(padded, keys, values)
        {
            Mask = isCausal || window == 0 ? null : Window(totals, beforeEnd, window),
            KeyLengths = totals,
            AlignsToLengths = true,
            QueryHeads = _sizes.Heads,
            KeyHeads = _sizes.KeyHeads,
            IsCausal = isCausal,
            Window = isCausal ? window : 0,
            Sink = _node.OptionalInput(HeadSink) is { } sink ? _formula.Cast(sink, ElementType.Float32) : null,
            SoftCap = _node.FloatAttribute("softcap", 0),
            Scale = scale != 0 ? scale : null,
        }.Add(_context).Output;
        Value flat = _context.Add("Reshape", result, _context.Integers(-1, _sizes.Heads * _sizes.ValueSize));
        Value place = _formula.Subtract(_formula.Add(_formula.Multiply(_formula.Add(_row, _formula.Number(1, _row)), longest), _local), _context.Add("Gather", counts, _row));
        return _formula.Cast(_context.Add("Gather", flat, place), _node.Output.ElementType);
    }

    /// <summary>Keys that are not too far before a query, [batch, 1, queries, keys].</summary>
    private Value Window(Value totals, Value beforeEnd, long window)
    {
        Value first = _formula.Subtract(_formula.Add(_context.Add("Unsqueeze", totals, _context.Integers(1)), beforeEnd), _formula.Number(window - 1, totals));
        Value keys = _context.Add("Range", _context.Literal(0, ElementType.Int64), _context.Size(_sizes.BlocksPerRow * _sizes.BlockSize), _context.Literal(1, ElementType.Int64));
        return _context.Add("GreaterOrEqual", keys, _context.Add("Unsqueeze", first, _context.Integers(1, 3)));
    }
}

using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Writes a search for texts as a loop around its decoder, so that everything the compiler does to models is done to it.
/// <para>Before: <c>y = com.microsoft.GreedySearch(x, max_length) { decoder }</c>.
/// After: <c>ids, positions, mask, next = cameo.SearchPrompt(x); state = cameo.SearchBegin(x); …, state = Loop(…, ids, positions, mask, next, past …, state) { logits, present … = decoder(ids,
/// positions, mask, past …); state, tokens, goes_on = cameo.SearchStep(logits[:, -1], state); … }; y = cameo.SearchEnd(state)</c>.</para>
/// The caches are what the loop carries; their length is a size that the loop sets. An encoder, and the first step where it has a graph of its own, stands before the loop.
/// </summary>
internal sealed class SearchRewriting
{
    private readonly Node _node;
    private readonly SearchSignature _signature;
    private readonly SearchSubgraphs _models;
    private readonly SearchWriter _outside;
    private readonly long _vocabulary;
    private Value _sizes = null!;
    private Value _beams = null!;
    private Value _indices = null!;
    private Value? _scores;
    private Value? _silence;

    private SearchRewriting(Graph graph, Node node)
    {
        _node = node;
        _signature = new SearchSignature(node);
        _models = new SearchSubgraphs(node, _signature.ModelType);
        _vocabulary = _signature.Vocabulary(_models);
        _signature.CheckMasks(_vocabulary);
        _signature.CheckSilence(_models, _vocabulary);
        _outside = new SearchWriter(graph, node, () => graph.Nodes.IndexOf(node));
    }

    /// <summary>Puts the loop in the place of a search; false for other nodes. Types of its inputs are known.</summary>
    public static bool TryReplace(Graph graph, Node node)
    {
        if (node.Domain != PointwiseFunction.MicrosoftDomain || node.Type is not ("GreedySearch" or "Sampling" or "BeamSearch" or "WhisperBeamSearch"))
        {
            return false;
        }

        var rewriting = new SearchRewriting(graph, node);
        try
        {
            rewriting.Run();
        }
        catch (ModelException)
        {
            // Inference goes on behind the node, which must stand where it stood.
            rewriting._outside.Undo();
            throw;
        }

        node.Detach();
        graph.Nodes.Remove(node);
        return true;
    }

    private void Run()
    {
        Value input = _node.Input(0);
        _signature.Widen(_outside);
        SearchNames.Separate(_models, _node.Name);
        Value batch = _outside.Size(input, 0);
        _beams = _signature.IsBeamSearch ? Number(3) : _outside.Numbers(1);
        _sizes = _outside.Concat(0, batch, _beams, Number(1));
        Value rows = _outside.Add("Mul", batch, _beams);

        // Sequences of a text stand one after the other: each reads its text's part of what there is once a text.
        _indices = _outside.Add("Div", _outside.Add("Range", _outside.Number(0), _outside.Add("Squeeze", rows), _outside.Number(1)), _beams);
        Value first = _signature.ModelType == 0 ? input : FirstTokens(batch);
        Value start = _outside.Size(first, 1);
        Node begin = _outside.AddNode($"cameo.{SearchStateOperators.Begin}", [first, _sizes, _signature.Seed], _signature.WantsScores ? 2 : 1);
        _signature.CopyTo(begin);
        begin.SetAttribute("vocab_size", _vocabulary);
        _scores = begin.OptionalOutput(1);
        Value state = _signature.ModelType == 0 ? Decode(input, start, rows, begin.Output) : DecodeWithEncoder(input, first, start, rows, begin.Output);
        End(state);
    }

    /// <summary>A scalar input as a list of one number of type int64.</summary>
    private Value Number(int input) => _outside.Cast(_outside.Add("Reshape", _node.Input(input), _outside.Numbers(1)), ElementType.Int64);

    /// <summary>What the decoder of an encoder begins with.</summary>
    private Value FirstTokens(Value batch)
    {
        if (_signature.FirstTokens is { } given)
        {
            return given;
        }

        Value token = _outside.Cast(_outside.Numbers(_signature.StartToken), ElementType.Int32);
        return _outside.Add("Expand", token, _outside.Concat(0, batch, _outside.Numbers(1)));
    }

    private Value Decode(Value tokens, Value start, Value rows, Value state)
    {
        Node prompt = _outside.AddNode($"cameo.{SearchStateOperators.Prompt}", [tokens, _sizes, _signature.AttentionMask], 4);
        _signature.CopyTo(prompt);
        (Value next, Value positions, Value mask, Value ahead) = (prompt.Output, prompt.Outputs[1]!, prompt.Outputs[2]!, prompt.Outputs[3]!);
        Value one = _outside.Cast(_outside.Numbers(1), ElementType.Int32);
        Value[] pasts = [.. _models.Decoder.Inputs.Skip(3).Select(past => Empty(past, 1, rows, _models.Decoder.Inputs[3]))];
        Value? all = _scores;
        if (_models.First is { } graph)
        {
            IReadOnlyList<Value> results = _outside.Splice(graph, [next, positions, _outside.Front(mask, start), .. pasts]);
            Node step = Step(_outside, results[0], state, isFirst: false);
            (next, positions, ahead) = (step.Outputs[1]!, ahead, _outside.Add("Add", ahead, one));
            pasts = [.. results.Skip(1).Select(present => Reorder(_outside, present, step, 1))];
            (state, all, start) = (step.Output, Scores(step), _outside.Add("Add", start, _outside.Numbers(1)));
        }

        // What is attended to follows from the past's length and the new tokens', so that the sizes are known to fit.
        SearchLoop loop = Begin(start);
        loop.Bind(2, [loop.Before.Front(mask, loop.Before.Add("Add", loop.Before.Size(loop.Parameters[3], 3), loop.Before.Size(loop.Parameters[0], 1)))]);
        loop.Take(2 + pasts.Length, static index => index switch { 1 => (0, 1), > 2 => (2, 3), _ => null });
        Value behind = loop.AddInput("next positions"), memory = loop.AddInput("search");
        Value? allInside = _scores is null ? null : loop.AddInput("scores");
        Node inner = Step(loop.Writer, loop.Results[0], memory, allInside: allInside);
        Value[] presents = [.. loop.Results.Skip(1).Select(present => Reorder(loop.Writer, present, inner, 1))];
        loop.Carry([inner.Outputs[1]!, loop.Writer.Add("Identity", behind), .. presents, loop.Writer.Add("Add", behind, one), inner.Output, Scores(inner)], inner.Outputs[2]!);
        Node made = loop.Finish([next, positions, .. pasts, ahead, state, all]);
        return made.Outputs[3 + pasts.Length]!;
    }

    private Value DecodeWithEncoder(Value input, Value first, Value start, Value rows, Value state)
    {
        int layers = _models.Layers;
        Value? mask = _signature.ModelType == 1 ? _signature.AttentionMask ?? EncoderMask(input) : null;
        Value[] given = mask is null ? [input] : [input, mask];
        IReadOnlyList<Value> results = _outside.Splice(_models.First!, _models.HasScores ? [.. given, first] : given);
        Value tokens = _outside.Gather(first, _indices, 0);
        Value[] crossed = [.. results.Skip(results.Count - (2 * layers)).Select(Repeat)];
        Value[] own;
        Value? all = _scores;
        if (_models.HasScores)
        {
            _silence = _signature.WantsSilence ? Silence(results[0]) : null;
            Node step = Step(_outside, results[0], state, isFirst: true);
            (state, all, start) = (step.Output, Scores(step), _outside.Add("Add", start, _outside.Numbers(1)));
            own = [.. results.Skip(2).Take(2 * layers).Select(Repeat)];
            tokens = _models.ReadsAllTokens ? ReadTokens(_outside, state, start) : step.Outputs[1]!;
        }
        else
        {
            own = [.. crossed.Select(past => EmptyLike(past, rows))];
        }

        SearchLoop loop = Begin(start);
        int plain = mask is null ? 1 : 2;
        List<Value> outer = [];
        if (mask is not null)
        {
            outer.Add(Repeat(mask));
        }

        if (_models.ReadsStates)
        {
            outer.Add(Repeat(results[1]));
        }

        loop.Bind(1, outer);
        loop.Bind(1 + (2 * layers), crossed);
        loop.Take(1 + (2 * layers), static index => index > 1 ? (1, 2) : null);
        Value memory = loop.AddInput("search");
        Value? allInside = _scores is null ? null : loop.AddInput("scores");
        Node inner = Step(loop.Writer, loop.Results[0], memory, allInside: allInside);
        Value next = _models.ReadsAllTokens ? ReadTokens(loop.Writer, inner.Output, loop.Writer.Add("Add", loop.Length, loop.Writer.Numbers(1))) : inner.Outputs[1]!;
        Value[] presents = [.. loop.Results.Skip(1).Take(2 * layers).Select(present => Reorder(loop.Writer, present, inner, 0))];
        loop.Carry([next, .. presents, inner.Output, Scores(inner)], inner.Outputs[2]!);
        Node made = loop.Finish([tokens, .. own, state, all]);
        return made.Outputs[1 + own.Length]!;
    }

    private Value EncoderMask(Value tokens)
    {
        Node mask = _outside.AddNode($"cameo.{SearchStateOperators.Prompt}", [tokens, _sizes], 1);
        _signature.CopyTo(mask);
        mask.SetAttribute("encoder", 1L);
        return mask.Output;
    }

    private SearchLoop Begin(Value start) => new(_node, _outside, _models.Decoder, start, _outside.Add("Sub", Number(1), start));

    private Value Repeat(Value value) => _signature.IsBeamSearch ? _outside.Gather(value, _indices, 0) : value;

    /// <summary>A past of no tokens, with the declared heads and size.</summary>
    private Value Empty(Value past, int axis, Value rows, Value declared)
    {
        Shape shape = (past.DeclaredType ?? declared.DeclaredType)!.Shape;
        Value[] sizes = [.. shape.Select((size, index) => index == axis ? rows : _outside.Numbers(index == shape.Rank - 2 ? 0 : size.Value ?? declared.DeclaredType!.Shape[index].Constant))];
        return _outside.Zeros(_outside.Concat(0, sizes), SearchSubgraphs.FloatType(past));
    }

    private Value EmptyLike(Value past, Value rows)
    {
        Value shape = _outside.Add("Shape", past);
        Value zeros = _outside.Add("ConstantOfShape", _outside.Concat(0, rows, _outside.Gather(shape, _outside.Numbers(1), 0), _outside.Numbers(0), _outside.Gather(shape, _outside.Numbers(3), 0)));
        return _outside.Add("CastLike", zeros, past);
    }

    private Value ReadTokens(SearchWriter writer, Value state, Value length) => writer.Add($"cameo.{SearchStateOperators.Tokens}", state, _sizes, length);

    /// <summary>Caches of the sequences that the next tokens go on from.</summary>
    private Value Reorder(SearchWriter writer, Value present, Node step, int axis) => step.OptionalOutput(3) is { } sources ? writer.Gather(present, sources, axis) : present;

    /// <summary>Scores of all tokens behind the last position.</summary>
    private Value Last(SearchWriter writer, Value logits)
    {
        Value last = writer.Gather(logits, writer.Number(-1), 1);
        return writer.Cast(writer.Add("Slice", last, writer.Numbers(0), writer.Numbers(_vocabulary), writer.Numbers(1)), ElementType.Float32);
    }

    /// <summary>The probability, for each text, that the token of silence comes first.</summary>
    private Value Silence(Value logits)
    {
        Node shares = _outside.AddNode("Softmax", [Last(_outside, logits)], 1);
        shares.SetAttribute("axis", -1L);
        return Narrow(_outside.Gather(shares.Output, _outside.Number(_signature.SilenceToken), 1));
    }

    /// <summary>Chooses the next tokens by the logits of the last position.</summary>
    private Node Step(SearchWriter writer, Value logits, Value state, bool isFirst = false, Value? allInside = null)
    {
        Value last = Last(writer, logits);
        if (_signature.IsBeamSearch)
        {
            Node logarithms = writer.AddNode("LogSoftmax", [last], 1);
            logarithms.SetAttribute("axis", -1L);
            last = logarithms.Output;
        }

        Value? all = writer.Graph.IsBody ? allInside : _scores;
        Node step = writer.AddNode($"cameo.{SearchStepOperator.Name}", [last, _sizes, state, .. _signature.Rules, all], 3);
        step.AddOutput(_signature.IsBeamSearch ? writer.Graph.AddValue($"{step.Name}:3") : null);
        if (all is not null)
        {
            step.AddOutput(writer.Graph.AddValue($"{step.Name}:4"));
        }

        _signature.CopyTo(step);
        step.SetAttribute("checks_done", isFirst ? 0L : 1L);
        return step;
    }

    private static Value? Scores(Node step) => step.OptionalOutput(4);

    private void End(Value state)
    {
        Node end = _outside.AddNode($"cameo.{SearchStateOperators.End}",
            _signature.IsBeamSearch ? [state, _sizes, Number(4), _signature.LengthPenalty] : [state, _sizes], _signature.IsBeamSearch ? 2 : 1);
        _signature.CopyTo(end);
        Replace(0, end.Output);
        if (_signature.IsBeamSearch)
        {
            Replace(1, Narrow(end.Outputs[1]!));
        }

        if (_silence is not null)
        {
            Replace(4, _silence);
        }

        if (_scores is not null)
        {
            // The loop carries the memory of scores last.
            Node loop = state.Producer!;
            Value all = loop.Outputs[loop.Outputs.Count - 1]!;
            Value tokens = _outside.Numbers(_vocabulary);
            Replace(_signature.IsBeamSearch ? 2 : 1, _signature.IsBeamSearch
                ? Narrow(_outside.Add("Reshape", all, _outside.Concat(0, _outside.Numbers(0), _outside.Gather(_sizes, _outside.Numbers(0, 1), 0), tokens)))
                : _outside.Add("Identity", all));
        }
    }

    /// <summary>Scores have the type of the penalties.</summary>
    private Value Narrow(Value scores) => _signature.ScoreType == ElementType.Float32 ? scores : _outside.Cast(scores, _signature.ScoreType);

    private void Replace(int output, Value value)
    {
        if (_node.OptionalOutput(output) is not { } replaced)
        {
            return;
        }

        value.DeclaredType ??= replaced.DeclaredType;
        _outside.Graph.ReplaceUses(replaced, value);
    }
}

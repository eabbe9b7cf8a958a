using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Inputs and attributes of the four operators that search for texts, checked: they stand at different places.</summary>
internal sealed class SearchSignature
{
    private static readonly string[] Copied =
    [
        "eos_token_id", "pad_token_id", "no_repeat_ngram_size", "early_stopping", "temperature", "top_p", "filter_value", "min_tokens_to_keep", "presence_penalty", "custom",
    ];

    private readonly Node _node;
    private readonly int _penalty;

    public SearchSignature(Node node)
    {
        _node = node;
        bool isWhisper = node.Type == "WhisperBeamSearch";
        IsBeamSearch = isWhisper || node.Type == "BeamSearch";
        Kind = IsBeamSearch ? "beams" : node.Type == "Sampling" ? "sampling" : "greedy";
        ModelType = node.IntegerAttribute("model_type", isWhisper ? 2 : 0);
        _penalty = IsBeamSearch ? 6 : 3;
        CheckAttributes(isWhisper);
        CheckInputs();
    }

    public bool IsBeamSearch { get; }

    /// <summary>"greedy", "sampling" or "beams".</summary>
    public string Kind { get; }

    /// <summary>0 for a decoder alone, 1 with an encoder of tokens, 2 with Whisper's encoder.</summary>
    public long ModelType { get; }

    public long StartToken => _node.IntegerAttribute("decoder_start_token_id", -1);

    public Value? AttentionMask => ModelType == 2 ? null : _node.OptionalInput(_penalty + 3);

    public Value? LengthPenalty { get; private set; }

    /// <summary>What the sequences of Whisper's decoder begin with.</summary>
    public Value? FirstTokens => IsBeamSearch && ModelType == 2 ? _node.OptionalInput(10) : null;

    /// <summary>Whether the probabilities of Whisper's token of silence are wanted.</summary>
    public bool WantsSilence => _node.OptionalOutput(4) is not null;

    public long SilenceToken => Token("no_speech_token");

    public Value? Seed => Kind == "sampling" ? _node.OptionalInput(8) : null;

    /// <summary>Whether memory of all scores is needed, or of those that were drawn from.</summary>
    public bool WantsScores => _node.OptionalOutput(Kind == "sampling" ? 1 : 2) is not null;

    public ElementType ScoreType => _node.OptionalInput(5) is { } length && IsBeamSearch ? length.ElementType : _node.OptionalInput(_penalty)?.ElementType ?? ElementType.Float32;

    /// <summary>What a step reads besides scores and memory, in the order of its inputs.</summary>
    public IReadOnlyList<Value?> Rules { get; private set; } = [];

    /// <summary>Finds what is narrow and has to be cast first.</summary>
    public void Widen(SearchWriter writer)
    {
        Value? Wide(int input) => _node.OptionalInput(input) is not { } value || value.ElementType == ElementType.Float32 ? _node.OptionalInput(input) : writer.Cast(value, ElementType.Float32);
        LengthPenalty = IsBeamSearch ? Wide(5) : null;
        Rules =
        [
            _node.OptionalInput(2), Wide(_penalty), _node.OptionalInput(_penalty + 1), _node.OptionalInput(_penalty + 2), Kind == "sampling" ? _node.OptionalInput(7) : null, LengthPenalty,
            IsBeamSearch && ModelType == 2 && _node.Type == "WhisperBeamSearch" ? Wide(14) : null, IsBeamSearch ? _node.OptionalInput(11) : null,
        ];
    }

    /// <summary>How many tokens there are.</summary>
    public long Vocabulary(SearchSubgraphs models)
    {
        Value logits = models.Logits;
        long? declared = logits.DeclaredType is { Rank: 3 } type ? type.Shape[2].Value : null;
        long given = _node.IntegerAttribute("vocab_size", -1);
        if (logits.DeclaredType is { } other && (other.Rank != 3 || !other.ElementType.IsFloat()))
        {
            throw new ModelException(_node, $"the decoder's first output is {other} and must be logits [sequences, length, vocabulary]");
        }

        if (given > declared || (given <= 0 && declared is null))
        {
            throw new ModelException(_node, declared is null ? "neither attribute 'vocab_size' nor the decoder's logits say how many tokens there are" : $"attribute 'vocab_size' is {given}, and the decoder gives scores of {declared} tokens");
        }

        return given > 0 ? given : declared!.Value;
    }

    /// <summary>Checks what the probabilities of silence are read of: the scores behind the first tokens.</summary>
    public void CheckSilence(SearchSubgraphs models, long vocabulary)
    {
        if (WantsSilence && !models.HasScores)
        {
            throw ModelException.Unsupported(_node, "probabilities of silence (output 4) need an encoder that makes the decoder's first step");
        }

        if (WantsSilence && (SilenceToken < 0 || SilenceToken >= vocabulary))
        {
            throw new ModelException(_node, $"attribute 'no_speech_token' is {SilenceToken} and must be one of {vocabulary} tokens, whose probabilities are output 4");
        }
    }

    /// <summary>Checks the masks of tokens as far as their sizes are known; runs check the others.</summary>
    public void CheckMasks(long vocabulary)
    {
        CheckMask(_penalty + 1, "vocab_mask", 1, vocabulary);
        CheckMask(_penalty + 2, "prefix_vocab_mask", 2, vocabulary);
        if (Kind == "sampling")
        {
            CheckMask(7, "presence_mask", 2, vocabulary);
        }
    }

    private void CheckMask(int input, string name, int rank, long vocabulary)
    {
        if (_node.OptionalInput(input) is { } mask && (mask.ElementType != ElementType.Int32 || mask.Shape.Rank != rank || (mask.Shape[rank - 1].Value ?? vocabulary) != vocabulary))
        {
            throw new ModelException(_node, $"{name} is {mask.Type} and must be int32 of {rank} axes, the last of {vocabulary} tokens");
        }
    }

    /// <summary>Gives a node what it needs of the attributes.</summary>
    public void CopyTo(Node node)
    {
        foreach (string name in Copied)
        {
            if (_node.Attributes.TryGetValue(name, out AttributeValue? attribute))
            {
                node.SetAttribute(name, attribute.Value);
            }
        }

        node.SetAttribute("kind", Kind);
        node.SetAttribute("draws", Kind == "sampling" ? 1L : 0L);
        node.SetAttribute("timestamps", new[] { Token("beginning_timestamp_token_id"), Token("no_timestamps_token_id"), Token("start_of_lm_token_id"), StartToken, Token("translate_token_id"), Token("transcribe_token_id") });
    }

    private long Token(string name) => _node.IntegerAttribute(name, -1);

    private void CheckAttributes(bool isWhisper)
    {
        foreach (string name in new[] { "eos_token_id", "pad_token_id" })
        {
            if (!_node.HasAttribute(name) || (IsBeamSearch && Token(name) < 0))
            {
                throw new ModelException(_node, $"attribute '{name}' is {(_node.HasAttribute(name) ? "negative" : "missing")}");
            }
        }

        if (_node.IntegerAttribute("no_repeat_ngram_size", 0) < 0)
        {
            throw new ModelException(_node, "attribute 'no_repeat_ngram_size' is negative");
        }

        if (isWhisper ? ModelType != 2 : ModelType is < 0 or > 2)
        {
            throw new ModelException(_node, $"attribute 'model_type' is {ModelType}");
        }

        if (!IsBeamSearch && ModelType != 0)
        {
            throw ModelException.Unsupported(_node, $"attribute 'model_type' is {ModelType}: without beams, a search knows decoders without an encoder only (0)");
        }

        if (ModelType != 0 && StartToken < 0 && FirstTokens is null)
        {
            throw new ModelException(_node, "attribute 'decoder_start_token_id' is missing, so that nothing says what a text begins with");
        }

        if (Token("decoder_output_cross_qk") > 0 || _node.OptionalOutput(3) is not null)
        {
            throw ModelException.Unsupported(_node, "the scores of the cross attention (output 3, 'cross_qk') are not collected");
        }

        if (_node.OptionalInput(13) is not null)
        {
            throw ModelException.Unsupported(_node, "extra_decoding_ids (input 13) only adds to the scores of the cross attention (output 3, 'cross_qk'), which are not collected");
        }
    }

    private void CheckInputs()
    {
        if (ModelType == 2)
        {
            Check(0, "input_features", 3, type => type is ElementType.Float32 or ElementType.Float16 || type == ElementType.Int32);
        }
        else
        {
            Check(0, "input_ids", 2, static type => type == ElementType.Int32);
        }

        CheckNumber(1, "max_length", isNeeded: true, isInteger: true);
        CheckNumber(2, "min_length", isNeeded: false, isInteger: true);
        if (IsBeamSearch)
        {
            CheckNumber(3, "num_beams", isNeeded: true, isInteger: true);
            CheckNumber(4, "num_return_sequences", isNeeded: true, isInteger: true);
            CheckNumber(5, "length_penalty", isNeeded: false, isInteger: false);
            CheckNumber(11, "logits_processor", isNeeded: false, isInteger: true);
            if (FirstTokens is not null)
            {
                Check(10, "decoder_input_ids", 2, static type => type == ElementType.Int32);
            }
        }

        CheckNumber(_penalty, "repetition_penalty", isNeeded: false, isInteger: false);
        if (Kind == "sampling")
        {
            CheckNumber(8, "seed", isNeeded: false, isInteger: true);
        }

        if (ConstantElements.TryReadScalar(_node.OptionalInput(_penalty)?.Constant) is { } penalty && !(penalty > 0))
        {
            throw new ModelException(_node, $"repetition_penalty is {penalty} and must be more than 0");
        }

        CheckKnown();
    }

    /// <summary>Checks numbers that the model knows; runs check the others.</summary>
    private void CheckKnown()
    {
        long? start = ModelType == 0 ? _node.Input(0).Shape[1].Value : FirstTokens is { } first ? first.Shape[1].Value : 1;
        if (Known(1) is { } maximum && start is { } length && maximum <= length)
        {
            throw new ModelException(_node, $"max_length is {maximum} and must be more than the {length} tokens that texts begin with");
        }

        if (!IsBeamSearch)
        {
            return;
        }

        if (Known(3) is < 1 || Known(4) is < 1)
        {
            throw new ModelException(_node, $"num_beams is {Known(3)} and num_return_sequences {Known(4)}; both must be 1 at least");
        }

        if (Known(4) > Known(3))
        {
            throw new ModelException(_node, $"num_return_sequences is {Known(4)}, more than num_beams, which is {Known(3)}");
        }

        if (Known(2) >= Known(1))
        {
            throw new ModelException(_node, $"min_length {Known(2)} must be less than max_length {Known(1)}");
        }
    }

    private long? Known(int input) => _node.OptionalInput(input)?.Elements is [{ Value: { } known }] ? known : null;

    private void CheckNumber(int input, string name, bool isNeeded, bool isInteger)
    {
        if (_node.OptionalInput(input) is not { } value)
        {
            if (isNeeded)
            {
                throw new ModelException(_node, $"input {input} ('{name}') is missing");
            }

            return;
        }

        bool fits = isInteger ? value.ElementType == ElementType.Int32 : value.ElementType is ElementType.Float32 or ElementType.Float16;
        if (!fits || value.Shape.ElementCount.Value is not (null or 1) || value.Shape.Rank > 1)
        {
            throw new ModelException(_node, $"{name} is {value.Type} and must be one number of type {(isInteger ? "int32" : "float")}");
        }
    }

    private void Check(int input, string name, int rank, Func<ElementType, bool> fits)
    {
        Value value = _node.Input(input);
        if (value.Shape.Rank != rank || !fits(value.ElementType))
        {
            throw new ModelException(_node, $"{name} is {value.Type} and must have {rank} axes{(rank == 2 ? " of int32" : "")}");
        }
    }
}

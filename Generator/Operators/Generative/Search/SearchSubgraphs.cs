using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>The models in the attributes of a search: what stands where among their inputs and outputs, checked.</summary>
internal sealed class SearchSubgraphs
{
    private readonly Node _node;

    /// <summary>Reads and checks the models of a node.</summary>
    /// <param name="node">The search.</param>
    /// <param name="modelType">0 for a decoder alone, 1 with an encoder of tokens, 2 with Whisper's encoder.</param>
    public SearchSubgraphs(Node node, long modelType)
    {
        _node = node;
        Decoder = node.GraphAttribute("decoder") ?? throw new ModelException(node, "attribute 'decoder' is missing");
        Require(Decoder.Outputs.Count > 0 && Decoder.Inputs.Count > 0, "decoder", Decoder, "tokens and logits at least");
        Logits = Decoder.Outputs[0];
        if (modelType == 0)
        {
            Layers = Decoder.Outputs.Count - 1;
            Require(Layers >= 1 && Decoder.Inputs.Count == Layers + 3, "decoder", Decoder, "tokens, positions, mask and a past for every output but the first");
            First = node.GraphAttribute("init_decoder");
            if (First is not null)
            {
                Require(First.Inputs.Count == Decoder.Inputs.Count && First.Outputs.Count == Decoder.Outputs.Count, "init_decoder", First, "those of the decoder");
                CheckIntegers(First, 3);
            }

            CheckIntegers(Decoder, 3);
            CheckPast(Decoder.Inputs[3], 5);
            return;
        }

        int plain = modelType == 1 ? 2 : 1;
        Layers = (Decoder.Outputs.Count - 1) / 2;
        int rest = Decoder.Inputs.Count - (4 * Layers);
        Require(Layers >= 1 && Decoder.Outputs.Count % 2 == 1 && (rest == plain || rest == plain + 1), "decoder", Decoder,
            $"tokens, {(plain == 2 ? "the encoder's mask, " : "")}the encoder's states or not, and four pasts for every two outputs behind the first");
        ReadsStates = rest > plain;
        ReadsAllTokens = Decoder.Inputs[0].DeclaredType is { Rank: 2 } tokens && tokens.Shape[1].Value != 1;
        CheckIntegers(Decoder, plain);
        First = node.GraphAttribute("encoder") ?? throw new ModelException(node, "attribute 'encoder' is missing");
        HasScores = First.Outputs.Count == 2 + (4 * Layers);
        Require(HasScores ? First.Inputs.Count == plain + 1 : First.Outputs.Count == 2 * Layers && First.Inputs.Count == plain && !ReadsStates, "encoder", First,
            $"{(plain == 2 ? "tokens and mask" : "features")}, and the decoder's first tokens with {2 + (4 * Layers)} outputs or without them {2 * Layers}");
        for (int input = plain == 2 ? 0 : 1; input < First.Inputs.Count; input++)
        {
            CheckInteger("encoder", First.Inputs[input]);
        }
    }

    public Graph Decoder { get; }

    /// <summary>What runs before the decoder: the encoder, or the decoder of the first step; null where the decoder makes all steps.</summary>
    public Graph? First { get; }

    /// <summary>The decoder's scores of tokens.</summary>
    public Value Logits { get; }

    public int Layers { get; }

    /// <summary>Whether the decoder reads the encoder's states.</summary>
    public bool ReadsStates { get; }

    /// <summary>Whether the encoder makes the first step of the decoder too.</summary>
    public bool HasScores { get; }

    /// <summary>Whether the decoder reads all tokens so far in each step, and not only the newest.</summary>
    public bool ReadsAllTokens { get; }

    /// <summary>The type of numbers that the models compute with.</summary>
    public static ElementType FloatType(Value value) => value.DeclaredType?.ElementType ?? ElementType.Float32;

    private void CheckIntegers(Graph graph, int count)
    {
        for (int input = 0; input < count; input++)
        {
            CheckInteger(graph == Decoder ? "decoder" : "init_decoder", graph.Inputs[input]);
        }
    }

    private void CheckInteger(string name, Value input)
    {
        if (input.DeclaredType is { } type && type.ElementType != ElementType.Int32)
        {
            throw new ModelException(_node, $"input '{input.Name}' of the graph '{name}' is {type} and must be int32");
        }
    }

    private void CheckPast(Value past, int rank)
    {
        if (past.DeclaredType is not { } type || type.Rank != rank || type.Shape[2].Value is not > 0 || type.Shape[4].Value is not > 0 || type.Shape[0].Value != 2)
        {
            throw new ModelException(_node, $"the past '{past.Name}' of the decoder is {past.DeclaredType?.ToString() ?? "of unknown type"} and must be [2, sequences, heads, length, size] with known heads and size");
        }
    }

    private void Require(bool holds, string name, Graph graph, string expected)
    {
        if (!holds)
        {
            throw new ModelException(_node, $"the graph '{name}' has {graph.Inputs.Count} inputs and {graph.Outputs.Count} outputs; expected are {expected}");
        }
    }
}

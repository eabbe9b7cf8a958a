using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// The one form that every spelling of attention is brought into before states are looked for: <c>cameo.Attention</c>, a superset of ONNX's Attention of opset 24.
/// Its domain is internal; a model cannot name it.
/// </summary>
/// <remarks>
/// Inputs: query, key, value, each [batch, sequence, heads · size] or [batch, heads, sequence, size]; an optional mask (boolean: attend; float: added) that broadcasts to
/// [batch, query heads, queries, keys]; optional past keys and values [batch, key heads, past, size]; optional lengths, an integer a row: the keys of the row that count,
/// from the first on; an optional sink, a float a query head: a score that takes part in the softmax but has no value; an optional total, the keys of the
/// longest row.
/// Outputs: the result in the query's layout, present keys, present values, scores.
/// <para>With past, the queries' positions go on behind it. With past and lengths, a row's new keys end at its length (or begin at 0 where it has fewer keys than are new):
/// what lies between the row's past and the end of the past's memory counts for nothing, and the present is zero behind the row's keys. The present is as long as
/// past and new keys together; where the total is given, as long as it or as the past, whichever is longer (a static cache has a past with room for the new keys).</para>
/// </remarks>
internal static class AttentionNode
{
    /// <summary>The domain of operators that only the compiler makes.</summary>
    public const string Domain = OperatorRegistry.InternalDomain;

    public const string Type = "Attention";

    public const int Version = 1;

    public const int Query = 0;
    public const int Key = 1;
    public const int Value = 2;
    public const int Mask = 3;
    public const int PastKey = 4;
    public const int PastValue = 5;

    /// <summary>Keys of each row that count, integers [batch].</summary>
    public const int KeyLengths = 6;

    /// <summary>A score a query head [heads] that joins the softmax's sum without a value.</summary>
    public const int Sink = 7;

    /// <summary>One integer: the keys of the longest row. Where it is not known at build time, the run checks it.</summary>
    public const int TotalLength = 8;

    public const int InputCount = 9;

    public const int Output = 0;
    public const int PresentKey = 1;
    public const int PresentValue = 2;

    /// <summary>[batch, query heads, queries, keys]; which stage of the computation is the attribute <see cref="ScoresMode"/>'s.</summary>
    public const int Scores = 3;

    /// <summary>Heads of the query, for operands of rank 3.</summary>
    public const string QueryHeads = "q_num_heads";

    /// <summary>Heads of key and value, for operands of rank 3.</summary>
    public const string KeyHeads = "kv_num_heads";

    /// <summary>1 where a query sees no key behind its own position.</summary>
    public const string IsCausal = "is_causal";

    /// <summary>Factor of the products; 1/√(head size) where it is absent.</summary>
    public const string Scale = "scale";

    /// <summary>Scores become cap · tanh(score / cap); 0 for none.</summary>
    public const string SoftCap = "softcap";

    /// <summary>A query at position p sees the keys p - window + 1 … p; 0 for no limit. Only with <see cref="IsCausal"/>.</summary>
    public const string Window = "window";

    /// <summary>What a row that may see no key gives: "zero", "nan", or "uniform" (the mean of all values).</summary>
    public const string FullyMasked = "fully_masked";

    /// <summary>1 where the last query stands at the last key that counts, so that positions follow from the lengths (without past).</summary>
    public const string AlignsToLengths = "key_lengths_align";

    /// <summary>1 where a mask over fewer keys excludes those it does not mention, instead of being repeated over them.</summary>
    public const string MaskExcludes = "mask_excludes";

    /// <summary>How many neighbouring keys an element of a boolean mask speaks of; 1 where it is absent. Keys behind the last block are excluded.</summary>
    public const string MaskBlock = "mask_block";

    /// <summary>1 where the present is as long as the past although nothing known says so (a static cache): the same buffer, of which only the new keys' places change.</summary>
    public const string KeepsLength = "keeps_length";

    /// <summary>ONNX's <c>qk_matmul_output_mode</c>: 0 scaled products, 1 after the soft cap, 2 with mask, 3 after the softmax.</summary>
    public const string ScoresMode = "qk_matmul_output_mode";

    /// <summary>An <see cref="AttentionModification"/> of the scores, whose tensors are the inputs behind the others; float32 or convertible to it.</summary>
    public const string Modification = "score_modification";

    /// <summary>An <see cref="AttentionModification"/> of the probabilities, as one of the scores. Keys that a query may not see have the probability 0 before it; what it makes of that counts.</summary>
    public const string ProbabilityModification = "probability_modification";

    /// <summary>What is done to the probabilities, if anything.</summary>
    public static AttentionModification? ModificationOfProbabilities(Node node) =>
        node.Attributes.TryGetValue(ProbabilityModification, out AttributeValue? attribute) ? (AttentionModification)attribute.Value : null;

    /// <summary>Whether the node may take over its past: rows of a session's cache have no padding, so what is done to probabilities must not depend on where keys lie, or be done to padding.</summary>
    public static bool CanAppend(Node node) => ModificationOfProbabilities(node) is null or { IsIndependent: true };

    public static bool Is(Node node) => node is { Type: Type, Domain: Domain };
}

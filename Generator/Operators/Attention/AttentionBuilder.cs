using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>What is to become a <c>cameo.Attention</c> node (<see cref="AttentionNode"/>): operands and attributes by name, absent where not set.</summary>
internal sealed class AttentionBuilder(Value query, Value key, Value value)
{
    public Value? Mask { get; init; }

    public Value? PastKey { get; init; }

    public Value? PastValue { get; init; }

    /// <summary>Any integer type; the node gets int32.</summary>
    public Value? KeyLengths { get; init; }

    public Value? Sink { get; init; }

    public Value? TotalLength { get; init; }

    public bool KeepsLength { get; init; }

    /// <summary>Heads of the query; needed where it has rank 3.</summary>
    public long QueryHeads { get; init; }

    /// <summary>Heads of key and value; needed where they have rank 3.</summary>
    public long KeyHeads { get; init; }

    public bool IsCausal { get; init; }

    /// <summary>Null for 1/√(head size).</summary>
    public float? Scale { get; init; }

    public float SoftCap { get; init; }

    public long Window { get; init; }

    public string FullyMasked { get; init; } = "zero";

    public bool AlignsToLengths { get; init; }

    public bool MaskExcludes { get; init; }

    /// <summary>How many neighbouring keys an element of a boolean mask speaks of.</summary>
    public long MaskBlock { get; init; } = 1;

    public long ScoresMode { get; init; }

    /// <summary>What is done to scores beside what the other attributes say.</summary>
    public AttentionModification? Modification { get; init; }

    /// <summary>What is done to probabilities.</summary>
    public AttentionModification? ProbabilityModification { get; init; }

    /// <summary>Tensors that the modifications read.</summary>
    public IReadOnlyList<Value> ModificationTensors { get; init; } = [];

    /// <summary>Adds the node with all its outputs, of which unread ones cost nothing.</summary>
    public Node Add(ExpansionContext context)
    {
        Value? lengths = KeyLengths is null ? null : new Formula(context).Cast(KeyLengths, ElementType.Int32);
        List<(string, object)> attributes =
        [
            (AttentionNode.IsCausal, IsCausal ? 1L : 0L),
            (AttentionNode.SoftCap, SoftCap),
            (AttentionNode.Window, Window),
            (AttentionNode.FullyMasked, FullyMasked),
            (AttentionNode.AlignsToLengths, AlignsToLengths ? 1L : 0L),
            (AttentionNode.MaskExcludes, MaskExcludes ? 1L : 0L),
            (AttentionNode.KeepsLength, KeepsLength ? 1L : 0L),
            (AttentionNode.ScoresMode, ScoresMode),
        ];
        if (Scale is { } scale)
        {
            attributes.Add((AttentionNode.Scale, scale));
        }

        if (MaskBlock > 1)
        {
            attributes.Add((AttentionNode.MaskBlock, MaskBlock));
        }

        if (QueryHeads > 0)
        {
            attributes.Add((AttentionNode.QueryHeads, QueryHeads));
        }

        if (KeyHeads > 0)
        {
            attributes.Add((AttentionNode.KeyHeads, KeyHeads));
        }

        if (Modification is not null)
        {
            attributes.Add((AttentionNode.Modification, Modification));
        }

        if (ProbabilityModification is not null)
        {
            attributes.Add((AttentionNode.ProbabilityModification, ProbabilityModification));
        }

        context.AddWithOutputs(
            $"{AttentionNode.Domain}.{AttentionNode.Type}",
            [.. attributes],
            [query, key, value, Mask, PastKey, PastValue, lengths, Sink, TotalLength, .. ModificationTensors],
            AttentionNode.Scores + 1,
            out Node node);
        return node;
    }
}

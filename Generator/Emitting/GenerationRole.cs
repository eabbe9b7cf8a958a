namespace Cameo.Generator.Emitting;

/// <summary>What a decoder loop gives a model for one of its inputs.</summary>
internal enum GenerationRole
{
    /// <summary>Nothing is known of it.</summary>
    Unknown,

    /// <summary>Token ids [batch, sequence].</summary>
    Tokens,

    /// <summary>The positions of the tokens, [batch, sequence] or [sequence].</summary>
    Positions,

    /// <summary>A mask [batch, past + sequence] that is 1 at tokens.</summary>
    Mask,

    /// <summary>The padding mask of the plan, which no kernel reads: one row has no padding.</summary>
    NoMask,

    /// <summary>Tokens after the run, less an offset: of the row, or of all.</summary>
    Length,

    /// <summary>Tokens before the run.</summary>
    WritePosition,

    /// <summary>An input that no kernel reads.</summary>
    Unread,
}

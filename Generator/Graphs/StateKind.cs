namespace Cameo.Generator.Graphs;

/// <summary>How a state is kept.</summary>
internal enum StateKind
{
    /// <summary>Keys or values of attention, [batch, heads, past, size], growing along the past axis inside a buffer of fixed capacity.</summary>
    KeyValueCache,

    /// <summary>A cache of fixed shape whose new tokens are written into it where they belong.</summary>
    FixedCache,

    /// <summary>A tensor that each run replaces as a whole.</summary>
    Carried,

    /// <summary>A tensor that runs only read: it is loaded once and stays.</summary>
    Kept,
}

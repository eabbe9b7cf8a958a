namespace Cameo.Kernels;

/// <summary>Recurrent networks.</summary>
public enum RecurrentKind
{
    /// <summary>h = f(x + r).</summary>
    Simple,

    /// <summary>Gated recurrent unit with gates z, r, h.</summary>
    Gru,

    /// <summary>Long short-term memory with gates i, o, f, c.</summary>
    Lstm,
}

namespace Cameo.States;

/// <summary>What a run does to a state that is a whole tensor.</summary>
public enum StateUpdate
{
    /// <summary>Each run writes all of it anew, into a second buffer; the two change places when the run has succeeded.</summary>
    Replaced,

    /// <summary>Each run writes parts of it where they are, as into a key/value cache of fixed size.</summary>
    InPlace,

    /// <summary>Runs only read it, such as the keys and values that a decoder has of its encoder's output. It has to be loaded before the first run.</summary>
    Kept,
}

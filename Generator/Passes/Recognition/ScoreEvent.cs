using Cameo.Generator.Passes.Recognition.Masks;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>What happens to scores at one place: a mask, or a step that needs none.</summary>
/// <param name="Term">The mask.</param>
/// <param name="Plain">A scaling or a floor where it is no mask.</param>
internal readonly record struct ScoreEvent(MaskTerm? Term, ScoreStep? Plain)
{
    public ScoreEvent(MaskTerm term)
        : this(term, null)
    {
    }

    public ScoreEvent(ScoreStep step)
        : this(null, step)
    {
    }

    /// <summary>The step of the analysis.</summary>
    public ScoreStep Step => Term?.Step ?? Plain!;
}

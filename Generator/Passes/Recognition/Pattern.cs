using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// One computation that exporters spell in many ways, and the canonical node it becomes. A pattern looks at one kind of node that no spelling of it lacks (the
/// error function of GELU, the mean of a norm) and follows the graph from there in both directions.
/// </summary>
internal abstract class Pattern
{
    /// <summary>The pattern's name for misses that it does not report itself.</summary>
    public virtual string Name => GetType().Name;

    /// <summary>Whether the pattern may be found around the node; cheap.</summary>
    public abstract bool IsAnchor(Node node);

    /// <summary>
    /// Rewrites what is around the node where it is the pattern: makes canonical nodes (<see cref="RecognitionContext.Rewrite"/>) and lets what read the old ones read
    /// these; what nobody reads any more is removed by the stage. Where much of the pattern is there but not all of it, reports why (<see cref="RecognitionContext.Miss"/>).
    /// </summary>
    public abstract void Rewrite(Node node, RecognitionContext context);
}

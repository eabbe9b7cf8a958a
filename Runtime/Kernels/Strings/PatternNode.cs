#if NETSTANDARD2_0
namespace Cameo.Generator.Strings;
#else
namespace Cameo.Kernels;
#endif

/// <summary>A regular expression as a tree. Groups leave no trace: nothing asks what they matched.</summary>
internal abstract class PatternNode;

/// <summary>One code point of a set.</summary>
internal sealed class SetNode(CodePointSet set) : PatternNode
{
    public CodePointSet Set { get; } = set;
}

/// <summary>Nothing, where a condition holds.</summary>
internal sealed class AssertionNode(PatternAssertion assertion) : PatternNode
{
    public PatternAssertion Assertion { get; } = assertion;
}

/// <summary>Parts one after the other; nothing where there are none.</summary>
internal sealed class SequenceNode(IReadOnlyList<PatternNode> parts) : PatternNode
{
    public IReadOnlyList<PatternNode> Parts { get; } = parts;
}

/// <summary>One of several parts.</summary>
internal sealed class ChoiceNode(IReadOnlyList<PatternNode> parts) : PatternNode
{
    public IReadOnlyList<PatternNode> Parts { get; } = parts;
}

/// <summary>A part several times; <paramref name="maximum"/> is -1 where there is no bound.</summary>
internal sealed class RepetitionNode(PatternNode part, int minimum, int maximum) : PatternNode
{
    public PatternNode Part { get; } = part;

    public int Minimum { get; } = minimum;

    public int Maximum { get; } = maximum;
}

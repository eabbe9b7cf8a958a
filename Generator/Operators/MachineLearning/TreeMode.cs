namespace Cameo.Generator.Operators;

/// <summary>How a node of a decision tree compares a feature, by the numbers of TreeEnsemble's <c>nodes_modes</c>.</summary>
internal enum TreeMode
{
    LessOrEqual = 0,
    Less = 1,
    GreaterOrEqual = 2,
    Greater = 3,
    Equal = 4,
    NotEqual = 5,
    Member = 6,
}

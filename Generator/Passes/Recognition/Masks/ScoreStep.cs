using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition.Masks;

/// <summary>What happens to a score between the product of query and key and the softmax, in order.</summary>
internal abstract record ScoreStep;

/// <summary>The score is multiplied.</summary>
internal sealed record ScoreScaling(double Factor) : ScoreStep;

/// <summary>A number is added.</summary>
internal sealed record ScoreAddition(MaskExpression Term, ElementType Type) : ScoreStep;

/// <summary>A number takes the score's place where the condition has the given truth.</summary>
internal sealed record ScoreReplacement(MaskExpression Condition, bool Truth, double Replacement) : ScoreStep;

/// <summary>Smaller scores become this number.</summary>
internal sealed record ScoreFloor(double Minimum) : ScoreStep;

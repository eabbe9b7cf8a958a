namespace Cameo.Kernels;

/// <summary>How a support vector machine decides between classes.</summary>
/// <param name="classes">How many classes there are.</param>
/// <param name="scores">How many scores a row has: one a pair of classes or one a class; two for two classes.</param>
/// <param name="transform">What is done with the scores at last.</param>
/// <param name="positive">Whether no coefficient is negative.</param>
/// <param name="labels">The labels of the classes.</param>
/// <param name="begins">For each class and one more: where its vectors begin; null for a linear model with a vector a class.</param>
/// <param name="coefficients">[classes - 1, vectors] coefficients; each pair of classes has those of the one's vectors against the other.</param>
/// <param name="rho">What is added to the sum of each pair; of a linear model the first is added to all scores.</param>
/// <param name="slopes">Slopes of the probabilities of pairs; null where scores are no probabilities.</param>
/// <param name="offsets">Their offsets.</param>
public readonly unsafe struct SupportVectorClasses(
    int classes, int scores, ScoreTransform transform, bool positive, long* labels, long* begins, float* coefficients, float* rho, float* slopes, float* offsets)
{
    internal int Classes => classes;

    internal int Scores => scores;

    internal ScoreTransform Transform => transform;

    internal bool Positive => positive;

    internal long* Labels { get; } = labels;

    internal long* Begins { get; } = begins;

    internal float* Coefficients { get; } = coefficients;

    internal float* Rho { get; } = rho;

    internal float* Slopes { get; } = slopes;

    internal float* Offsets { get; } = offsets;

    internal int Pairs => classes * (classes - 1) / 2;
}

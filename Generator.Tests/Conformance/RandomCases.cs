using Cameo.Sessions;
using Cameo.Tests.Models;

namespace Cameo.Tests.Conformance;

/// <summary>
/// Cases whose stored outputs come from one generator of random numbers among many, by the names that the data's notes give. They are judged by shape, element type and the
/// values that are possible, and by whether shares are plausible.
/// </summary>
internal static class RandomCases
{
    private const string Bernoulli = "test_bernoulli";
    private const string Dropout = "test_training_dropout";
    private const string WithoutRandomness = "zero_ratio";
    private const double DefaultRatio = 0.5;

    // With a share within five standard deviations a right implementation fails once in a million cases.
    private const double Deviations = 5;

    public static bool IsRandom(ConformanceCase @case)
        => @case.Name.StartsWith(Bernoulli, StringComparison.Ordinal)
            || (@case.Name.StartsWith(Dropout, StringComparison.Ordinal) && !@case.Name.Contains(WithoutRandomness, StringComparison.Ordinal));

    /// <summary>Whether two runs of the program must give the same values.</summary>
    public static bool IsSeeded(ConformanceCase @case) => @case.Name.Contains("seed", StringComparison.Ordinal) || @case.Name.StartsWith(Dropout, StringComparison.Ordinal);

    /// <summary>What is wrong with the outputs; null if nothing is.</summary>
    public static string? Judge(ConformanceCase @case, IReadOnlyList<CaseValue> inputs, IReadOnlyList<CaseValue?> outputs, IReadOnlyList<CaseValue> stored)
    {
        for (int index = 0; index < stored.Count; index++)
        {
            if (outputs[index] is not TensorValue actual || stored[index] is not TensorValue expected || actual.ElementType != expected.ElementType || !actual.Shape.SequenceEqual(expected.Shape))
            {
                return $"output {index} is {outputs[index]} instead of {stored[index]}";
            }
        }

        double[][] results = [.. outputs.Select(static output => Numbers((TensorValue)output!))];
        double[] first = Numbers((TensorValue)inputs[0]);
        return @case.Name.StartsWith(Bernoulli, StringComparison.Ordinal)
            ? JudgeBernoulli(first, results[0])
            : JudgeDropout(first, inputs.Count > 1 && inputs[1] is TensorValue { ElementType: not ElementType.Boolean } ratio ? Numbers(ratio)[0] : DefaultRatio, results);
    }

    private static string? JudgeBernoulli(double[] probabilities, double[] result)
        => result.Any(static value => value is not (0 or 1)) ? "a value is neither 0 nor 1"
            : Plausible(result.Sum(), probabilities.Sum(), probabilities.Sum(static probability => probability * (1 - probability)));

    private static string? JudgeDropout(double[] input, double ratio, double[][] outputs)
    {
        double[] result = outputs[0];
        double scale = 1 / (1 - ratio);
        int kept = 0;
        for (int index = 0; index < input.Length; index++)
        {
            bool isKept = outputs.Length > 1 ? outputs[1][index] != 0 : result[index] != 0 || input[index] == 0;
            kept += isKept ? 1 : 0;
            double expected = isKept ? input[index] * scale : 0;
            if (Math.Abs(result[index] - expected) > 1e-6 * Math.Abs(expected))
            {
                return $"element {index} is {result[index]}, neither 0 nor {input[index] * scale}, or the mask says otherwise";
            }
        }

        return Plausible(kept, input.Length * (1 - ratio), input.Length * ratio * (1 - ratio));
    }

    private static string? Plausible(double count, double expected, double variance)
        => Math.Abs(count - expected) <= (Deviations * Math.Sqrt(variance)) + 1e-9 ? null : $"{count} elements instead of about {expected:F1}";

    private static double[] Numbers(TensorValue value) => TensorNumbers.Read(value.ElementType, value.Bytes);
}
